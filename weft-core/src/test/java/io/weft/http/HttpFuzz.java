package io.weft.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Locale.ROOT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weft.ws.ExtensionOffer;
import io.weft.ws.Upgrade;
import java.util.Arrays;
import java.util.List;

/// Any bytes are messages or a refusal, whatever the split; any text is a URL or none. What is let
/// through is written and read again as the same. The inputs in `HttpFuzzInputs` are read with
/// every test run; `JAZZER_FUZZ=1` looks for more.
final class HttpFuzz {

  private static final Url BASE = Url.parse("ws://a/b/c?d");

  /// The first byte says who reads (0: a server) and where the bytes are cut; the rest is read.
  @FuzzTest(maxDuration = "5m")
  void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    boolean requests = (input[0] & 1) == 0;
    byte[] wire = Arrays.copyOfRange(input, 1, input.length);
    int cut = Math.min((input[0] & 0xFF) >> 1, wire.length);
    List<String> events = Reading.read(reader(requests), wire);
    assertEquals(events, Reading.read(reader(requests), wire, cut), "cut at byte " + cut);
    if (new String(wire, ISO_8859_1).contains("|")) {
      return; // legal in a query, and what stands for an end of line in the events
    }
    for (String event : events) {
      if (event.endsWith("||") && !event.startsWith("BODY ") && !event.startsWith("REST ")) {
        judge(event, requests);
      }
    }
  }

  private static Http1 reader(boolean requests) {
    return requests ? Http1.ofRequests(32, 256, 6, 16) : Http1.ofResponses(32, 256, 6, 16);
  }

  private static void judge(String text, boolean requests) {
    byte[] wire = text.replace("|", "\r\n").getBytes(ISO_8859_1);
    Http1 reader = requests ? Http1.ofRequests(64, 512, 7, 16) : Http1.ofResponses(64, 512, 7, 16);
    assertEquals(text.replace("\r\n", "|"), Reading.read(reader, wire).getFirst());
    Head head = new Head(wire);
    assertEquals(requests, head.isRequest());
    for (Head.Field field : head) {
      assertTrue(head.headers(field.name()).contains(field.value()), text);
    }
    if (requests) {
      Upgrade.judge(head);
    }
  }

  @FuzzTest(maxDuration = "5m")
  void parse(byte[] input) {
    String text = new String(input, UTF_8);
    Url.isSameOrigin(text, "a");
    Url.isSameOrigin("http://a", text);
    try {
      Url url = Url.parse(text);
      assertEquals(url, Url.parse(url.scheme() + "://" + url.authority() + url.target()));
      assertEquals(url.origin(), Url.origin(url.origin()));
      assertEquals(
          url, Url.parse(url.scheme() + "://" + url.authority().toUpperCase(ROOT) + url.target()));
    } catch (Url.Malformed none) {
      assertTrue(none.position <= text.length(), none.getMessage());
    }
    try {
      Url url = Url.ofPeople(text);
      String sent = url.scheme() + "://" + url.authority() + url.target();
      assertEquals(url, Url.parse(sent), text);
      assertEquals(url, Url.ofPeople(sent), text);
      assertEquals(url.authority(), url.resolve("//" + url.authority()).authority());
      url.query("a");
    } catch (Url.Malformed none) {
      assertTrue(none.position <= text.length(), none.getMessage());
    }
    try {
      Url found = BASE.resolve(text);
      assertEquals(
          found, found.resolve(found.scheme() + "://" + found.authority() + found.target()));
    } catch (Url.Malformed none) {
      assertTrue(none.position >= 0, none.getMessage());
    }
    try {
      Target target = Target.of(text);
      assertTrue(target.path().startsWith("/"), text);
      target.query("a");
    } catch (HttpException refusal) {
      assertEquals(400, refusal.status);
    }
    try {
      List<ExtensionOffer> offers = ExtensionOffer.parse(text);
      String written = offers.toString();
      assertEquals(offers, ExtensionOffer.parse(written.substring(1, written.length() - 1)));
    } catch (HttpException refusal) {
      assertEquals(400, refusal.status);
    }
  }
}
