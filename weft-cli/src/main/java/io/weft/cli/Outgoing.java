package io.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;

/// Something to be sent.
sealed interface Outgoing {

  /// A text message.
  record Text(String text) implements Outgoing {}

  /// A binary message, its bytes from position to limit.
  record Binary(ByteBuffer data) implements Outgoing {}

  /// A ping.
  record Ping() implements Outgoing {}

  /// A Close; nothing can come after it.
  record Close(int code, String reason) implements Outgoing {}

  /// Where what is to be sent comes from: all of it goes to a sink, in order.
  @FunctionalInterface
  interface Source {
    /// Gives everything to the sink; ends when there is no more, or the sink wants no more.
    ///
    /// @throws Failure if what is there cannot be read, or is no message
    void feed(Sink sink) throws InterruptedException;
  }

  /// Who takes what is to be sent.
  @FunctionalInterface
  interface Sink {
    /// Takes one, and waits while there is no room for it.
    ///
    /// @param where it comes from, for messages: "line 3"
    /// @return whether more is welcome
    boolean take(Outgoing message, String where) throws InterruptedException;
  }

  /// These texts.
  ///
  /// @throws Failure if one is longer than `messageBytes`
  static Source texts(List<String> texts, int messageBytes) {
    return sink -> {
      for (String text : texts) {
        if (text.getBytes(UTF_8).length > messageBytes) {
          throw Input.tooLong("the message", messageBytes);
        }
        if (!sink.take(new Text(text), "the message")) {
          return;
        }
      }
    };
  }
}
