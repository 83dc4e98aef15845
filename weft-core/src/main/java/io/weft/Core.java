package io.weft;

import io.weft.net.Terms;
import io.weft.ws.Bounds;
import io.weft.ws.Engine;
import io.weft.ws.Role;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// What all connections of a server, or of one kind of a client, share: which end they are, their
/// limits in the units the stages count in, and on a server the groups.
final class Core {

  private static final AtomicLong IDS = new AtomicLong();

  final Role role;
  final Limits limits;

  /// Of a server; null for a client.
  final @Nullable Groups groups;

  /// How messages are compressed; null if they are not.
  final @Nullable Compressing compressing;

  /// For the long pieces of TLS handshakes.
  private final Executor tasks;

  /// What is logged of those who are refused.
  final Refusals refusals = new Refusals();

  final Engine.Terms terms;
  final long handshakeNs;
  final long messageNs;

  /// How long a byte may take at `leastBytesPerSecond`.
  final long byteNs;

  final long idlePingNs;
  final long pongNs;
  final long closeNs;
  final long inboxNs;

  /// Nanoseconds that one control frame stands for at the rate allowed.
  final long controlFrameNs;

  /// How far ahead of that rate a burst may run.
  final long controlBurstNs;

  static Core ofServer(
      Limits limits, Executor tasks, Groups groups, @Nullable Compressing compressing) {
    return new Core(Role.SERVER, limits, tasks, groups, compressing, Core::noKey);
  }

  /// @param maskingKeys a fresh, unpredictable key a call (RFC 6455 §5.3), on the loop's thread
  static Core ofClient(
      Limits limits, Executor tasks, @Nullable Compressing compressing, IntSupplier maskingKeys) {
    return new Core(Role.CLIENT, limits, tasks, null, compressing, maskingKeys);
  }

  private Core(
      Role role,
      Limits limits,
      Executor tasks,
      @Nullable Groups groups,
      @Nullable Compressing compressing,
      IntSupplier maskingKeys) {
    this.role = role;
    this.tasks = tasks;
    this.limits = limits;
    this.groups = groups;
    this.compressing = compressing;
    Bounds bounds = new Bounds(limits.messageBytes(), limits.fragments(), limits.emptyFragments());
    this.terms = new Engine.Terms(role, bounds, maskingKeys);
    this.handshakeNs = limits.handshakeTimeout().toNanos();
    this.messageNs = limits.messageTimeout().toNanos();
    this.byteNs = Duration.ofSeconds(1).toNanos() / limits.leastBytesPerSecond();
    this.idlePingNs = limits.idlePing().toNanos();
    this.pongNs = limits.pongTimeout().toNanos();
    this.inboxNs = limits.inboxTimeout().toNanos();
    this.closeNs = limits.closeTimeout().toNanos();
    this.controlFrameNs = Duration.ofSeconds(1).toNanos() / limits.controlFramesPerSecond();
    this.controlBurstNs = controlFrameNs * limits.controlFrameBurst();
  }

  private static int noKey() {
    throw new AssertionError("a server masks nothing (RFC 6455 §5.1)");
  }

  boolean isClient() {
    return role == Role.CLIENT;
  }

  Terms terms(Runnable gone) {
    return new Terms(
        limits.outboxSoftBytes(),
        limits.outboxHardBytes(),
        limits.progressTimeout().toNanos(),
        closeNs,
        limits.lingerBytes(),
        tasks,
        gone);
  }

  long nextId() {
    return IDS.incrementAndGet();
  }
}
