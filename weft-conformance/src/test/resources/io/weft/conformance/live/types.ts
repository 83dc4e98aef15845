// What a user of weft.d.ts writes; it is compiled, and lines marked as errors must be errors.
import { Live, delay, isFinal, type Closed, type Outcome } from "./weft.js";

const live = new Live(async () => new URL("wss://example.com/feed"), {
  protocols: ["v2.chat"],
  isFinal: (why) => isFinal(why) && why.code !== 4100,
});
live.addEventListener("open", (event) => event.send(new Uint8Array(3)));
live.addEventListener("message", ({ data }) => {
  const text: string = typeof data === "string" ? data : "";
  live.send(text, { within: delay(0, 1, 2) }).then((outcome: Outcome) => outcome === "sent");
});
live.addEventListener("state", ({ state }) => {
  if (state.name === "waiting") {
    const until: Date = state.until;
    // @ts-expect-error: nothing is dropped yet
    state.dropped;
    return until;
  }
});
const closed: Closed = await live.closed;
const dropped: number = closed.dropped;
// @ts-expect-error: no such option
new Live("/feed", { firstDelays: dropped });
// @ts-expect-error: a number is no message
live.send(3);
// @ts-expect-error: it is told, not set
live.state = closed;
