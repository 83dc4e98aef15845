package io.weft.net;

import io.weft.bytes.Pool;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// How other threads ask something of a loop: by mail, which wakes it. It is the one half of a
/// [Loop], and a class of its own to be read by itself.
abstract sealed class Mailed permits Loop {

  final Poller poller;
  final Pool pool;
  final Mailbox mailbox;

  /// The thread that turns the loop; null until one does.
  volatile @Nullable Thread thread;

  /// Whether it waits for something to happen.
  volatile boolean asleep;

  /// Whether it is to end.
  volatile boolean stopped;

  /// @param mailboxMails how many mails other threads may have waiting
  Mailed(Poller poller, Pool pool, int mailboxMails) {
    this.poller = poller;
    this.pool = pool;
    this.mailbox = new Mailbox(mailboxMails);
  }

  /// Whether the current thread is this loop's.
  @SuppressWarnings("ReferenceEquality") // this very thread
  public boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /// Runs `mail` on the loop's thread, soon, in the order posted; from any thread.
  public void post(Runnable mail) {
    mailbox.put(mail);
    wake();
  }

  /// The same from a thread that may wait, for what must not be left undone for want of memory.
  void postSurely(Runnable mail) {
    Survival.surely(() -> post(mail), () -> stopped);
  }

  /// Reserves room for one mail; from any thread.
  ///
  /// @return false if too many are waiting: do less
  public boolean reserveMail() {
    return mailbox.reserve();
  }

  /// Reserves room for one mail, and the memory for what it has to send. The loop's own thread is
  /// not refused for the number of mails: what waits for an answer in a callback cannot come back.
  ///
  /// @return false if too many are waiting, or the memory is lent out: do less. If true, whoever
  ///   reads the mail redeems the bytes from the loop's pool
  public boolean reserveMail(int bytes) {
    if (!pool.promise(bytes)) {
      return false;
    }
    if (isCurrent()) {
      mailbox.reserveAnyway();
    } else if (!mailbox.reserve()) {
      pool.redeem(bytes);
      return false;
    }
    return true;
  }

  /// Gives back what [#reserveMail()] reserved.
  public void unreserveMail() {
    mailbox.unreserve();
  }

  /// Posts a mail for which [#reserveMail()] made room.
  public void postReserved(Runnable mail) {
    mailbox.putReserved(mail);
    wake();
  }

  /// Posts a mail under a lock, where there is no time to wake the loop: [#wakeForMail()] has to
  /// follow. From any thread.
  ///
  /// @param reserved whether [#reserveMail()] made room for it; if not, it is posted all the same
  public void postQuietly(Runnable mail, boolean reserved) {
    if (reserved) {
      mailbox.putReserved(mail);
    } else {
      mailbox.put(mail);
    }
  }

  /// Has the loop look for what [#postQuietly] posted, if there is anything; from any thread.
  public void wakeForMail() {
    if (asleep && !mailbox.isEmpty()) {
      wake();
    }
  }

  /// Runs `task` now if this is the loop's thread, else posts it.
  public void execute(Runnable task) {
    if (isCurrent()) {
      task.run();
    } else {
      post(task);
    }
  }

  /// Whether what this thread asks of the loop's connections is done at once: this is the loop's
  /// thread, and no mail waits, so that nothing is overtaken that was asked before. Else it goes by
  /// mail, which a turn runs behind what has arrived.
  public boolean isFree() {
    return isCurrent() && mailbox.waiting() == 0;
  }

  /// Runs `task` behind everything that was asked before, on whichever thread: now if the loop
  /// [#isFree()], else by mail; from any thread.
  public void inOrder(Runnable task) {
    if (isFree()) {
      task.run();
    } else {
      post(task);
    }
  }

  /// The same with a mail that [#reserveMail()] made room for.
  public void inOrderReserved(Runnable task) {
    if (isCurrent() && mailbox.waiting() == 1) {
      unreserveMail();
      task.run();
    } else {
      postReserved(task);
    }
  }

  /// Has the loop look for mail, if it sleeps; from any thread.
  final void wake() {
    if (asleep) {
      asleep = false; // two threads may both wake it; that costs a system call and nothing else
      poller.wake();
      LockSupport.unpark(thread); // one that has failed sleeps without its poller
    }
  }
}
