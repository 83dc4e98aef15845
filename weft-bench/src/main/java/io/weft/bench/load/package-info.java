/// The load: clients of our own, all on the calling thread, that hold every byte which comes back
/// against what was sent.
@NullMarked
package io.weft.bench.load;

import org.jspecify.annotations.NullMarked;
