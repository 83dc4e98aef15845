package io.weft.net;

import java.util.ArrayDeque;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A mailbox under every way in which a few threads may interleave: whatever happens is what would
/// happen if one call came after the other. So nobody is refused while there is room, the bound
/// holds, and mail comes out in one order, each once.
public final class MailboxModelTest {

  private static final int MOST = 1;

  private final Mailbox mailbox = new Mailbox(MOST);

  record Mail(int number) implements Runnable {

    @Override
    public void run() {}
  }

  @Operation
  public boolean reserve() {
    return mailbox.reserve();
  }

  @Operation
  public void unreserve() {
    mailbox.unreserve();
  }

  @Operation
  public void putReserved(@Param(gen = IntGen.class, conf = "1:9") int number) {
    mailbox.putReserved(new Mail(number));
  }

  @Operation(nonParallelGroup = "loop")
  public @Nullable Integer take() {
    return mailbox.take() instanceof Mail mail ? mail.number() : null;
  }

  /// The same, one call after the other.
  public static final class OneByOne {

    private final ArrayDeque<Integer> queue = new ArrayDeque<>();
    private int waiting;

    public boolean reserve() {
      boolean hasRoom = waiting < MOST;
      waiting += hasRoom ? 1 : 0;
      return hasRoom;
    }

    public void unreserve() {
      waiting--;
    }

    public void putReserved(int number) {
      queue.add(number);
    }

    public @Nullable Integer take() {
      waiting -= queue.isEmpty() ? 0 : 1;
      return queue.poll();
    }
  }

  @Test
  void isAsIfOneCallCameAfterTheOther() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(3)
        .iterations(25)
        .invocationsPerIteration(200)
        .sequentialSpecification(OneByOne.class)
        .check(MailboxModelTest.class);
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
        .check(MailboxModelTest.class);
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
        .check(MailboxModelTest.class);
  }
}
