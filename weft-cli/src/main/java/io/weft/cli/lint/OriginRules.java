package io.weft.cli.lint;

import static io.weft.cli.lint.Rule.must;
import static io.weft.cli.lint.Rule.should;

import io.weft.cli.lint.Rule.Need;
import java.io.IOException;
import java.util.List;

/// Who may connect: RFC 6455 §10.2. A server that takes every origin lets any page that a user
/// opens talk to it with that user's cookies (cross-site WebSocket hijacking).
final class OriginRules {

  private static final String FOREIGN = "https://weft-lint.invalid";
  private static final String REFUSED = "403, or another refusal";
  private static final String HIJACKING = ": open to cross-site WebSocket hijacking";

  private OriginRules() {}

  static List<Rule> all() {
    return List.of(
        should(
            "origin/foreign", "§10.2", "Origin: " + FOREIGN, REFUSED, lab -> refuses(lab, FOREIGN)),
        should(
            "origin/null",
            "§10.2",
            "Origin: null, of a page from a file or in a sandbox",
            REFUSED,
            lab -> refuses(lab, "null")),
        should(
            "origin/look-alike",
            "§10.2",
            "origins that begin or end with the server's own",
            REFUSED,
            OriginRules::lookAlike,
            Need.ORIGINS),
        should(
            "origin/two",
            "RFC 6454 §7.3",
            "two Origins, the allowed one and a foreign one",
            REFUSED,
            lab -> refuses(lab.refuses(own(lab).add("Origin", FOREIGN)))),
        must(
            "origin/own",
            "§10.2",
            "the origin of the server's own pages, or the one of --origin",
            "101 with the right Accept",
            lab -> lab.accepts(own(lab))));
  }

  private static Request own(Lab lab) {
    String allowed = lab.target().origin();
    return lab.request().set("Origin", allowed == null ? lab.target().ownOrigin() : allowed);
  }

  private static Verdict refuses(Lab lab, String origin) throws IOException, InterruptedException {
    return refuses(lab.refuses(lab.request().set("Origin", origin)));
  }

  private static Verdict refuses(Verdict verdict) {
    return verdict.outcome() == Outcome.FAIL && verdict.seen().startsWith("101")
        ? Verdict.fail("101" + HIJACKING)
        : verdict;
  }

  private static Verdict lookAlike(Lab lab) throws IOException, InterruptedException {
    String allowed = lab.target().origin();
    String own = allowed == null ? lab.target().ownOrigin() : allowed;
    int host = own.indexOf("://") + "://".length();
    for (String like :
        List.of(
            own + ".weft-lint.invalid",
            own.substring(0, host) + "weft-lint" + own.substring(host),
            FOREIGN + "/" + own)) {
      Verdict verdict = refuses(lab, like);
      if (!verdict.isOk()) {
        return verdict.of(like);
      }
    }
    return Verdict.ok("each was refused");
  }
}
