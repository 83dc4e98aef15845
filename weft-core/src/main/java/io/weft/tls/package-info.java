/// TLS (RFC 8446, RFC 5246) as bytes in, bytes out: an `SSLEngine` of any provider between the
/// bytes of a socket and those of an application. Knows no socket, thread, clock or chance: what
/// takes time is handed out as a task.
@NullMarked
package io.weft.tls;

import org.jspecify.annotations.NullMarked;
