/// The event loop and its transports: the only package that touches the operating system. It moves
/// bytes between sockets and [Stage]s and knows no protocol.
@NullMarked
package io.weft.net;

import org.jspecify.annotations.NullMarked;
