package io.weft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// An endpoint that echoes, and remembers what happened to it.
class Probe implements Endpoint {

  static final Duration WAIT = Duration.ofSeconds(20);

  final BlockingQueue<WebSocket> opened = new LinkedBlockingQueue<>();
  final BlockingQueue<Close> closed = new LinkedBlockingQueue<>();
  final AtomicInteger messages = new AtomicInteger();
  final AtomicInteger writable = new AtomicInteger();

  @Override
  public void opened(WebSocket ws) throws Exception {
    opened.add(ws);
  }

  @Override
  public void text(WebSocket ws, String text) throws Exception {
    messages.incrementAndGet();
    ws.send(text);
  }

  @Override
  public void binary(WebSocket ws, ByteBuffer data) throws Exception {
    messages.incrementAndGet();
    ws.send(data);
  }

  @Override
  public void writable(WebSocket ws) throws Exception {
    writable.incrementAndGet();
  }

  @Override
  public void closed(WebSocket ws, Close close) throws Exception {
    closed.add(close);
  }

  WebSocket awaitOpened() throws InterruptedException {
    WebSocket ws = opened.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
    return ws == null ? fail("no connection opened") : ws;
  }

  /// Waits for the end of a connection.
  Close awaitClosed() throws InterruptedException {
    Close close = closed.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
    return close == null ? fail("no connection closed") : close;
  }

  /// Waits for the end of the only connection, and holds it against what it should be.
  void assertClosed(int code, Close.By by) throws InterruptedException {
    Close close = awaitClosed();
    assertEquals(code, close.code(), close.toString());
    assertEquals(by, close.by(), close.toString());
  }

  static void until(String what, BooleanSupplier isSo) throws InterruptedException {
    long deadline = System.nanoTime() + WAIT.toNanos();
    while (!isSo.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("in vain: " + what);
      }
      Thread.sleep(2);
    }
  }
}
