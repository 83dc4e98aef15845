package io.weft;

import io.weft.net.Loop;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The members of one group, and the one order of what happens to it.
///
/// A publication, a join and a leave each get their place under this object's monitor: there they
/// are posted to the mailboxes of the loops that have members, so that all of them come in one
/// order, in every mailbox. Nothing else is done under it; the loops are woken, and members sent
/// to, behind it. The monitor of a member's stage is taken inside of it, and nothing of the
/// application's.
///
/// ```text
///  publish, join, leave ──> monitor: a place in the order ──> mail ──> loop: its members here
///                                                       └───> mail ──> loop: its members here
/// ```
///
/// On a loop's own thread what it does to that loop's members goes by no mail while none waits
/// there: it could only run at once as well.
final class Roster {

  private final Groups groups;
  private final String name;

  /// By loop, in the order of the server's; null where there never was a member.
  private final @Nullable Here[] here;

  /// How many members there are; written under the monitor.
  private volatile int size;

  /// Whether the last member has left: another roster takes its place. Guarded by the monitor.
  private boolean retired;

  /// What joining comes to.
  enum Joined {
    YES,
    NO,
    /// This roster is over; there may be another.
    RETIRED
  }

  Roster(Groups groups, String name, int loops) {
    this.groups = groups;
    this.name = name;
    this.here = new @Nullable Here[loops];
  }

  int size() {
    return size;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the monitor
  Joined join(WebSocket member, int mostGroups) {
    Loop loop = member.stage().loop();
    Here at;
    boolean atOnce;
    synchronized (this) {
      if (retired) {
        return Joined.RETIRED;
      }
      atOnce = loop.isFree();
      boolean hasRoom = atOnce || loop.reserveMail();
      boolean isMember;
      boolean isNew;
      synchronized (member.stage()) {
        isMember = member.memberships().has(this);
        isNew = hasRoom && member.memberships().add(this, mostGroups);
      }
      if (!isNew) {
        if (hasRoom && !atOnce) {
          loop.unreserveMail();
        }
        retireIfEmpty();
        return isMember ? Joined.YES : Joined.NO;
      }
      at = at(loop);
      at.count++;
      size++;
      if (!atOnce) {
        loop.postQuietly(() -> at.add(member), true);
      }
    }
    if (atOnce) {
      at.add(member);
    } else {
      loop.wakeForMail();
    }
    return Joined.YES;
  }

  void leave(WebSocket member) {
    Loop loop = member.stage().loop();
    Here at;
    boolean atOnce;
    synchronized (this) {
      synchronized (member.stage()) {
        if (!member.memberships().remove(this)) {
          return;
        }
      }
      at = shrink(loop);
      atOnce = loop.isFree();
      if (!atOnce) {
        loop.postQuietly(() -> at.remove(member), false);
      }
    }
    if (atOnce) {
      at.remove(member);
    } else {
      loop.wakeForMail();
    }
  }

  /// Ends the membership of a connection that is gone, and has noted that it is in no group any
  /// more; on its loop's thread. It needs no place in the order, for nothing reaches it anyway.
  void forget(WebSocket member) {
    Here at;
    synchronized (this) {
      at = shrink(member.stage().loop());
    }
    at.remove(member);
  }

  /// Publishes to all members.
  ///
  /// @return false if the bytes, or the mail of a loop, are at their bound: then nobody gets it
  boolean publish(Published published) {
    Here own = null;
    synchronized (this) {
      int loops = 0;
      for (Here at : here) {
        loops += at == null || at.count == 0 ? 0 : 1;
      }
      if (!groups.promise(published.bytes(), loops)) {
        return false;
      }
      if (!reserve()) {
        groups.redeem(published.bytes(), loops);
        return false;
      }
      // Here it has its place: a number for it is to be drawn here.
      for (Here at : here) {
        if (at == null || at.count == 0) {
          continue;
        }
        if (at.isReserved) {
          at.isReserved = false;
          at.loop.postQuietly(() -> at.deliver(published), true);
        } else {
          own = at;
        }
      }
    }
    for (Here at : here) {
      if (at != null) {
        at.loop.wakeForMail();
      }
    }
    if (own != null) {
      own.deliver(published);
    }
    return true;
  }

  /// Makes room for a mail to each loop that has members and needs one, or for none.
  private boolean reserve() {
    for (int n = 0; n < here.length; n++) {
      Here at = here[n];
      if (at == null || at.count == 0 || at.loop.isFree()) {
        continue;
      }
      at.isReserved = at.loop.reserveMail();
      if (!at.isReserved) {
        unreserve(n);
        return false;
      }
    }
    return true;
  }

  private void unreserve(int before) {
    for (int n = 0; n < before; n++) {
      Here at = here[n];
      if (at != null && at.isReserved) {
        at.isReserved = false;
        at.loop.unreserveMail();
      }
    }
  }

  private Here at(Loop loop) {
    int number = groups.numberOf(loop);
    Here at = here[number];
    if (at == null) {
      at = new Here(loop);
      here[number] = at;
    }
    return at;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the monitor
  private Here shrink(Loop loop) {
    Here at = at(loop);
    at.count--;
    size--;
    retireIfEmpty();
    return at;
  }

  private void retireIfEmpty() {
    if (size == 0) {
      retired = true;
      groups.retire(name, this);
    }
  }

  @Override
  public String toString() {
    return name + ": " + size;
  }

  /// The members on one loop.
  private final class Here {
    private final Loop loop;

    /// How many there are, mail that is on its way counted. Guarded by the roster's monitor.
    private int count;

    /// Whether there is room for a mail. Guarded by the roster's monitor.
    private boolean isReserved;

    /// Belongs to the loop's thread.
    private Set<WebSocket> members = Set.of();

    Here(Loop loop) {
      this.loop = loop;
    }

    void add(WebSocket member) {
      if (member.memberships().isGone()) {
        return;
      }
      if (members.isEmpty()) {
        members = new LinkedHashSet<>();
      }
      members.add(member);
    }

    void remove(WebSocket member) {
      if (members.contains(member)) {
        members.remove(member);
        members = members.isEmpty() ? Set.of() : members;
      }
    }

    /// Sends to them: each form of the frame is written once into the loop's memory, and their
    /// outboxes refer to it.
    void deliver(Published published) {
      groups.redeem(published.bytes(), 1);
      if (members.isEmpty()) {
        return;
      }
      Published.Frames frames = published.new Frames(loop, groups.compressing());
      List<WebSocket> full = new ArrayList<>(0);
      for (WebSocket member : members) {
        if (!member.stage().shared(frames)) {
          full.add(member);
        }
      }
      frames.done();
      full.forEach(member -> member.stage().closeAsSlow());
    }
  }
}
