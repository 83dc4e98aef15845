package io.weft;

import io.weft.net.Conn;
import io.weft.ws.Bounds;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/// What all connections of a server share: its limits, in the units the stages count in, its routes
/// and its groups.
final class Core {

  private static final AtomicLong IDS = new AtomicLong();

  final Limits limits;
  final Routes routes;
  final Groups groups;
  final List<String> subprotocols;
  final Set<String> origins;
  final Bounds bounds;
  final long handshakeNs;
  final long messageNs;
  final long idlePingNs;
  final long pongNs;
  final long closeNs;

  /// Nanoseconds that one control frame stands for at the rate allowed.
  final long controlFrameNs;

  /// How far ahead of that rate a burst may run.
  final long controlBurstNs;

  Core(
      Limits limits, Routes routes, Groups groups, List<String> subprotocols, Set<String> origins) {
    this.limits = limits;
    this.routes = routes;
    this.groups = groups;
    this.subprotocols = subprotocols;
    this.origins = origins;
    this.bounds = new Bounds(limits.messageBytes(), limits.fragments(), limits.emptyFragments());
    this.handshakeNs = limits.handshakeTimeout().toNanos();
    this.messageNs = limits.messageTimeout().toNanos();
    this.idlePingNs = limits.idlePing().toNanos();
    this.pongNs = limits.pongTimeout().toNanos();
    this.closeNs = limits.closeTimeout().toNanos();
    this.controlFrameNs = Duration.ofSeconds(1).toNanos() / limits.controlFramesPerSecond();
    this.controlBurstNs = controlFrameNs * limits.controlFrameBurst();
  }

  Conn.Terms terms(Runnable gone) {
    return new Conn.Terms(
        limits.outboxSoftBytes(),
        limits.outboxHardBytes(),
        limits.progressTimeout().toNanos(),
        closeNs,
        gone);
  }

  long nextId() {
    return IDS.incrementAndGet();
  }
}
