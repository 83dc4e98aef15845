package io.weft;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A server with a heap of 64 MiB, and crowds that hold many times as much back: those that were
/// there before are served throughout, newcomers that ask for little are admitted, and when a crowd
/// leaves, all that it took is back.
@Timeout(600)
final class CrowdTest {

  private static final String HEAP = "64m";

  /// What a crowd holds back.
  enum Kind {
    HALF_MESSAGE(10_000, Crowd::halfMessage),
    HALF_HEAD(10_000, Crowd::halfHead),
    KEPT_HEAD(10_000, Crowd::keptHead),
    HALF_BODY(2_000, Crowd::halfBody),
    MEMBER(2_000, Crowd::member);

    final int count;

    @SuppressWarnings("ImmutableEnumChecker") // each is a method
    final Crowd.Deed deed;

    Kind(int count, Crowd.Deed deed) {
      this.count = count;
      this.deed = deed;
    }
  }

  private static Transport transport() {
    return Transport.ofProperty() == Transport.IO_URING ? Transport.IO_URING : Transport.NIO;
  }

  /// Each kind at once, over plain TCP: over 600 MiB.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void isServedInASmallCrowd(boolean tls) throws Exception {
    try (Crowd crowd = new Crowd(transport(), tls, HEAP)) {
      crowd.come(250, crowd.secured(Crowd::member));
      crowd.publish();
      crowd.come(tls ? 100 : 250, crowd.secured(Crowd::halfMessage));
      crowd.assertAdmits(10);
      crowd.come(1_500, tls ? Crowd::halfRecord : Crowd::halfHead);
      crowd.come(tls ? 150 : 1_500, crowd.secured(Crowd::keptHead));
      crowd.come(tls ? 50 : 100, crowd.secured(Crowd::halfBody));
      crowd.assertHouses(tls ? 50 : 200);
      crowd.publish();
      crowd.assertAdmits(10);
      crowd.assertNeighboursEcho();
      crowd.leave();
    }
  }

  /// Ten thousand of a kind, and what the neighbours' echoes take meanwhile.
  @ParameterizedTest
  @EnumSource
  @Tag("full")
  void isServedInACrowd(Kind kind) throws Exception {
    for (boolean tls : new boolean[] {false, true}) {
      try (Crowd crowd = new Crowd(transport(), tls, HEAP)) {
        crowd.come(kind.count, crowd.secured(kind.deed));
        after(crowd, tls, kind.toString());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = 10_000)
  @Tag("full")
  void isServedInACrowdOfHalfRecords(int count) throws Exception {
    try (Crowd crowd = new Crowd(transport(), true, HEAP)) {
      crowd.come(count, Crowd::halfRecord);
      after(crowd, true, "HALF_RECORD");
    }
  }

  /// A third of each at the same time.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("full")
  void isServedInAllCrowdsAtOnce(boolean tls) throws Exception {
    try (Crowd crowd = new Crowd(transport(), tls, HEAP)) {
      for (Kind kind : Kind.values()) {
        crowd.come(kind.count / 3, crowd.secured(kind.deed));
        crowd.assertAdmits(10);
      }
      if (tls) {
        crowd.come(10_000 / 3, Crowd::halfRecord);
      }
      after(crowd, tls, "ALL");
    }
  }

  private static void after(Crowd crowd, boolean tls, String kind) throws Exception {
    crowd.publish();
    crowd.assertHouses(tls ? 200 : 1_000);
    crowd.publish();
    crowd.assertAdmits(100);
    crowd.assertNeighboursEcho();
    Crowd.State state = crowd.state();
    crowd.leave();
    long p99Ms = crowd.p99Ms();
    System.getLogger("io.weft.crowd")
        .log(
            System.Logger.Level.INFO,
            "%s %s %s: the neighbours' p99 is %d ms; %s"
                .formatted(transport(), tls ? "TLS" : "plain", kind, p99Ms, state));
  }
}
