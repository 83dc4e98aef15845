/// JMH benchmarks of the hot pieces, each beside what the JVM has for the same.
@NullMarked
package io.weft.bench.micro;

import org.jspecify.annotations.NullMarked;
