package io.weft;

import io.weft.net.Loop;
import io.weft.ws.Engine;
import io.weft.ws.Opcode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// All groups of a server. Each loop keeps the members that live on it, so that publishing is one
/// mail a loop and nobody locks; a count for each name is all that they share.
final class Groups {

  /// What part of poolBytes publications may take of the heap.
  private static final int MAILED_PART = 4;

  private final List<Loop> loops;
  private final Limits limits;
  private final @Nullable Compressing compressing;

  /// Members by group, one map for each loop, touched by that loop's thread only.
  private final Map<Loop, Map<String, Set<WebSocket>>> members = new HashMap<>();

  private final Map<String, Integer> sizes = new ConcurrentHashMap<>();

  /// Bytes of publications that are on their way to the loops, counted once for each loop.
  private final AtomicLong mailedBytes = new AtomicLong();

  Groups(List<Loop> loops, Limits limits, @Nullable Compressing compressing) {
    this.loops = loops;
    this.limits = limits;
    this.compressing = compressing;
    loops.forEach(loop -> members.put(loop, new HashMap<>()));
  }

  Group group(String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > limits.groupNameBytes()) {
      throw new IllegalArgumentException(
          "a group's name of %d bytes is over the limit groupNameBytes of %d"
              .formatted(bytes, limits.groupNameBytes()));
    }
    return new Group(this, name);
  }

  int size(String name) {
    return sizes.getOrDefault(name, 0);
  }

  @SuppressWarnings("ReferenceEquality") // these very groups
  boolean join(String name, WebSocket member) {
    if (member.stage().core().groups != this) {
      throw new IllegalArgumentException(member + " is a connection of another server");
    }
    Loop loop = member.stage().loop();
    if (!loop.reserveMail()) {
      return false;
    }
    int upTo;
    synchronized (member.stage()) {
      Memberships memberships = member.memberships();
      if (!memberships.has(name)) {
        if (!memberships.add(name, limits.groupsPerConnection())) {
          loop.unreserveMail();
          return false;
        }
        sizes.merge(name, 1, Integer::sum);
      }
      upTo = memberships.changes();
    }
    // Also if it was a member: the mail of the thread that made it one may be on its way yet, and
    // must not come behind what this thread publishes.
    loop.executeReserved(() -> settle(member, upTo));
    return true;
  }

  void leave(String name, WebSocket member) {
    int upTo;
    synchronized (member.stage()) {
      Memberships memberships = member.memberships();
      if (!memberships.remove(name)) {
        return;
      }
      shrink(name);
      upTo = memberships.changes();
    }
    member.stage().loop().execute(() -> settle(member, upTo));
  }

  /// Ends all memberships of a connection that is gone; on its loop's thread.
  void leaveAll(WebSocket member) {
    int upTo;
    synchronized (member.stage()) {
      Memberships memberships = member.memberships();
      memberships.leave().forEach(this::shrink);
      upTo = memberships.changes();
    }
    settle(member, upTo);
  }

  private void shrink(String name) {
    sizes.computeIfPresent(name, (key, size) -> size == 1 ? null : size - 1);
  }

  /// Makes the changes to a member's groups that were decided first to `upTo`, in the order
  /// decided, in the loop's own sets. The mails of several threads may reach the loop in another
  /// order; each brings along what was decided before its own, so that a thread which joins,
  /// publishes and leaves finds the member there for what it publishes, whatever others do.
  private void settle(WebSocket member, int upTo) {
    Map<String, Set<WebSocket>> here = on(member.stage().loop());
    synchronized (member.stage()) {
      Memberships memberships = member.memberships();
      Memberships.Change change;
      while ((change = memberships.next(upTo)) != null) {
        if (change.joins()) {
          here.computeIfAbsent(change.name(), key -> new LinkedHashSet<>()).add(member);
        } else {
          Set<WebSocket> set = here.get(change.name());
          if (set != null && set.remove(member) && set.isEmpty()) {
            here.remove(change.name());
          }
        }
      }
    }
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
    if (size(name) == 0) {
      return Send.SENT;
    }
    long bytes = (long) published.bytes() * loops.size();
    long before = mailedBytes.getAndAdd(bytes);
    if (before > 0 && before + bytes > limits.poolBytes() / MAILED_PART) {
      mailedBytes.getAndAdd(-bytes);
      return Send.REFUSED;
    }
    for (int at = 0; at < loops.size(); at++) {
      if (!loops.get(at).reserveMail()) {
        loops.subList(0, at).forEach(Loop::unreserveMail);
        mailedBytes.getAndAdd(-bytes);
        return Send.REFUSED;
      }
    }
    for (Loop loop : loops) {
      loop.executeReserved(() -> deliver(loop, name, published));
    }
    return Send.SENT;
  }

  /// Sends to all members on one loop: each form of the frame is written once into the loop's
  /// memory, and their outboxes refer to it.
  private void deliver(Loop loop, String name, Published published) {
    mailedBytes.getAndAdd(-published.bytes());
    Set<WebSocket> here = on(loop).get(name);
    if (here == null) {
      return;
    }
    Published.Frames frames = published.new Frames(loop, compressing);
    List<WebSocket> full = new ArrayList<>(0);
    for (WebSocket member : here) {
      if (!member.stage().shared(frames)) {
        full.add(member);
      }
    }
    frames.done();
    full.forEach(member -> member.stage().closeAsSlow());
  }

  private Map<String, Set<WebSocket>> on(Loop loop) {
    Map<String, Set<WebSocket>> here = members.get(loop);
    if (here == null) {
      throw new IllegalArgumentException("a connection of another server");
    }
    return here;
  }
}
