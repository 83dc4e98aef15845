package io.weft.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// Asks Linux about a connection by its two addresses (`sock_diag(7)`), since the file of a Java
/// channel is not to be had. One question is two system calls, about one connection.
final class TcpDiag {

  /// `struct nlmsghdr`; an answer that came too late for its question is known by the number.
  private static final int NLMSGHDR_BYTES = 16;

  private static final int SEQUENCE_AT = 8;

  /// `struct inet_diag_req_v2`, and where its `struct inet_diag_sockid` begins.
  private static final int REQUEST_BYTES = 56;

  private static final int ID_AT = NLMSGHDR_BYTES + 8;

  /// `struct inet_diag_msg`; attributes follow it.
  private static final int ANSWER_BYTES = 72;

  private static final int BUFFER_BYTES = 4096;

  private static final short SOCK_DIAG_BY_FAMILY = 20;
  private static final short NLM_F_REQUEST = 1;
  private static final byte TCP = 6;

  /// `INET_DIAG_INFO`: a `struct tcp_info`.
  private static final int INFO = 2;

  private final Linux linux = new Linux();
  private final int fd;
  private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, Long.BYTES);

  /// The number of the last question; its answer carries it too.
  private int asked;

  /// Whether it has told of any socket: a kernel without it says of each that it is not there.
  private boolean works;

  private boolean triedIfItWorks;

  private TcpDiag() throws IOException {
    fd = linux.diagSocket();
  }

  /// Opens the way to ask, if there is one.
  ///
  /// @return null if this process cannot ask
  static @Nullable TcpDiag open() {
    try {
      return UringProbe.isLinux() && TcpDiag.class.getModule().isNativeAccessEnabled()
          ? new TcpDiag()
          : null;
    } catch (IOException | RuntimeException | LinkageError e) {
      return null;
    }
  }

  /// Tells what is known of the connection between two addresses.
  void look(InetSocketAddress local, InetSocketAddress remote, Tcp into) {
    if (!ask(local, remote, into) && doesWork()) {
      into.isGone();
    }
  }

  /// @return false if the system says that there is none
  private boolean ask(InetSocketAddress local, InetSocketAddress remote, Tcp into) {
    into.unknown();
    putQuestion(local, remote);
    if (linux.send(fd, buffer, NLMSGHDR_BYTES + REQUEST_BYTES) < 0) {
      return true;
    }
    int bytes;
    do {
      bytes = linux.receive(fd, buffer);
    } while (bytes >= NLMSGHDR_BYTES && buffer.get(JAVA_INT, SEQUENCE_AT) != asked);
    if (bytes >= NLMSGHDR_BYTES + ANSWER_BYTES
        && buffer.get(JAVA_SHORT, 4) == SOCK_DIAG_BY_FAMILY) {
      answered(bytes, into);
      return true;
    }
    return bytes <= NLMSGHDR_BYTES || buffer.get(JAVA_INT, NLMSGHDR_BYTES) != -Linux.ENOENT;
  }

  /// Whether it knows of anything: if need be, it is asked about a socket made for that.
  private boolean doesWork() {
    if (!works && !triedIfItWorks) {
      triedIfItWorks = true;
      try {
        int listening = linux.socket(false);
        try {
          linux.bind(
              listening,
              new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0),
              false);
          linux.listen(listening, 1);
          InetAddress anybody = InetAddress.getByAddress(new byte[4]);
          ask(linux.local(listening), new InetSocketAddress(anybody, 0), new Tcp());
        } finally {
          linux.close(listening);
        }
      } catch (IOException e) {
        return false; // no more files; the next loop may have better luck
      }
    }
    return works;
  }

  private void putQuestion(InetSocketAddress local, InetSocketAddress remote) {
    buffer.asSlice(0, NLMSGHDR_BYTES + REQUEST_BYTES).fill((byte) 0);
    buffer.set(JAVA_INT, 0, NLMSGHDR_BYTES + REQUEST_BYTES);
    buffer.set(JAVA_SHORT, 4, SOCK_DIAG_BY_FAMILY);
    buffer.set(JAVA_SHORT, 6, NLM_F_REQUEST);
    buffer.set(JAVA_INT, SEQUENCE_AT, ++asked);
    boolean four = local.getAddress() instanceof Inet4Address;
    buffer.set(JAVA_BYTE, NLMSGHDR_BYTES, (byte) (four ? Linux.AF_INET : Linux.AF_INET6));
    buffer.set(JAVA_BYTE, NLMSGHDR_BYTES + 1, TCP);
    buffer.set(JAVA_BYTE, NLMSGHDR_BYTES + 2, (byte) (1 << (INFO - 1)));
    buffer.set(JAVA_INT, NLMSGHDR_BYTES + 4, -1); // in any state
    put(local, ID_AT, ID_AT + 4);
    put(remote, ID_AT + 2, ID_AT + 20);
    buffer.set(JAVA_INT, ID_AT + 40, -1); // no cookie
    buffer.set(JAVA_INT, ID_AT + 44, -1);
  }

  private void put(InetSocketAddress address, int portAt, int hostAt) {
    buffer.set(JAVA_SHORT, portAt, Short.reverseBytes((short) address.getPort()));
    byte[] host = address.getAddress().getAddress();
    MemorySegment.copy(host, 0, buffer, JAVA_BYTE, hostAt, host.length);
  }

  private void answered(int bytes, Tcp into) {
    works = true;
    int state = buffer.get(JAVA_BYTE, NLMSGHDR_BYTES + 1);
    int at = NLMSGHDR_BYTES + ANSWER_BYTES;
    while (at + 4 <= bytes) {
      int length = Short.toUnsignedInt(buffer.get(JAVA_SHORT, at));
      if (length < 4 || at + length > bytes) {
        return;
      }
      int infoAt = at + 4;
      if (buffer.get(JAVA_SHORT, at + 2) == INFO
          && length - 4 >= Linux.ACKNOWLEDGED_AT + Long.BYTES) {
        into.is(state, buffer.get(JAVA_INT, infoAt + Linux.ACKNOWLEDGED_AT));
        return;
      }
      at += (length + 3) & -4;
    }
  }

  void close() {
    linux.close(fd);
  }
}
