package io.weft.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// That a log nobody reads holds up nobody, and that nothing is left out in silence.
@Timeout(30)
final class SpoolTest {

  @Test
  void writesEverythingInOrder() {
    StringWriter out = new StringWriter();
    Spool spool = new Spool(new PrintWriter(out), leftOut -> fail("left out " + leftOut));
    PrintWriter log = new PrintWriter(spool);
    StringBuilder expected = new StringBuilder();
    for (int n = 0; n < 1000; n++) {
      log.print("entry " + n + "\n");
      log.flush();
      expected.append("entry ").append(n).append('\n');
    }
    spool.await(Duration.ofSeconds(20));
    assertEquals(expected.toString(), out.toString());
  }

  @Test
  void holdsUpNobodyAndSaysWhatItLeftOut() throws Exception {
    Stuck stuck = new Stuck();
    CompletableFuture<Long> leftOut = new CompletableFuture<>();
    Spool spool = new Spool(new PrintWriter(stuck), leftOut::complete);
    PrintWriter log = new PrintWriter(spool);
    log.print("first\n");
    stuck.reached.await();
    for (int n = 0; n < Spool.MOST + 5; n++) {
      log.print(n + "\n"); // returns, though nobody reads
    }
    spool.await(Duration.ofMillis(1)); // in vain, and not for ever
    assertEquals("", stuck.text.toString());
    stuck.goOn.countDown();
    spool.await(Duration.ofSeconds(20));
    List<String> lines = stuck.text.toString().lines().toList();
    assertEquals("first", lines.getFirst());
    assertEquals(Spool.MOST + 1, lines.size());
    assertEquals(String.valueOf(Spool.MOST - 1), lines.get(Spool.MOST));
    assertEquals(5, leftOut.get(20, TimeUnit.SECONDS));
  }

  /// A pipe that nobody reads at first.
  private static final class Stuck extends Writer {
    private final StringWriter text = new StringWriter();
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @Override
    public void write(char[] chars, int from, int length) throws IOException {
      reached.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      text.write(chars, from, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
