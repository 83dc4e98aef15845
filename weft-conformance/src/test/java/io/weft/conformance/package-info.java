/// Weft before foreign judges: the test suites of other projects and the clients of other people.
@NullMarked
package io.weft.conformance;

import org.jspecify.annotations.NullMarked;
