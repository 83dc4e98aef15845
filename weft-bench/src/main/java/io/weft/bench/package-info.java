/// Measurements of Weft: what a connection and a message cost. Each is a program or a JMH
/// benchmark; docs/performance.md says how to run them and what they said.
@NullMarked
package io.weft.bench;

import org.jspecify.annotations.NullMarked;
