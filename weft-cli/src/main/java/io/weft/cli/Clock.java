package io.weft.cli;

import io.weft.Endpoint;
import io.weft.Group;
import io.weft.WebSocket;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// `/clock`, server push: `{"type":"clock","time":"2026-11-21T08:00:00Z"}` at every full second,
/// without a request. One thread ticks for all who watch, and only while somebody does.
final class Clock implements Endpoint {

  private static final String GROUP = "clock";

  private final InstantSource clock = InstantSource.system();
  private final AtomicBoolean ticking = new AtomicBoolean();

  @Override
  public void opened(WebSocket ws) {
    Group watchers = ws.group(GROUP);
    watchers.join(ws);
    tickFor(watchers);
  }

  private void tickFor(Group watchers) {
    if (watchers.size() > 0 && ticking.compareAndSet(false, true)) {
      Thread.ofVirtual().name("weft-clock").start(() -> tick(watchers));
    }
  }

  private void tick(Group watchers) {
    try {
      while (watchers.size() > 0) {
        Instant next = clock.instant().plusSeconds(1).truncatedTo(ChronoUnit.SECONDS);
        Thread.sleep(Duration.between(clock.instant(), next));
        watchers.publish(Json.of("clock").put("time", next.toString()).toString());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      ticking.set(false);
    }
    tickFor(watchers); // somebody may have come in between
  }
}
