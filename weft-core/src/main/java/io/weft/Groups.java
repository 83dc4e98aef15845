package io.weft;

import io.weft.net.Loop;
import io.weft.ws.Engine;
import io.weft.ws.Opcode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// All groups of a server, by name: each has a [Roster], from its first member to its last. What
/// they share is a bound on the bytes of publications.
final class Groups {

  /// What part of poolBytes publications may take of the heap.
  private static final int MAILED_PART = 4;

  /// The number of each loop.
  private final Map<Loop, Integer> numbers = new HashMap<>();

  private final Limits limits;
  private final @Nullable Compressing compressing;
  private final ConcurrentHashMap<String, Roster> rosters = new ConcurrentHashMap<>();

  /// Bytes of publications that are on their way to the loops, counted once for each loop.
  private final AtomicLong mailedBytes = new AtomicLong();

  Groups(List<Loop> loops, Limits limits, @Nullable Compressing compressing) {
    this.limits = limits;
    this.compressing = compressing;
    loops.forEach(loop -> numbers.put(loop, numbers.size()));
  }

  Group group(String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > limits.groupNameBytes()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a group's name of %d bytes is over the limit groupNameBytes of %d",
              bytes,
              limits.groupNameBytes()));
    }
    return new Group(this, name);
  }

  int size(String name) {
    Roster roster = rosters.get(name);
    return roster == null ? 0 : roster.size();
  }

  @SuppressWarnings("ReferenceEquality") // these very groups
  boolean join(String name, WebSocket member) {
    if (member.stage().core().groups != this) {
      throw new IllegalArgumentException(member + " is a connection of another server");
    }
    Roster.Joined joined;
    do {
      Roster roster = rosters.computeIfAbsent(name, key -> new Roster(this, key, numbers.size()));
      joined = roster.join(member, limits.groupsPerConnection());
    } while (joined == Roster.Joined.RETIRED);
    return joined == Roster.Joined.YES;
  }

  void leave(String name, WebSocket member) {
    Roster roster = rosters.get(name);
    if (roster != null) {
      roster.leave(member);
    }
  }

  /// Ends all memberships of a connection that is gone; on its loop's thread.
  void leaveAll(WebSocket member) {
    Set<Roster> left;
    synchronized (member.stage()) {
      left = member.memberships().leave();
    }
    left.forEach(roster -> roster.forget(member));
  }

  /// Lets go of a roster that has no members any more.
  void retire(String name, Roster roster) {
    rosters.remove(name, roster);
  }

  Send publish(String name, String text, Compress compress) {
    return publish(name, new Published(Opcode.TEXT, Engine.utf8(text), compress));
  }

  Send publish(String name, ByteBuffer data, Compress compress) {
    byte[] copy = new byte[data.remaining()];
    data.get(data.position(), copy);
    return publish(name, new Published(Opcode.BINARY, copy, compress));
  }

  private Send publish(String name, Published published) {
    Outgoing.checkSize(published.bytes(), limits);
    Roster roster = rosters.get(name);
    return roster == null || roster.publish(published) ? Send.SENT : Send.REFUSED;
  }

  /// Counts a publication that goes to so many loops, unless too much is on its way; one alone
  /// always may.
  boolean promise(int bytes, int loops) {
    long all = (long) bytes * loops;
    long before = mailedBytes.getAndAdd(all);
    if (before > 0 && before + all > limits.poolBytes() / MAILED_PART) {
      mailedBytes.getAndAdd(-all);
      return false;
    }
    return true;
  }

  /// Counts it no more: it has come to so many loops, or does not go there.
  void redeem(int bytes, int loops) {
    mailedBytes.getAndAdd(-(long) bytes * loops);
  }

  @Nullable Compressing compressing() {
    return compressing;
  }

  /// The number of one of the server's loops, from 0 on.
  int numberOf(Loop loop) {
    Integer number = numbers.get(loop);
    if (number == null) {
      throw new IllegalArgumentException("a connection of another server");
    }
    return number;
  }
}
