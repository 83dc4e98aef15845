package io.weft;

import io.weft.bytes.Ascii;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/// Every limit that a server or client keeps, on by default; none can be left out. What happens
/// when one is crossed stands in brackets.
///
/// Lengths are in bytes where the name says so, times are [Duration]s.
///
/// @param handshakeTimeout from accepting a connection (TLS included), or from the answer before,
///   to the end of a request head, and as long again for its body, and longer as far as that keeps
///   to `leastBytesPerSecond`; 10 s (408, or a close if nothing has arrived). A head has no longer:
///   so this and `headBytes` imply a bandwidth, by default 1.6 KiB/s. On a client from the TCP
///   connection to the end of the server's answer ([HandshakeException])
/// @param requestLineBytes of a request line; 8 KiB (414). On a client this and the next two bound
///   the server's answer ([HandshakeException])
/// @param headBytes of a whole request head; 16 KiB (431)
/// @param headers header fields in a request head; 100 (431)
/// @param bodyBytes of the body of a plain HTTP request; 1 MiB (413)
/// @param messageBytes of a message, over all its fragments and after inflating; 1 MiB (close code
///   1009)
/// @param fragments fragments in a message; 1,024 (close code 1008)
/// @param emptyFragments fragments in a message that carry nothing; 64 (close code 1008)
/// @param inflateRatio times its size that a compressed message may inflate to, once it is over 64
///   KiB; 1,100 (close code 1009), which no message meets, since DEFLATE makes 1,032 bytes of one
///   at most and honest ones come near, as an empty canvas: `messageBytes` bounds what comes out.
///   Lower it to end bombs early where messages may be large
/// @param messageTimeout from the first byte of a message to its last, and longer as far as it
///   keeps to `leastBytesPerSecond`; 30 s (close code 1008)
/// @param leastBytesPerSecond the bandwidth that a message, or a body, has to keep that takes
///   longer than its timeout: each byte that comes of it adds to its time; 2 KiB/s (close code
///   1008, 408)
/// @param controlFramesPerSecond control frames a second, in the long run; 100 (close code 1008)
/// @param controlFrameBurst control frames at once, after a quiet time; 200 (close code 1008)
/// @param idlePing without a byte from the peer until it is pinged; 25 s, ±10 % (a ping)
/// @param pongTimeout for a sign of life, from when that ping had left or the peer last
///   acknowledged bytes; 20 s, or up to a fourth more (1006 to the application)
/// @param closeTimeout for the close handshake, from when the peer last took bytes that stand
///   before our Close; 5 s, or up to a fourth more (TCP is closed)
/// @param lingerBytes of the peer that are read and dropped behind our Close or a refusal; 4 MiB
///   (nothing more is read, and TCP is closed when `closeTimeout` is over)
/// @param outboxSoftBytes waiting to be sent on a connection before it counts as full; 256 KiB
///   (`QUEUED`, then the `writable` event; reads pause)
/// @param outboxHardBytes waiting to be sent on a connection that no message takes it over while
///   more than the soft limit waits; 1 MiB, or `messageBytes` if that is more (`REFUSED`; a group
///   closes the member with 1013)
/// @param progressTimeout with bytes waiting, from when the peer last acknowledged any; 10 s, or up
///   to a fourth more (the connection is closed, 1006)
/// @param inboxBytes received and not yet taken by a conversation; 64 KiB (reads pause)
/// @param inboxMessages messages received and not yet taken by a conversation; 64 (reads pause)
/// @param inboxTimeout that a conversation may take nothing out of an inbox that is full, and that
///   its code may go on once the connection has ended; 5 min (close code 1013; its thread is
///   interrupted)
/// @param turnBytes read from a connection in one turn of its loop, and inflated of its messages
///   beyond the one that crosses it; 64 KiB (the other connections first)
/// @param turnFrames frames handled for a connection in one turn of its loop; 64 (the other
///   connections first)
/// @param connections connections at once; the open-file limit - 64 (503, or a close if there are
///   many, and over TLS; one log line a second)
/// @param connectionsPerAddress of them, from one address, of IPv6 from the same /64; half of
///   `connections`. Not for the machine's own addresses (loopback), nor for
///   [Server.Builder#trustedProxies] (429, or a close if there are many, and over TLS)
/// @param groupsPerConnection groups a connection may be in; 256 (`join` answers false)
/// @param groupNameBytes of a group's name, in UTF-8; 255 (`IllegalArgumentException`)
/// @param mailboxMails sends, joins and publications of other threads that wait for a loop; 65,536
///   (`REFUSED`)
/// @param tlsTasks TLS handshakes that wait for a thread to compute, over all loops; 4,096 (the
///   connection is closed; on a client [HandshakeException])
/// @param receivedBytes heap of the process for what was received and not handed over, over all
///   connections: heads (that of a WebSocket for its life), bodies, messages, inboxes, TLS
///   sessions; and half as much native memory for what could not be taken yet; an eighth of the
///   heap's maximum (a connection that holds much, and a newcomer rather than an old one, is closed
///   with 1013, a request answered with 503; who holds less than 4 KiB is left in peace)
/// @param poolBytes native memory that all loops together lend to their connections' outboxes; a
///   quarter of the heap's maximum (`REFUSED`; 503 over HTTP). Messages of at most 16 KiB, on
///   connections that wait for little, have a quarter more, and whoever reads nothing makes room
///   for them (1006). Of the heap, mailed sends may take half as much, publications that wait for a
///   loop a quarter, and what is kept between large messages a quarter
/// @param keptMessages messages that a [Live] connection keeps; 1,024 ([Delivery.Outcome#OVERFLOW])
/// @param keptBytes of payload that it keeps, unless one message alone is longer; 1 MiB
///   ([Delivery.Outcome#OVERFLOW])
/// @param keptTimeout that a message waits to be handed to a connection; 1 min
///   ([Delivery.Outcome#EXPIRED])
/// @param codecBytes native memory of all compressors and decompressors of the process; an eighth
///   of the heap's maximum (a handshake agrees on no context takeover; a message is sent
///   uncompressed; a compressed message that comes is answered with close code 1013)
/// @param compressorIdle that a connection keeps a compressor it does not use, and twice that at
///   most; 30 s (the loop takes it back, and the next message begins anew)
/// @param drainTimeout for connections to close when the server does; 15 s (they are closed by
///   force)
/// @param drainSpread over which the closes of a drain are spread; 10 s (none: it is a pace)
/// @param blockedLoopWarning that a handler may keep its loop busy; 100 ms (a warning with the
///   loop's stack)
public record Limits(
    Duration handshakeTimeout,
    int requestLineBytes,
    int headBytes,
    int headers,
    int bodyBytes,
    int messageBytes,
    int fragments,
    int emptyFragments,
    int inflateRatio,
    Duration messageTimeout,
    int leastBytesPerSecond,
    int controlFramesPerSecond,
    int controlFrameBurst,
    Duration idlePing,
    Duration pongTimeout,
    Duration closeTimeout,
    int lingerBytes,
    int outboxSoftBytes,
    int outboxHardBytes,
    Duration progressTimeout,
    int inboxBytes,
    int inboxMessages,
    Duration inboxTimeout,
    int turnBytes,
    int turnFrames,
    int connections,
    int connectionsPerAddress,
    int groupsPerConnection,
    int groupNameBytes,
    int mailboxMails,
    int tlsTasks,
    long receivedBytes,
    long poolBytes,
    int keptMessages,
    int keptBytes,
    Duration keptTimeout,
    long codecBytes,
    Duration compressorIdle,
    Duration drainTimeout,
    Duration drainSpread,
    Duration blockedLoopWarning) {

  private static final int MOST_BYTES = 1 << 30;

  /// The most that [#leastBytesPerSecond()] may be, or two other limits imply: 8 Mbit/s and 128
  /// Mbit/s. More would cut peers off whose lines are honest.
  private static final int MOST_BYTES_PER_SECOND = 1 << 20;

  private static final int MOST_IMPLIED_BYTES_PER_SECOND = 16 << 20;

  /// The longest time that anything may last: a year.
  public static final Duration LONGEST = Duration.ofDays(365);

  private static final Limits DEFAULTS = new Builder().build();

  /// Checks that they make sense together.
  ///
  /// @throws IllegalArgumentException naming the limit that does not, and why
  public Limits {
    positive("handshakeTimeout", handshakeTimeout);
    bytes("requestLineBytes", requestLineBytes, 1);
    bytes("headBytes", headBytes, 1);
    atLeast("headers", headers, 1);
    bytes("bodyBytes", bodyBytes, 1);
    bytes("messageBytes", messageBytes, 1);
    atLeast("fragments", fragments, 1);
    atLeast("emptyFragments", emptyFragments, 0);
    atLeast("inflateRatio", inflateRatio, 1);
    positive("messageTimeout", messageTimeout);
    bytes("leastBytesPerSecond", leastBytesPerSecond, 1);
    atLeast("controlFramesPerSecond", controlFramesPerSecond, 1);
    atLeast("controlFrameBurst", controlFrameBurst, 1);
    positive("idlePing", idlePing);
    positive("pongTimeout", pongTimeout);
    positive("closeTimeout", closeTimeout);
    bytes("lingerBytes", lingerBytes, 1);
    bytes("outboxSoftBytes", outboxSoftBytes, 1);
    bytes("outboxHardBytes", outboxHardBytes, 1);
    positive("progressTimeout", progressTimeout);
    bytes("inboxBytes", inboxBytes, 1);
    atLeast("inboxMessages", inboxMessages, 1);
    positive("inboxTimeout", inboxTimeout);
    bytes("turnBytes", turnBytes, 512);
    atLeast("turnFrames", turnFrames, 1);
    atLeast("connections", connections, 1);
    atLeast("connectionsPerAddress", connectionsPerAddress, 1);
    atLeast("groupsPerConnection", groupsPerConnection, 1);
    atLeast("groupNameBytes", groupNameBytes, 1);
    atLeast("mailboxMails", mailboxMails, 1);
    atLeast("tlsTasks", tlsTasks, 1);
    atLeast("receivedBytes", receivedBytes, 1);
    atLeast("poolBytes", poolBytes, 1);
    atLeast("keptMessages", keptMessages, 1);
    bytes("keptBytes", keptBytes, 1);
    positive("keptTimeout", keptTimeout);
    atLeast("codecBytes", codecBytes, 1);
    positive("compressorIdle", compressorIdle);
    positive("drainTimeout", drainTimeout);
    positive("drainSpread", drainSpread);
    positive("blockedLoopWarning", blockedLoopWarning);
    checkBandwidths(handshakeTimeout, headBytes, leastBytesPerSecond);
    if (outboxSoftBytes > MOST_BYTES / 2) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "outboxSoftBytes is %d; it must be %d (512 MiB) or less, since an outbox may hold both marks",
              outboxSoftBytes,
              MOST_BYTES / 2));
    }
    if (outboxSoftBytes > outboxHardBytes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "outboxSoftBytes (%d) is above outboxHardBytes (%d)",
              outboxSoftBytes,
              outboxHardBytes));
    }
    if (requestLineBytes > headBytes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "requestLineBytes (%d) is above headBytes (%d), of which it is a part",
              requestLineBytes,
              headBytes));
    }
  }

  /// Refuses what no message, body or head could keep to.
  private static void checkBandwidths(
      Duration handshakeTimeout, int headBytes, int leastBytesPerSecond) {
    if (leastBytesPerSecond > MOST_BYTES_PER_SECOND) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "leastBytesPerSecond is %d; it must be %d (1 MiB/s) or less, since messages (messageBytes) and bodies (bodyBytes) of slower peers never arrive",
              leastBytesPerSecond,
              MOST_BYTES_PER_SECOND));
    }
    double impliedBytesPerSecond = headBytes / (handshakeTimeout.toNanos() / 1e9);
    if (impliedBytesPerSecond > MOST_IMPLIED_BYTES_PER_SECOND) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "headBytes (%d) can hardly arrive within handshakeTimeout (%s): that takes %.0f MiB a second; give it more time, or lower headBytes",
              headBytes,
              handshakeTimeout,
              impliedBytesPerSecond / (1 << 20)));
    }
  }

  /// The limits that hold unless told otherwise.
  public static Limits defaults() {
    return DEFAULTS;
  }

  /// Starts from the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Starts from these.
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.handshakeTimeout = handshakeTimeout;
    builder.requestLineBytes = requestLineBytes;
    builder.headBytes = headBytes;
    builder.headers = headers;
    builder.bodyBytes = bodyBytes;
    builder.messageBytes = messageBytes;
    builder.fragments = fragments;
    builder.emptyFragments = emptyFragments;
    builder.inflateRatio = inflateRatio;
    builder.messageTimeout = messageTimeout;
    builder.leastBytesPerSecond = leastBytesPerSecond;
    builder.controlFramesPerSecond = controlFramesPerSecond;
    builder.controlFrameBurst = controlFrameBurst;
    builder.idlePing = idlePing;
    builder.pongTimeout = pongTimeout;
    builder.closeTimeout = closeTimeout;
    builder.lingerBytes = lingerBytes;
    builder.outboxSoftBytes = outboxSoftBytes;
    builder.outboxHardBytes =
        outboxHardBytes == Math.max(1 << 20, messageBytes) ? 0 : outboxHardBytes;
    builder.progressTimeout = progressTimeout;
    builder.inboxBytes = inboxBytes;
    builder.inboxMessages = inboxMessages;
    builder.inboxTimeout = inboxTimeout;
    builder.turnBytes = turnBytes;
    builder.turnFrames = turnFrames;
    builder.connections = connections;
    builder.connectionsPerAddress =
        connectionsPerAddress == halfOf(connections) ? Builder.HALF : connectionsPerAddress;
    builder.groupsPerConnection = groupsPerConnection;
    builder.groupNameBytes = groupNameBytes;
    builder.mailboxMails = mailboxMails;
    builder.tlsTasks = tlsTasks;
    builder.receivedBytes = receivedBytes;
    builder.poolBytes = poolBytes;
    builder.keptMessages = keptMessages;
    builder.keptBytes = keptBytes;
    builder.keptTimeout = keptTimeout;
    builder.codecBytes = codecBytes;
    builder.compressorIdle = compressorIdle;
    builder.drainTimeout = drainTimeout;
    builder.drainSpread = drainSpread;
    builder.blockedLoopWarning = blockedLoopWarning;
    return builder;
  }

  private static int halfOf(int connections) {
    return Math.max(1, connections / 2);
  }

  private static void positive(String name, Duration value) {
    Objects.requireNonNull(value, name);
    if (value.isZero() || value.isNegative() || value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          name + " is " + value + "; it must be above zero and at most " + LONGEST);
    }
  }

  private static void bytes(String name, int value, int least) {
    atLeast(name, value, least);
    if (value > MOST_BYTES) {
      throw new IllegalArgumentException(
          name + " is " + value + "; it must be " + MOST_BYTES + " (1 GiB) or less");
    }
  }

  private static void atLeast(String name, long value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + " is " + value + "; it must be " + least + " or more");
    }
  }

  /// The soft limit of open files of this process, or 4,096 where the system does not tell.
  private static int openFiles() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/limits"))) {
      return lines
          .filter(line -> line.startsWith("Max open files"))
          .map(line -> line.split("\\s+", -1)[3])
          .filter(soft -> soft.chars().allMatch(Ascii::isDigit))
          .mapToInt(soft -> (int) Math.min(Long.parseLong(soft), 10_000_000))
          .map(soft -> Math.max(soft, 128))
          .findFirst()
          .orElse(4096);
    } catch (IOException | RuntimeException e) {
      return 4096; // not Linux
    }
  }

  /// Sets some limits and leaves the others as they are. Each method sets the one it is named after
  /// and returns the builder.
  public static final class Builder {
    private static final int HALF = Integer.MIN_VALUE; // of another limit
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private int requestLineBytes = 8 << 10;
    private int headBytes = 16 << 10;
    private int headers = 100;
    private int bodyBytes = 1 << 20;
    private int messageBytes = 1 << 20;
    private int fragments = 1024;
    private int emptyFragments = 64;
    private int inflateRatio = 1_100;
    private Duration messageTimeout = Duration.ofSeconds(30);
    private int leastBytesPerSecond = 2 << 10;
    private int controlFramesPerSecond = 100;
    private int controlFrameBurst = 200;
    private Duration idlePing = Duration.ofSeconds(25);
    private Duration pongTimeout = Duration.ofSeconds(20);
    private Duration closeTimeout = Duration.ofSeconds(5);
    private int lingerBytes = 4 << 20;
    private int outboxSoftBytes = 256 << 10;

    /// 0 for as much as a message, but not less than 1 MiB.
    private int outboxHardBytes;

    private Duration progressTimeout = Duration.ofSeconds(10);
    private int inboxBytes = 64 << 10;
    private int inboxMessages = 64;
    private Duration inboxTimeout = Duration.ofMinutes(5);
    private int turnBytes = 64 << 10;
    private int turnFrames = 64;
    private int connections = openFiles() - 64;
    private int connectionsPerAddress = HALF;
    private int groupsPerConnection = 256;
    private int groupNameBytes = 255;
    private int mailboxMails = 1 << 16;
    private int tlsTasks = 4096;
    private long receivedBytes = Runtime.getRuntime().maxMemory() / 8;
    private long poolBytes = Runtime.getRuntime().maxMemory() / 4;
    private int keptMessages = 1024;
    private int keptBytes = 1 << 20;
    private Duration keptTimeout = Duration.ofMinutes(1);
    private long codecBytes = Runtime.getRuntime().maxMemory() / 8;
    private Duration compressorIdle = Duration.ofSeconds(30);
    private Duration drainTimeout = Duration.ofSeconds(15);
    private Duration drainSpread = Duration.ofSeconds(10);
    private Duration blockedLoopWarning = Duration.ofMillis(100);

    private Builder() {}

    /// See [Limits#handshakeTimeout()].
    public Builder handshakeTimeout(Duration value) {
      handshakeTimeout = value;
      return this;
    }

    /// See [Limits#requestLineBytes()].
    public Builder requestLineBytes(int value) {
      requestLineBytes = value;
      return this;
    }

    /// See [Limits#headBytes()].
    public Builder headBytes(int value) {
      headBytes = value;
      return this;
    }

    /// See [Limits#headers()].
    public Builder headers(int value) {
      headers = value;
      return this;
    }

    /// See [Limits#bodyBytes()].
    public Builder bodyBytes(int value) {
      bodyBytes = value;
      return this;
    }

    /// See [Limits#messageBytes()].
    public Builder messageBytes(int value) {
      messageBytes = value;
      return this;
    }

    /// See [Limits#fragments()].
    public Builder fragments(int value) {
      fragments = value;
      return this;
    }

    /// See [Limits#emptyFragments()].
    public Builder emptyFragments(int value) {
      emptyFragments = value;
      return this;
    }

    /// See [Limits#inflateRatio()].
    public Builder inflateRatio(int value) {
      inflateRatio = value;
      return this;
    }

    /// See [Limits#messageTimeout()].
    public Builder messageTimeout(Duration value) {
      messageTimeout = value;
      return this;
    }

    /// See [Limits#leastBytesPerSecond()].
    public Builder leastBytesPerSecond(int value) {
      leastBytesPerSecond = value;
      return this;
    }

    /// See [Limits#controlFramesPerSecond()].
    public Builder controlFramesPerSecond(int value) {
      controlFramesPerSecond = value;
      return this;
    }

    /// See [Limits#controlFrameBurst()].
    public Builder controlFrameBurst(int value) {
      controlFrameBurst = value;
      return this;
    }

    /// See [Limits#idlePing()].
    public Builder idlePing(Duration value) {
      idlePing = value;
      return this;
    }

    /// See [Limits#pongTimeout()].
    public Builder pongTimeout(Duration value) {
      pongTimeout = value;
      return this;
    }

    /// See [Limits#closeTimeout()].
    public Builder closeTimeout(Duration value) {
      closeTimeout = value;
      return this;
    }

    /// See [Limits#lingerBytes()].
    public Builder lingerBytes(int value) {
      lingerBytes = value;
      return this;
    }

    /// See [Limits#outboxSoftBytes()].
    public Builder outboxSoftBytes(int value) {
      outboxSoftBytes = value;
      return this;
    }

    /// See [Limits#outboxHardBytes()].
    public Builder outboxHardBytes(int value) {
      outboxHardBytes = value;
      return this;
    }

    /// See [Limits#progressTimeout()].
    public Builder progressTimeout(Duration value) {
      progressTimeout = value;
      return this;
    }

    /// See [Limits#inboxBytes()].
    public Builder inboxBytes(int value) {
      inboxBytes = value;
      return this;
    }

    /// See [Limits#inboxMessages()].
    public Builder inboxMessages(int value) {
      inboxMessages = value;
      return this;
    }

    /// See [Limits#inboxTimeout()].
    public Builder inboxTimeout(Duration value) {
      inboxTimeout = value;
      return this;
    }

    /// See [Limits#turnBytes()].
    public Builder turnBytes(int value) {
      turnBytes = value;
      return this;
    }

    /// See [Limits#turnFrames()].
    public Builder turnFrames(int value) {
      turnFrames = value;
      return this;
    }

    /// See [Limits#connections()].
    public Builder connections(int value) {
      connections = value;
      return this;
    }

    /// See [Limits#connectionsPerAddress()]; half of [#connections] unless it is set.
    public Builder connectionsPerAddress(int value) {
      connectionsPerAddress = value;
      return this;
    }

    /// See [Limits#groupsPerConnection()].
    public Builder groupsPerConnection(int value) {
      groupsPerConnection = value;
      return this;
    }

    /// See [Limits#groupNameBytes()].
    public Builder groupNameBytes(int value) {
      groupNameBytes = value;
      return this;
    }

    /// See [Limits#mailboxMails()].
    public Builder mailboxMails(int value) {
      mailboxMails = value;
      return this;
    }

    /// See [Limits#tlsTasks()].
    public Builder tlsTasks(int value) {
      tlsTasks = value;
      return this;
    }

    /// See [Limits#receivedBytes()].
    public Builder receivedBytes(long value) {
      receivedBytes = value;
      return this;
    }

    /// See [Limits#poolBytes()].
    public Builder poolBytes(long value) {
      poolBytes = value;
      return this;
    }

    /// See [Limits#keptMessages()].
    public Builder keptMessages(int value) {
      keptMessages = value;
      return this;
    }

    /// See [Limits#keptBytes()].
    public Builder keptBytes(int value) {
      keptBytes = value;
      return this;
    }

    /// See [Limits#keptTimeout()].
    public Builder keptTimeout(Duration value) {
      keptTimeout = value;
      return this;
    }

    /// See [Limits#codecBytes()].
    public Builder codecBytes(long value) {
      codecBytes = value;
      return this;
    }

    /// See [Limits#compressorIdle()].
    public Builder compressorIdle(Duration value) {
      compressorIdle = value;
      return this;
    }

    /// See [Limits#drainTimeout()].
    public Builder drainTimeout(Duration value) {
      drainTimeout = value;
      return this;
    }

    /// See [Limits#drainSpread()].
    public Builder drainSpread(Duration value) {
      drainSpread = value;
      return this;
    }

    /// See [Limits#blockedLoopWarning()].
    public Builder blockedLoopWarning(Duration value) {
      blockedLoopWarning = value;
      return this;
    }

    /// Makes the limits.
    ///
    /// @throws IllegalArgumentException if one makes no sense, naming it
    public Limits build() {
      return new Limits(
          handshakeTimeout,
          requestLineBytes,
          headBytes,
          headers,
          bodyBytes,
          messageBytes,
          fragments,
          emptyFragments,
          inflateRatio,
          messageTimeout,
          leastBytesPerSecond,
          controlFramesPerSecond,
          controlFrameBurst,
          idlePing,
          pongTimeout,
          closeTimeout,
          lingerBytes,
          outboxSoftBytes,
          outboxHardBytes == 0 ? Math.max(1 << 20, messageBytes) : outboxHardBytes,
          progressTimeout,
          inboxBytes,
          inboxMessages,
          inboxTimeout,
          turnBytes,
          turnFrames,
          connections,
          connectionsPerAddress == HALF ? halfOf(connections) : connectionsPerAddress,
          groupsPerConnection,
          groupNameBytes,
          mailboxMails,
          tlsTasks,
          receivedBytes,
          poolBytes,
          keptMessages,
          keptBytes,
          keptTimeout,
          codecBytes,
          compressorIdle,
          drainTimeout,
          drainSpread,
          blockedLoopWarning);
    }
  }
}
