/// Small programs to learn Weft from; each is whole, runs, and is run by a test.
@NullMarked
package io.weft.examples;

import org.jspecify.annotations.NullMarked;
