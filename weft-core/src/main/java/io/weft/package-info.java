/// WebSocket (RFC 6455), server side, for the JVM: start at [Server].
@NullMarked
package io.weft;

import org.jspecify.annotations.NullMarked;
