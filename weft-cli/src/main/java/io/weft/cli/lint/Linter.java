package io.weft.cli.lint;

import io.weft.cli.lint.Rule.Need;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Holds a server against the rules: meets it, and then sends what they send, a few at a time.
public final class Linter {

  /// Whether an endpoint echoes.
  public enum Echo {
    /// As it proves to do when it is met.
    AUTO,
    /// It must; what needs an echo fails without.
    YES,
    /// It does not; what needs an echo is skipped.
    NO;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What is told of a run while it goes on.
  public interface Listener {
    /// The endpoint was met.
    void met(Facts facts);

    /// A rule was judged; in the order of the rules.
    void found(Finding finding);
  }

  /// The server cannot be reached, or what is there opens no WebSocket.
  public static final class Unreachable extends Exception {

    private static final long serialVersionUID = 1;

    Unreachable(String why, @Nullable Throwable cause) {
      super(why, cause);
    }
  }

  /// For an echo to come behind the pong, in ns.
  private static final long ECHO_NS = 500_000_000;

  /// Who bears a silent client for longer has no limit worth the name.
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final Target target;
  private final Echo echo;
  private final Duration longest;

  /// Makes a linter; it connects to nobody before it runs.
  public Linter(Target target, Echo echo) {
    this(target, echo, LONGEST);
  }

  /// The same with another measure of patience.
  ///
  /// @param longest that a server may bear a client which says nothing, or too little
  Linter(Target target, Echo echo, Duration longest) {
    this.target = target;
    this.echo = echo;
    this.longest = longest;
  }

  private static Stream<Rule> rules() {
    return Stream.of(
            HandshakeRules.all(),
            FrameRules.all(),
            TextRules.all(),
            CloseRules.all(),
            DeflateRules.all(),
            OriginRules.all(),
            LimitRules.all())
        .flatMap(List::stream);
  }

  /// Every rule, not judged, in order.
  public static List<Finding> list() {
    return rules().map(rule -> finding(rule, Verdict.skipped(""), 0)).toList();
  }

  /// Judges rules.
  ///
  /// @param ids of the rules to judge
  /// @return what was found, in the order of the rules
  /// @throws Unreachable if there is nothing to judge
  public List<Finding> run(Set<String> ids, Listener listener)
      throws InterruptedException, Unreachable {
    try (Dialer dialer = new Dialer(target);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Facts facts = meet(dialer);
      listener.met(facts);
      Lab lab = new Lab(dialer, target, facts, longest);
      List<Rule> rules = rules().filter(rule -> ids.contains(rule.id())).toList();
      Semaphore places = new Semaphore(target.connections(), true);
      List<Future<Finding>> pending = new ArrayList<>();
      for (Rule rule : rules) {
        if (!rule.needs().contains(Need.END)) {
          pending.add(threads.submit(() -> judge(rule, lab, facts, places)));
        }
      }
      List<Finding> findings = collect(pending, listener::found);
      for (Rule rule : rules) {
        if (rule.needs().contains(Need.END)) {
          Finding finding = judge(rule, lab, facts);
          findings.add(finding);
          listener.found(finding);
        }
      }
      return findings;
    }
  }

  private static List<Finding> collect(List<Future<Finding>> pending, Consumer<Finding> listener)
      throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    try {
      for (Future<Finding> next : pending) {
        Finding finding = next.get();
        findings.add(finding);
        listener.accept(finding);
      }
      return findings;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a rule could not be judged", e.getCause());
    } finally {
      pending.forEach(next -> next.cancel(true));
    }
  }

  private Finding judge(Rule rule, Lab lab, Facts facts, Semaphore places)
      throws InterruptedException {
    if (rule.needs().contains(Need.TIME)) {
      return judge(rule, lab, facts);
    }
    places.acquire();
    try {
      return judge(rule, lab, facts);
    } finally {
      places.release();
    }
  }

