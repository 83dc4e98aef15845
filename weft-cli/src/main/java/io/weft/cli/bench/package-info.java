/// `weft bench`: connections of Weft's own client that send to an echo endpoint, check every byte
/// that comes back, and measure how long it took.
@NullMarked
package io.weft.cli.bench;

import org.jspecify.annotations.NullMarked;
