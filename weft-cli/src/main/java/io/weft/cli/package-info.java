/// The `weft` program: a server to try things with, and the browser console it serves.
@NullMarked
package io.weft.cli;

import org.jspecify.annotations.NullMarked;
