/// Measurements of what the engine keeps to itself.
@NullMarked
package io.weft.ws;

import org.jspecify.annotations.NullMarked;
