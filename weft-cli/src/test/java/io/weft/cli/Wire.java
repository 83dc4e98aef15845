package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// The least a WebSocket server can do, by hand: for servers that misbehave afterwards.
final class Wire {

  private Wire() {}

  /// Reads a request head and agrees to it (RFC 6455 §4.2.2).
  static void agree(Socket socket) throws IOException {
    BufferedReader head =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    String key = "";
    for (String line = head.readLine(); !line.isEmpty(); line = head.readLine()) {
      if (line.startsWith("Sec-WebSocket-Key: ")) {
        key = line.substring("Sec-WebSocket-Key: ".length());
      }
    }
    String answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + ("Sec-WebSocket-Accept: " + accept(key) + "\r\n\r\n");
    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
  }

  private static String accept(String key) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-1")
              .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(UTF_8));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("no SHA-1", e);
    }
  }
}
