// The composer: what the user writes, checked and turned into a message; history; sending again
// and again. It knows no socket: it is given a way to send and told whether that is open.

import { checkJson, count, InvalidInput, parseBase64, parseHex, prettyJson, utf8Bytes } from "./payload.js";

const HISTORY = 50;
// Checking JSON at each key is worth it only while it is quick.
const LIVE_CHECK_CHARS = 256 << 10;
// A repeat waits while more than this is queued in the browser, or it would fill the memory.
const REPEAT_BUFFER_BYTES = 1 << 20;
const MAX_REPEATS = 100_000;

const $ = (id) => document.getElementById(id);

export class Composer {
  #link;
  #history = []; // oldest first; each { mode, encoding, text }
  #recalled = 0; // index into #history; its length means the draft
  #draft = null;
  #repeat = null; // { left, total, timer } while sending again and again

  /** link: { closedBecause(): string ("" when open), send(string|Uint8Array), bufferedAmount() }. */
  constructor(link) {
    this.#link = link;
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#repeat) this.#stop();
      else this.#send();
    });
    $("message").addEventListener("keydown", (event) => this.#keyed(event));
    $("pretty-print").addEventListener("click", () => this.#prettyPrint());
    for (const id of ["message", "mode", "encoding", "file"]) {
      $(id).addEventListener("input", () => this.refresh());
    }
    this.refresh();
  }

  /** Fills in an example, unless there is something the user wrote. */
  suggest(mode, text) {
    if ($("message").value) return;
    $("mode").value = mode;
    $("message").value = text;
    this.refresh();
  }

  /** Shows what the mode needs, whether one may send, and how large the message is. */
  refresh() {
    const { mode, encoding } = this.#mode();
    const fromFile = mode === "binary" && encoding === "file";
    $("encoding").hidden = mode !== "binary";
    $("pretty-print").hidden = mode !== "json";
    $("message").hidden = fromFile;
    $("file").hidden = !fromFile;
    $("message").placeholder =
      { text: "Message", json: '{"type":"hello"}', binary: encoding === "hex" ? "48 65 6c 6c 6f" : "SGVsbG8=" }[mode];

    const closed = this.#link.closedBecause();
    if (closed && this.#repeat) this.#stop();
    $("send").disabled = Boolean(closed);
    $("send").textContent = this.#repeat ? "Stop" : "Send";
    if (this.#repeat) this.#hint(`${count(this.#repeat.left)} of ${count(this.#repeat.total)} left to send`);
    else this.#describe(closed);
  }

  #describe(closed) {
    const parts = [];
    let invalid = false;
    try {
      const length = this.#length();
      parts.push(length === null ? "no file chosen" : `${count(length)} ${length === 1 ? "byte" : "bytes"}`);
    } catch (error) {
      invalid = true;
      parts.push(error.message);
    }
    if (closed) parts.unshift(closed);
    this.#hint(parts.join(" · "), invalid);
  }

  #hint(text, invalid = false) {
    $("send-hint").textContent = text;
    $("send-hint").classList.toggle("error", invalid);
    $("message").setAttribute("aria-invalid", invalid);
  }

  #mode() {
    return { mode: $("mode").value, encoding: $("encoding").value };
  }

  #length() {
    const { mode, encoding } = this.#mode();
    const text = $("message").value;
    if (mode === "binary" && encoding === "file") return $("file").files[0]?.size ?? null;
    if (mode === "binary") return this.#typed().length;
    // An empty field is no mistake yet, while one only looks.
    if (mode === "json" && text && text.length < LIVE_CHECK_CHARS) checkJson(text);
    return utf8Bytes(text);
  }

  /** What is typed as a message: a string or bytes. */
  #typed() {
    const { mode, encoding } = this.#mode();
    const text = $("message").value;
    if (mode === "json") checkJson(text);
    if (mode !== "binary") return text;
    return encoding === "hex" ? parseHex(text) : parseBase64(text);
  }

  async #read() {
    if ($("file").hidden) return this.#typed();
    const file = $("file").files[0];
    if (!file) throw new InvalidInput("Choose a file first.", "file");
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new InvalidInput(`The file ${file.name} can no longer be read.`, "file");
    }
  }

  async #send() {
    if (this.#link.closedBecause()) return;
    try {
      const { times, everyMs } = readRepeat();
      const message = await this.#read();
      if (this.#link.closedBecause()) return; // it closed while a file was read
      this.#remember();
      if (times > 1) {
        this.#start(message, times, everyMs);
      } else {
        this.#link.send(message);
        if ($("file").hidden) $("message").value = "";
      }
      this.refresh();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      this.#hint(error.message, true);
      $(error.field).focus();
      if (error.index !== undefined) $("message").setSelectionRange(error.index, error.index + 1);
    }
  }

  #prettyPrint() {
    const text = $("message").value;
    try {
      checkJson(text);
      $("message").value = prettyJson(text);
      this.refresh();
    } catch (error) {
      this.#hint(error.message, true);
      $("message").focus();
      $("message").setSelectionRange(error.index, error.index + 1);
    }
  }

  // ----------------------------------------------------------------------------- repeat

  /** Sends by the clock, not by the timer: browsers fire timers late, so a tick sends all due. */
  #start(message, total, everyMs) {
    const startedAt = performance.now();
    const repeat = { left: total, total, timer: 0 };
    const tick = () => {
      const due = everyMs ? 1 + Math.floor((performance.now() - startedAt) / everyMs) : total;
      while (repeat.left && total - repeat.left < due && this.#link.bufferedAmount() < REPEAT_BUFFER_BYTES) {
        this.#link.send(message);
        repeat.left--;
      }
      if (!repeat.left) this.#stop();
      else this.refresh();
    };
    this.#repeat = repeat;
    repeat.timer = setInterval(tick, Math.max(everyMs, 10));
    tick();
  }

  #stop() {
    clearInterval(this.#repeat.timer);
    this.#repeat = null;
    this.refresh();
  }

  // ---------------------------------------------------------------------------- history

  #keyed(event) {
    if (event.isComposing) return; // Enter then ends a Chinese or Japanese input, not the message
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!this.#repeat) this.#send();
    } else if (event.key === "ArrowUp" && this.#caretOnEdge("first")) {
      if (this.#recall(-1)) event.preventDefault();
    } else if (event.key === "ArrowDown" && this.#caretOnEdge("last")) {
      if (this.#recall(+1)) event.preventDefault();
    }
  }

  #caretOnEdge(line) {
    const { value, selectionStart, selectionEnd } = $("message");
    if (selectionStart !== selectionEnd) return false;
    return !(line === "first" ? value.slice(0, selectionStart) : value.slice(selectionEnd)).includes("\n");
  }

  #remember() {
    const entry = { ...this.#mode(), text: $("message").value };
    const last = this.#history.at(-1);
    if (entry.text && (entry.text !== last?.text || entry.mode !== last?.mode)) this.#history.push(entry);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.#recalled = this.#history.length;
  }

  #recall(step) {
    const to = this.#recalled + step;
    if (to < 0 || to > this.#history.length) return false;
    if (this.#recalled === this.#history.length) this.#draft = { ...this.#mode(), text: $("message").value };
    this.#recalled = to;
    const { mode, encoding, text } = this.#history[to] ?? this.#draft;
    $("mode").value = mode;
    $("encoding").value = encoding;
    $("message").value = text;
    this.refresh();
    return true;
  }
}

function readRepeat() {
  const times = Number($("repeat-count").value || 1);
  const everyMs = Number($("repeat-interval").value || 0);
  if (!Number.isInteger(times) || times < 1 || times > MAX_REPEATS) {
    throw new InvalidInput(`Send 1 to ${count(MAX_REPEATS)} times.`, "repeat-count");
  }
  if (!(everyMs >= 0 && everyMs <= 60_000)) {
    throw new InvalidInput("The interval is 0 to 60,000 ms.", "repeat-interval");
  }
  return { times, everyMs };
}
