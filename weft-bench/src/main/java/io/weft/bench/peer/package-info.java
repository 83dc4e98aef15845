/// The servers that are measured: Weft and its peers, each a small echo and broadcast server in a
/// process of its own. One thread does the I/O where the library lets one say so; nothing else is
/// changed from its defaults but the largest message, where it would be refused.
@NullMarked
package io.weft.bench.peer;

import org.jspecify.annotations.NullMarked;
