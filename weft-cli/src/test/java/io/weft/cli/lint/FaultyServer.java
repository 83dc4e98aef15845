package io.weft.cli.lint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// A WebSocket echo server of a few hundred lines, which keeps every rule of `weft lint` but the
/// one it is told to break. It is a twin, written without a look at Weft's own.
final class FaultyServer implements AutoCloseable {

  private static final int MAX_MESSAGE = 1 << 20;
  private static final int MAX_HEAD = 16 << 10;
  private static final int MAX_FRAGMENTS = 1024;
  private static final int MET_AFTER = 5;

  private final String broken;
  private final int headMs;
  private final ServerSocket listener;
  private int accepted;

  /// Starts one.
  ///
  /// @param broken the id of the rule to break, or "" for none
  /// @param headMs from accepting to the end of the head
  FaultyServer(String broken, int headMs) throws IOException {
    this.broken = broken;
    this.headMs = headMs;
    this.listener = new ServerSocket();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    Thread.ofVirtual().start(this::accept);
  }

  Target target(Duration timeout) {
    Target plain = Target.of("ws://127.0.0.1:" + listener.getLocalPort() + "/");
    return plain.within(timeout);
  }

  private void accept() {
    try {
      while (!listener.isClosed()) {
        Socket socket = listener.accept();
        if (breaks("limit/still-alive") && ++accepted == MET_AFTER) {
          listener.close();
        }
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      new Connection(socket).run();
    } catch (IOException gone) {
      // The client has gone, or is to go.
    }
  }

  private boolean breaks(String id) {
    return broken.equals(id);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  /// The connection has to fail with this code.
  private static final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    private final int code;

    Failure(int code) {
      super("close " + code);
      this.code = code;
    }
  }

  /// The handshake has to be refused.
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String statusAndHeaders) {
      super(statusAndHeaders);
    }
  }

  /// One client, from its first byte to its last.
  private final class Connection {

    private final Socket socket;
    private final BufferedInputStream in;
    private final OutputStream out;
    private final Inflater inflater = new Inflater(true);
    private boolean deflates;
    private boolean cut;
    private boolean torn;
    private int pings;

    // The message that is not whole yet:
    private int opcode;
    private boolean compressed;
    private int fragments;
    private int empties;
    private boolean lost;
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();

    Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new BufferedInputStream(socket.getInputStream());
      this.out = socket.getOutputStream();
    }

    void run() throws IOException {
      try {
        String head = readHead();
        out.write(upgrade(head).getBytes(ISO_8859_1));
        if (breaks("handshake/early-frame")) {
          in.skipNBytes(in.available());
        }
        socket.setSoTimeout(0);
        while (frame()) {
          // until it ends
        }
      } catch (Refusal refusal) {
        String answer = "HTTP/1.1 " + refusal.getMessage() + "\r\nContent-Length: 0\r\n\r\n";
        out.write(answer.getBytes(ISO_8859_1));
        end();
      } catch (Failure failure) {
        write(0x88, ByteBuffer.allocate(2).putShort((short) failure.code).array());
        if (breaks("close/failure-ends-tcp")) {
          hang();
        }
        end();
      } catch (EOFException over) {
        if (broken.startsWith("close/end-") || breaks("handshake/half-a-head")) {
          hang();
        }
      }
    }

    private void end() throws IOException {
      socket.shutdownOutput();
      socket.setSoTimeout(2_000);
      byte[] rest = new byte[64 << 10];
      while (in.read(rest) >= 0) {
        // so that no reset overtakes what was said
      }
    }

    private void hang() {
      try {
        Thread.sleep(20_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    // ---- The handshake --------------------------------------------------------------------------

    private String readHead() throws IOException, Refusal {
      long deadline = System.nanoTime() + headMs * 1_000_000L;
      StringBuilder head = new StringBuilder();
      boolean patient = breaks("limit/slow-head") || breaks("limit/silent-client");
      boolean whole = false;
      while (!whole) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        socket.setSoTimeout(patient ? 0 : (int) Math.max(1, left));
        int next;
        try {
          next = in.read();
        } catch (SocketTimeoutException late) {
          throw new Refusal("408 Request Timeout");
        }
        if (next < 0) {
          throw new EOFException();
        }
        head.append((char) next);
        int tail = Math.max(0, head.length() - 4);
        whole = head.indexOf("\r\n\r\n", tail) >= 0 || head.indexOf("\n\n", tail) >= 0;
        if (head.length() > MAX_HEAD && !broken.startsWith("limit/")) {
          throw new Refusal("431 Too Much");
        } else if (!whole && in.available() == 0) {
          cut = true;
        }
      }
      return head.toString();
    }

    /// Refuses what has this breach, unless that is the rule to break.
    private void refuse(String id, boolean breach) throws Refusal {
      if (breach && !breaks(id)) {
        throw new Refusal("400 Bad Request\r\nSec-WebSocket-Version: 13");
      }
    }

    /// Refuses what is sound, if that is the rule to break.
    private void dislike(String id, boolean sound) throws Refusal {
      if (sound && breaks(id)) {
        throw new Refusal("400 Bad Request");
      }
    }

    private List<String> all(List<String> lines, String name) {
      return lines.stream()
          .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
          .map(line -> line.substring(name.length() + 1).strip())
          .toList();
    }

    private boolean lists(List<String> values, String element) {
      return values.stream()
          .flatMap(value -> Arrays.stream(value.split(",", -1)))
          .anyMatch(value -> value.strip().equalsIgnoreCase(element));
    }

    private String upgrade(String head) throws Refusal {
      String[] all = head.split("\r?\n");
      String[] start = all[0].split(" ", -1);
      List<String> lines = Arrays.asList(all).subList(1, all.length);
      refuseSyntax(head, lines);
      refuse("handshake/method", !start[0].equals("GET"));
      refuse("handshake/http-1.0", start[2].equals("HTTP/1.0"));
      refuse("limit/target", start[1].length() > 8 << 10);
      refuse("limit/headers", lines.size() > 100);
      refuse("limit/header", lines.stream().anyMatch(line -> line.length() > 8 << 10));
      refuse("handshake/no-host", all(lines, "Host").isEmpty());
      refuse("handshake/two-hosts", all(lines, "Host").size() > 1);
      refuse("handshake/body", !all(lines, "Content-Length").isEmpty() && start[0].equals("GET"));
      refuse("handshake/chunked-body", !all(lines, "Transfer-Encoding").isEmpty());
      dislike("handshake/absolute-target", start[1].startsWith("http"));
      dislike("handshake/byte-by-byte", cut);
      refuseUpgrade(lines);
      refuseKey(all(lines, "Sec-WebSocket-Key"));
      refuseVersion(all(lines, "Sec-WebSocket-Version"));
      refuseOrigin(all(lines, "Origin"), all(lines, "Host"));
      return answer(lines);
    }

    private void refuseSyntax(String head, List<String> lines) throws Refusal {
      refuse("handshake/bare-lf", head.replace("\r\n", "").contains("\n"));
      refuse("handshake/bare-cr", head.replace("\r\n", "").contains("\r"));
      refuse("handshake/nul", head.contains("\0"));
      refuse("handshake/folded", lines.stream().anyMatch(line -> line.startsWith(" ")));
      refuse(
          "handshake/no-colon",
          lines.stream().anyMatch(line -> !line.contains(":")) && !head.contains("\r\n b"));
      refuse("handshake/blank-before-colon", lines.stream().anyMatch(line -> line.contains(" :")));
      dislike("handshake/header-case", head.contains("hOsT:"));
      dislike("handshake/header-blanks", head.contains(" \t "));
    }

    private void refuseUpgrade(List<String> lines) throws Refusal {
      List<String> upgrade = all(lines, "Upgrade");
      List<String> connection = all(lines, "Connection");
      refuse("handshake/no-upgrade", upgrade.isEmpty());
      refuse("handshake/other-upgrade", !upgrade.isEmpty() && !lists(upgrade, "websocket"));
      refuse("handshake/no-connection", connection.isEmpty());
      dislike("handshake/any-case", upgrade.contains("WebSocket"));
      dislike("handshake/upgrade-list", upgrade.toString().contains("/1"));
      dislike("handshake/connection-lines", connection.size() > 1);
      dislike("handshake/connection-list", connection.contains("keep-alive, Upgrade"));
    }

    private void refuseKey(List<String> keys) throws Refusal {
      refuse("handshake/no-key", keys.isEmpty());
      refuse("handshake/two-keys", keys.size() > 1);
      String key = keys.isEmpty() ? "none" : keys.getFirst();
      refuse("handshake/empty-key", key.isEmpty());
      refuse("handshake/undecodable-key", key.startsWith("!!"));
      if (!keys.isEmpty() && !key.isEmpty() && !key.startsWith("!!")) {
        int bytes = Base64.getDecoder().decode(key).length;
        refuse("handshake/short-key", bytes < 16);
        refuse("handshake/long-key", bytes > 16);
      }
    }

    private void refuseVersion(List<String> versions) throws Refusal {
      refuse("handshake/no-version", versions.isEmpty());
      refuse("handshake/two-versions", versions.size() > 1);
      String version = versions.isEmpty() ? "13" : versions.getLast();
      refuse("handshake/version-8", version.equals("8"));
      if (version.equals("99")) {
        throw new Refusal(
            breaks("handshake/version-99") ? "400 No" : "426 No\r\nSec-WebSocket-Version: 13");
      }
    }

    private void refuseOrigin(List<String> origins, List<String> hosts) throws Refusal {
      if (origins.isEmpty() || breaks("origin/foreign")) {
        return;
      }
      String own = "http://" + (hosts.isEmpty() ? "" : hosts.getFirst());
      String first = origins.getFirst();
      dislike("origin/own", first.equals(own));
      refuse("origin/two", origins.size() > 1);
      if (first.equals("null")) {
        refuse("origin/null", true);
      } else if (!breaks("origin/look-alike") || !first.contains(own)) {
        refuse("every other origin", !first.equals(own));
      }
    }

    private String answer(List<String> lines) throws Refusal {
      List<String> keys = all(lines, "Sec-WebSocket-Key");
      String key = keys.isEmpty() ? "" : keys.getFirst();
      StringBuilder answer = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n");
      if (!breaks("handshake/answer")) {
        answer.append("Upgrade: websocket\r\n");
      }
      answer.append("Connection: Upgrade\r\n");
      String accept = Request.accept(breaks("handshake/accept") ? key + "x" : key);
      answer.append("Sec-WebSocket-Accept: ").append(accept).append("\r\n");
      if (breaks("handshake/bodiless")) {
        answer.append("Content-Length: 0\r\n");
      }
      boolean offersProtocol = !all(lines, "Sec-WebSocket-Protocol").isEmpty();
      if (breaks("handshake/no-subprotocol")
          || (offersProtocol && breaks("handshake/other-subprotocol"))) {
        answer.append("Sec-WebSocket-Protocol: chat\r\n");
      }
      if (breaks("handshake/no-extension")) {
        answer.append("Sec-WebSocket-Extensions: x-webkit\r\n");
      }
      for (String offer : all(lines, "Sec-WebSocket-Extensions")) {
        refuse("handshake/malformed-extension", offer.endsWith("="));
        if (breaks("handshake/other-extension")) {
          answer.append("Sec-WebSocket-Extensions: ").append(offer).append("\r\n");
        } else if (!agreed(offer).isEmpty()) {
          deflates = true;
          answer.append("Sec-WebSocket-Extensions: ").append(agreed(offer)).append("\r\n");
        }
      }
      return answer.append("\r\n").toString();
    }

    private String agreed(String offer) {
      String name = "permessage-deflate";
      if (!offer.startsWith(name)) {
        return "";
      }
      List<String> legal =
          List.of(name, name + "; client_max_window_bits", name + "; weft_lint, " + name);
      if (offer.equals(legal.get(1)) && breaks("deflate/offer")) {
        return name + "; client_max_window_bits=16";
      } else if (offer.equals(name) && breaks("deflate/unasked-client-bits")) {
        return name + "; client_max_window_bits=15";
      } else if (offer.equals(legal.get(2)) && breaks("deflate/second-offer")) {
        return name + "; weft_lint";
      } else if (offer.endsWith("=9")) {
        return breaks("deflate/window") ? name : name + "; server_max_window_bits=9";
      }
      boolean isIllegal = !legal.contains(offer);
      return isIllegal && !broken.startsWith("deflate/") ? "" : isIllegal ? illegal() : name;
    }

    /// Takes any illegal offer if one of the rules on those is to be broken.
    private String illegal() {
      return LinterTest.ILLEGAL_OFFERS.contains(broken) ? "permessage-deflate" : "";
    }

    // ---- Frames
    // -----------------------------------------------------------------------------------

    private void fail(String id, boolean breach) throws Failure {
      if (breach && !breaks(id)) {
        throw new Failure(1002);
      }
    }

    private void dislikeFrame(String id, boolean sound) throws Failure {
      if (sound && breaks(id)) {
        throw new Failure(1002);
      }
    }

    private int read() throws IOException {
      torn |= in.available() == 0;
      int next = in.read();
      if (next < 0) {
        throw new EOFException();
      }
      return next;
    }

    /// Reads one frame and answers it.
    ///
    /// @return whether there may be another
    private boolean frame() throws IOException, Failure {
      int first = read();
      torn = false;
      int second = read();
      int kind = first & 0x0F;
      boolean control = kind >= 8;
      boolean begins = kind == 1 || kind == 2;
      failBits(first, control, begins);
      fail(
          kind < 8 ? "frame/opcodes-3-to-7" : "frame/opcodes-b-to-f",
          (kind > 2 && kind < 8) || kind > 10);
      fail(
          kind == 8 ? "frame/close-in-fragments" : "frame/ping-in-fragments",
          control && (first & 0x80) == 0);
      fail("frame/ping-of-126", control && (second & 0x7F) > 125);
      boolean masked = (second & 0x80) != 0;
      String unmasked = kind == 8 ? "-close" : kind == 9 ? "-ping" : "";
      fail("frame/unmasked" + unmasked, !masked);
      long length = length(second & 0x7F);
      byte[] key = new byte[4];
      for (int at = 0; masked && at < key.length; at++) {
        key[at] = (byte) read();
      }
      dislikeFrame("frame/null-mask", masked && Arrays.equals(key, new byte[4]));
      byte[] payload = payload((int) length, key);
      dislikeFrame("frame/byte-by-byte", torn);
      dislikeFrame("text/byte-by-byte", torn && kind == 1);
      if (control) {
        return control(kind, payload);
      } else if (kind <= 2) {
        data(first, payload);
      }
      return true;
    }

    private void failBits(int first, boolean control, boolean begins) throws Failure {
      int bits = first & 0x70;
      if (control && deflates) {
        fail("deflate/rsv1-of-ping", bits == 0x40);
      } else if (control) {
        fail("frame/rsv-of-ping", bits != 0);
      } else if (!deflates) {
        fail("frame/rsv1", bits == 0x40);
      } else {
        fail("deflate/rsv1-of-continuation", bits == 0x40 && !begins);
      }
      fail("frame/rsv2", bits == 0x20 && !control);
      fail("frame/rsv3", bits == 0x10 && !control);
    }

    private long length(int seven) throws IOException, Failure {
      if (seven < 126) {
        return seven;
      }
      long length = ByteBuffer.wrap(new byte[8]).getLong();
      for (int at = 0; at < (seven == 126 ? 2 : 8); at++) {
        length = length << 8 | read();
      }
      fail("frame/length-16-long", seven == 126 && length < 126);
      fail("frame/length-64-long", seven == 127 && length >= 0 && length < 0x1_0000);
      fail("frame/length-top-bit", length < 0);
      if (length < 0) {
        return 0;
      } else if (breaks("frame/length-is-64-bits")) {
        return length & 0xFFFF_FFFFL;
      }
      if (length > MAX_MESSAGE) {
        if (broken.startsWith("limit/announced")) {
          hang();
        }
        throw new Failure(1009);
      }
      return length;
    }

    private byte[] payload(int length, byte[] key) throws IOException {
      byte[] payload = length > 1000 ? in.readNBytes(length) : new byte[length];
      for (int at = 0; at < payload.length; at++) {
        int next = length > 1000 ? payload[at] : read();
        payload[at] = (byte) (next ^ key[at % 4]);
      }
      return payload;
    }

    private boolean control(int kind, byte[] payload) throws IOException, Failure {
      switch (kind) {
        case 8 -> {
          close(payload);
          return false;
        }
        case 9 -> {
          pings++;
          if (breaks("frame/ping") && payload.length > 0) {
            payload[0]++;
          }
          boolean silent =
              (breaks("frame/ping-train") && pings == 8)
                  || (breaks("frame/ping-between-fragments") && opcode != 0);
          if (!silent) {
            write(0x8A, payload);
          }
        }
        case 10 -> dislikeFrame("frame/pong-unasked", true);
        default -> {} // a reserved one that it was told to let through
      }
      return true;
    }

    private void close(byte[] payload) throws IOException, Failure {
      int code = payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
      dislikeFrame("close/empty", payload.length == 0);
      dislikeFrame("close/legal-codes", code == 3000);
      dislikeFrame("close/registered-codes", code == 1013);
      dislikeFrame("close/reason-of-123", payload.length == 125);
      dislikeFrame("close/inside-message", opcode != 0);
      fail("close/one-byte", payload.length == 1);
      if (payload.length >= 2) {
        fail("close/codes-below-1000", code < 1000);
        fail("close/codes-never-sent", List.of(1004, 1005, 1006, 1015).contains(code));
        fail("close/codes-of-nobody", code > 1015 && code < 3000);
        fail("close/codes-above-4999", code > 4999);
        if (!isUtf8(Arrays.copyOfRange(payload, 2, payload.length), true)
            && !breaks("close/reason-not-utf8")) {
          throw new Failure(1007);
        }
      }
      if (!breaks("close/answer")) {
        write(0x88, payload.length == 1 ? new byte[0] : payload);
      }
      if (breaks("close/nothing-behind")) {
        write(0x81, new byte[] {'x'});
      } else if (breaks("close/server-ends-tcp")) {
        hang();
      }
      end();
    }

    private void data(int first, byte[] payload) throws IOException, Failure {
      int kind = first & 0x0F;
      boolean fin = (first & 0x80) != 0;
      if (kind == 0 && opcode == 0) {
        fail("frame/continuation-of-nothing", message.size() == 0 && fragments == 0);
        fail("frame/continuation-of-whole", fragments != 0);
        return;
      } else if (kind != 0) {
        fail("frame/text-inside-text", opcode != 0 && kind == opcode);
        fail("frame/binary-inside-text", opcode != 0 && kind != opcode);
        opcode = kind;
        compressed = deflates && (first & 0x40) != 0;
        fragments = 0;
        empties = 0;
        lost = breaks("frame/fragments") && payload.length == 0 && !fin;
        message.reset();
      }
      message.writeBytes(payload);
      count(payload.length);
      judge(fin, payload);
      if (fin) {
        byte[] whole = compressed ? inflate() : message.toByteArray();
        failText(whole, true);
        int kindOfAll = opcode;
        opcode = 0;
        echo(kindOfAll, whole);
      } else if (compressed) {
        dislikeFrame("deflate/fragments", payload.length == 1);
        bomb();
      }
    }

    private void count(int bytes) throws Failure {
      fragments++;
      empties += bytes == 0 ? 1 : 0;
      if (message.size() > MAX_MESSAGE && !breaks("limit/message")) {
        throw new Failure(1009);
      } else if (fragments > MAX_FRAGMENTS && !broken.startsWith("limit/")) {
        throw new Failure(1008);
      } else if (fragments > MAX_FRAGMENTS
          && !breaks("limit/message")
          && !breaks(empties > MAX_FRAGMENTS / 2 ? "limit/empty-fragments" : "limit/fragments")) {
        throw new Failure(1008);
      }
    }

    private void judge(boolean fin, byte[] payload) throws Failure {
      if (breaks("text/split-code-points") && opcode == 1 && !isUtf8(payload, true)) {
        throw new Failure(1007);
      } else if (!fin && !compressed && message.size() <= 1024 && !breaks("text/fail-fast")) {
        failText(message.toByteArray(), false);
      }
      dislikeFrame("deflate/plain-message", deflates && !compressed);
    }

    private void failText(byte[] text, boolean fin) throws Failure {
      boolean judged = opcode == 1 || breaks("text/binary-is-free");
      boolean wrong = judged && !isUtf8(text, fin);
      boolean free = broken.startsWith("text/") && !breaks("text/binary-is-free");
      boolean late = breaks("text/fail-fast") && fin;
      boolean dislikes = breaks("text/legal") && new String(text, UTF_8).contains("\uFFFF");
      if ((wrong && (!free || late) && !breaks("deflate/not-utf8")) || dislikes) {
        throw new Failure(1007);
      }
    }

    private void echo(int kind, byte[] whole) throws IOException {
      boolean spoilt =
          lost
              || (breaks("deflate/message") && compressed)
              || (whole.length == 65_536 && breaks("frame/sizes") && kind == 1)
              || (whole.length == 65_536 && breaks("frame/binary-sizes") && kind == 2);
      write(0x80 | kind, spoilt ? new byte[] {'?'} : whole);
    }

    private byte[] inflate() throws Failure {
      byte[] in = Arrays.copyOf(message.toByteArray(), message.size() + 4);
      in[in.length - 2] = (byte) 0xFF;
      in[in.length - 1] = (byte) 0xFF;
      inflater.setInput(in);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] piece = new byte[8 << 10];
      try {
        for (int size = inflater.inflate(piece); size > 0; size = inflater.inflate(piece)) {
          all.write(piece, 0, size);
        }
      } catch (DataFormatException e) {
        fail("deflate/garbage", true);
      }
      return all.toByteArray();
    }

    /// Inflates what has come of a message, to see how long it grows.
    private void bomb() throws Failure {
      try (Inflater copy = new Inflater(true)) {
        copy.setInput(message.toByteArray());
        byte[] piece = new byte[64 << 10];
        long all = 0;
        for (int size = copy.inflate(piece); size > 0; size = copy.inflate(piece)) {
          all += size;
          if (all > MAX_MESSAGE && !breaks("deflate/bomb")) {
            throw new Failure(1009);
          }
        }
      } catch (DataFormatException e) {
        throw new Failure(1002);
      }
    }

    private boolean isUtf8(byte[] bytes, boolean whole) {
      CharsetDecoder decoder = UTF_8.newDecoder();
      CharBuffer chars = CharBuffer.allocate(bytes.length + 1);
      ByteBuffer in = ByteBuffer.wrap(bytes);
      return !decoder.decode(in, chars, whole).isError();
    }

    private void write(int first, byte[] payload) throws IOException {
      int length = payload.length;
      ByteBuffer header = ByteBuffer.allocate(10).put((byte) first);
      if (length < 126) {
        header.put((byte) length);
      } else if (length <= 0xFFFF) {
        header.put((byte) 126).putShort((short) length);
      } else {
        header.put((byte) 127).putLong(length);
      }
      List<byte[]> parts = new ArrayList<>();
      parts.add(Arrays.copyOf(header.array(), header.position()));
      parts.add(payload);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      parts.forEach(all::writeBytes);
      out.write(all.toByteArray());
    }
  }
}
