/// Memory and the few things done to it byte by byte: chunks and their pool, what waits to be sent,
/// UTF-8 and ASCII. Knows no protocol, no socket and no thread: whoever owns an object here is the
/// only one that touches it.
@NullMarked
package io.weft.bytes;

import org.jspecify.annotations.NullMarked;