  private Finding judge(Rule rule, Lab lab, Facts facts) throws InterruptedException {
    long startNs = System.nanoTime();
    Verdict verdict = verdict(rule, lab, facts);
    if (verdict.outcome() == Outcome.FAIL && !rule.isMust()) {
      verdict = Verdict.warn(verdict.seen());
    }
    return finding(rule, verdict, (System.nanoTime() - startNs) / 1_000_000);
  }

  private static Verdict verdict(Rule rule, Lab lab, Facts facts) throws InterruptedException {
    for (Need need : Need.values()) { // in their order, the plainest reason first
      if (rule.needs().contains(need) && !facts.met().contains(need)) {
        return Verdict.skipped(need.missing());
      }
    }
    try {
      return rule.check().check(lab);
    } catch (Breach breach) {
      return Verdict.fail(String.valueOf(breach.getMessage()));
    } catch (IOException e) {
      return Verdict.fail("no connection: " + e.getMessage());
    }
  }

  private static Finding finding(Rule rule, Verdict verdict, long ms) {
    return new Finding(
        rule.id(), rule.section(), verdict.outcome(), rule.sent(), rule.must(), verdict.seen(), ms);
  }

  // ---- Meeting ----------------------------------------------------------------------------------

  private Facts meet(Dialer dialer) throws InterruptedException, Unreachable {
    Set<Need> met = EnumSet.noneOf(Need.class);
    Lab lab = new Lab(dialer, target, Facts.of(met, ""), longest);
    try {
      Request request = lab.request();
      Answer answer = lab.answer(request);
      if (!answer.isUpgrade()) {
        throw new Unreachable("it opens no WebSocket there, but answers: " + answer.seen(), null);
      }
      meetMessages(lab, Frame.text("weft lint"), Need.TEXT, Need.TEXT_ECHO, met);
      meetMessages(lab, Frame.binary(new byte[] {0, 1, 2}), Need.BINARY, Need.BINARY_ECHO, met);
      if (!lab.answer(lab.request().set("Origin", "https://weft-lint.invalid")).isUpgrade()) {
        met.add(Need.ORIGINS);
      }
      Answer offered = lab.answer(DeflateRules.offering(lab, "permessage-deflate"));
      if (offered.isUpgrade() && !offered.all("Sec-WebSocket-Extensions").isEmpty()) {
        met.add(Need.DEFLATE);
      }
      return Facts.of(met, proxy(lab, answer));
    } catch (IOException e) {
      throw new Unreachable(String.valueOf(e.getMessage()), e);
    } catch (Breach breach) {
      return Facts.of(met, ""); // the rules will tell
    }
  }

  /// Who stands in front of the server; empty if nothing shows.
  private static String proxy(Lab lab, Answer sound) throws InterruptedException {
    try {
      return Facts.proxy(sound, lab.answer(lab.request().line("no header at all")));
    } catch (IOException e) {
      return ""; // what such a request does to it, the rules will tell
    }
  }

  private void meetMessages(Lab lab, Frame message, Need takes, Need echoes, Set<Need> met)
      throws IOException, InterruptedException, Breach {
    if (echo == Echo.YES) {
      met.add(takes);
      met.add(echoes);
      return;
    }
    try (Session session = lab.upgrade()) {
      Frame ping = Session.newPing();
      session.send(message, ping);
      boolean answered = false;
      for (Frame frame = session.next(); frame != null; frame = session.next()) {
        if (frame.is(message.opcode(), message.payload()) && echo == Echo.AUTO) {
          met.add(takes);
          met.add(echoes);
          return;
        } else if (frame.opcode() == Frame.CLOSE) {
          return;
        } else if (frame.is(Frame.PONG, ping.payload())) {
          answered = true;
          session.wire().waitNs(ECHO_NS); // a handler on another thread answers later
        }
      }
      if (answered) {
        met.add(takes);
      }
    }
  }
}
