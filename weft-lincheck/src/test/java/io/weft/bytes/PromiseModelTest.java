package io.weft.bytes;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The bytes that a pool promises to several threads, under every way in which they may interleave:
/// whatever happens is what would happen if one call came after the other. So nobody is refused
/// what fits, and no more is promised than there is: half of it, or one message.
public final class PromiseModelTest {

  private static final int MOST = 6;

  private final Pool pool = new Pool(1, MOST);

  @Operation
  public boolean promise(@Param(gen = IntGen.class, conf = "1:3") int bytes) {
    return pool.promise(bytes);
  }

  @Operation
  public void redeem(@Param(gen = IntGen.class, conf = "1:3") int bytes) {
    pool.redeem(bytes);
  }

  @Operation
  public boolean hasSpare(@Param(gen = IntGen.class, conf = "1:3") int bytes) {
    return pool.hasSpare(bytes);
  }

  /// The same, one call after the other.
  public static final class OneByOne {

    private int promised;

    public boolean promise(int bytes) {
      boolean fits = hasSpare(bytes) && (promised == 0 || promised + bytes <= MOST / 2);
      promised += fits ? bytes : 0;
      return fits;
    }

    public void redeem(int bytes) {
      promised -= bytes;
    }

    public boolean hasSpare(int bytes) {
      return promised + bytes <= MOST;
    }
  }

  @Test
  void isAsIfOneCallCameAfterTheOther() {
    new ModelCheckingOptions()
        .threads(3)
        .actorsPerThread(2)
        .iterations(10)
        .invocationsPerIteration(200)
        .sequentialSpecification(OneByOne.class)
        .check(PromiseModelTest.class);
  }

  @Test
  @Tag("full")
  void isAsIfOneCallCameAfterTheOtherForLong() {
    new ModelCheckingOptions()
        .threads(3)
        .actorsPerThread(4)
        .iterations(200)
        .invocationsPerIteration(10_000)
        .sequentialSpecification(OneByOne.class)
        .check(PromiseModelTest.class);
  }

  @Test
  @Tag("full")
  void isSoOnTheProcessorItself() {
    new StressOptions()
        .threads(3)
        .actorsPerThread(4)
        .iterations(100)
        .invocationsPerIteration(10_000)
        .sequentialSpecification(OneByOne.class)
        .check(PromiseModelTest.class);
  }
}
