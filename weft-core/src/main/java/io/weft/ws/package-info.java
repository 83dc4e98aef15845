/// The WebSocket protocol (RFC 6455) as bytes in, events out, for both roles. Knows no socket, no
/// thread, no clock and no chance: they are arguments or stay outside. A bare § in this package is
/// a section of RFC 6455.
@NullMarked
package io.weft.ws;

import org.jspecify.annotations.NullMarked;
