/// Raw DEFLATE (RFC 1951) as permessage-deflate needs it: flushed at message ends, with a window of
/// a chosen size, and with its memory counted. By the system's zlib where there is one that can be
/// called, by `java.util.zip` elsewhere. Knows nothing of WebSocket.
@NullMarked
package io.weft.zlib;

import org.jspecify.annotations.NullMarked;
