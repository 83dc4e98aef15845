package io.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Mail keeps the order of each sender, and its bound.
final class MailboxTest {

  @Test
  void refusesOneMoreThanItsBound() {
    Mailbox mailbox = new Mailbox(2);
    assertTrue(mailbox.reserve());
    mailbox.putReserved(() -> {});
    assertTrue(mailbox.reserve());
    assertFalse(mailbox.reserve(), "one waits and one is promised");
    mailbox.unreserve();
    assertTrue(mailbox.reserve());
    mailbox.putReserved(() -> {});
    mailbox.put(() -> {}); // the loop's own business is always taken
    assertEquals(3, mailbox.waiting());
    for (int n = 0; n < 3; n++) {
      assertTrue(mailbox.take() != null);
    }
    assertNull(mailbox.take());
    assertTrue(mailbox.isEmpty() && mailbox.reserve());
  }

  @Test
  void losesNothingOfManySenders() throws Exception {
    Mailbox mailbox = new Mailbox(Integer.MAX_VALUE);
    int senders = 4;
    int each = 20_000;
    int[] got = new int[senders];
    List<Thread> threads = new ArrayList<>();
    for (int s = 0; s < senders; s++) {
      int sender = s;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int n = 0; n < each; n++) {
                  int number = n;
                  mailbox.put(() -> assertEquals(number, got[sender]++));
                }
              }));
    }
    for (int taken = 0; taken < senders * each; ) {
      Runnable mail = mailbox.take();
      if (mail != null) {
        mail.run();
        taken++;
      }
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, mailbox.waiting());
  }
}
