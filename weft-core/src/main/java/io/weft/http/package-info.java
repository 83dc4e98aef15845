/// HTTP/1.1 (RFC 9110, RFC 9112) as bytes in and events out: heads, bodies, URLs. Strict, for both
/// roles, with a bound on everything a peer sends. Knows no socket, clock, thread or chance.
///
/// Two families of errors: [io.weft.http.HttpException] is the peer's fault and carries the status
/// to answer; `IllegalArgumentException` is the fault of whoever calls.
@NullMarked
package io.weft.http;

import org.jspecify.annotations.NullMarked;
