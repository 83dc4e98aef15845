package io.weft.bench;

import io.weft.bench.load.BroadcastLoad;
import io.weft.bench.load.ChurnLoad;
import io.weft.bench.load.CrowdLoad;
import io.weft.bench.load.DeflateLoad;
import io.weft.bench.load.EchoLoad;
import io.weft.bench.load.Load;
import io.weft.bench.load.Target;
import java.io.IOException;
import java.util.List;

/// What is asked of a server.
///
/// @param name as on the command line and in the tables
/// @param kind of load
/// @param connections at once
/// @param messageBytes of payload; 0 if there is none
/// @param inFlight messages under way on each connection at once; of a broadcast, in all, each of
///   another connection
/// @param isTls whether over TLS
/// @param title what it is, for people
record Scenario(
    String name,
    Kind kind,
    int connections,
    int messageBytes,
    int inFlight,
    boolean isTls,
    String title) {

  /// What the connections do.
  enum Kind {
    /// They send and wait for the echo; also at half the rate that was reached, for latency.
    ECHO,
    /// One sends, or some, all receive.
    BROADCAST,
    /// They send JSON with permessage-deflate, and wait for the echo.
    DEFLATE,
    /// They come and go.
    CHURN,
    /// Each has echoed one message, and is silent.
    IDLE,
    /// Each has just echoed JSON, with permessage-deflate and without.
    ACTIVE
  }

  /// All that there are, in the order in which they run.
  static List<Scenario> all(int idleConnections) {
    return List.of(
        new Scenario("echo-20", Kind.ECHO, 100, 20, 1, false, "echo of 20 B"),
        new Scenario("echo-1k", Kind.ECHO, 100, 1 << 10, 1, false, "echo of 1 KiB"),
        new Scenario("echo-16k", Kind.ECHO, 100, 16 << 10, 1, false, "echo of 16 KiB"),
        new Scenario(
            "echo-300k", Kind.ECHO, 20, 300_000, 1, false, "echo of 300 KB, 20 connections"),
        new Scenario("echo-1m", Kind.ECHO, 100, 1 << 20, 1, false, "echo of 1 MiB"),
        new Scenario("pipelined-20", Kind.ECHO, 100, 20, 16, false, "echo of 20 B, 16 in flight"),
        new Scenario("many-20", Kind.ECHO, 2000, 20, 1, false, "echo of 20 B, 2,000 connections"),
        new Scenario("tls-20", Kind.ECHO, 100, 20, 1, true, "echo of 20 B over TLS"),
        new Scenario("tls-16k", Kind.ECHO, 100, 16 << 10, 1, true, "echo of 16 KiB over TLS"),
        new Scenario(
            "broadcast", Kind.BROADCAST, 1000, 100, 1, false, "one message to 1,000 members"),
        new Scenario(
            "crowd", Kind.BROADCAST, 1000, 100, 16, false, "16 of 1,000 members publish at once"),
        new Scenario("connect", Kind.CHURN, 16, 0, 1, false, "connect, handshake, close"),
        new Scenario("deflate-300", Kind.DEFLATE, 100, 300, 1, false, "echo of JSON, 300 B"),
        new Scenario("deflate-2k", Kind.DEFLATE, 100, 2 << 10, 1, false, "echo of JSON, 2 KiB"),
        new Scenario("deflate-64k", Kind.DEFLATE, 100, 64 << 10, 1, false, "echo of JSON, 64 KiB"),
        new Scenario("idle", Kind.IDLE, idleConnections, 100, 1, false, "an idle connection"),
        new Scenario(
            "active",
            Kind.ACTIVE,
            500,
            2 << 10,
            1,
            false,
            "what permessage-deflate adds to an active connection"));
  }

  /// Whether the latency at half load is asked for too.
  boolean hasHalfLoad() {
    return kind == Kind.ECHO && inFlight == 1;
  }

  /// What is counted, in the singular.
  String unit() {
    return switch (kind) {
      case ECHO, DEFLATE -> "message";
      case BROADCAST -> "delivery";
      case CHURN, IDLE, ACTIVE -> "connection";
    };
  }

  /// What is counted, in the plural.
  String units() {
    return kind == Kind.BROADCAST ? "deliveries" : unit() + "s";
  }

  /// The endpoint of our servers that it talks to.
  String path() {
    return kind == Kind.BROADCAST ? "/broadcast" : "/echo";
  }

  /// The largest message that its servers must take, in bytes: most share their servers, and so one
  /// size; a server that reserves the most for each connection must not pay for 1 MiB in all.
  int maxMessageBytes() {
    return isDeflated() ? 64 << 10 : Math.max(messageBytes, 16 << 10);
  }

  /// Whether its servers count their native memory, which takes time.
  boolean countsMemory() {
    return holds();
  }

  /// Whether the question is what a connection holds, and not what a message costs.
  boolean holds() {
    return kind == Kind.IDLE || kind == Kind.ACTIVE;
  }

  /// Whether its servers compress, if a client offers to.
  boolean isDeflated() {
    return kind == Kind.DEFLATE || kind == Kind.ACTIVE;
  }

  /// Opens its connections.
  Load open(Target target) throws IOException {
    return switch (kind) {
      case ECHO, IDLE -> new EchoLoad(target, connections, messageBytes, inFlight);
      case BROADCAST ->
          inFlight == 1
              ? new BroadcastLoad(target, connections, messageBytes)
              : new CrowdLoad(target, connections, messageBytes, inFlight);
      case DEFLATE, ACTIVE -> new DeflateLoad(target, connections, messageBytes, true);
      case CHURN -> new ChurnLoad(target, connections);
    };
  }
}
