// The timeline: a bounded list of what was sent, received and happened. Adding an entry only
// appends to an array; rows are made once a frame, so that a thousand messages a second cost the
// page sixty updates. Payloads reach the page through textContent and nothing else.

import { clockTime, count, hexdump, isJson, prettyJson, size, toBase64, toHex, utf8Bytes, visible } from "./payload.js";

const MAX_ROWS = 2000;
// Entries keep whole payloads, for "show all" and export; so their bytes are bounded as well.
const MAX_BYTES = 64 << 20;
// A row shows this much until one asks for all of it.
const SHORT_CHARS = 600;
const SHORT_LINES = 8;
const SHORT_BINARY_BYTES = 64;
// Filtering looks at the beginning of a long message only, to stay quick while one types.
const SEARCHED_CHARS = 64 << 10;
// From here on, rows out of sight are not laid out (see .long in console.css).
const LONG_ROWS = 200;
// Closer to the end than this, in pixels, counts as being there.
const END_SLACK = 24;

const DIRECTIONS = { in: "received", out: "sent", event: "event" };
const KINDS = { text: "text", json: "JSON", binary: "binary" };
const narrow = matchMedia("(max-width: 700px)");

export class Timeline {
  #list;
  #template;
  #onChange;
  #entries = []; // oldest first
  #heldBytes = 0; // of all entries
  #rows = new Map(); // seq -> li, for entries already on the page
  #nextSeq = 0;
  #nextRow = 0; // seq of the first entry that has no row yet
  #frame = 0; // the animation frame asked for, or 0
  #following = true;
  #restingTop = 0; // scrollTop as the last frame left it
  #needle = "";
  #shows = new Set(Object.keys(DIRECTIONS));

  paused = false;
  pretty = false;
  dropped = 0;
  unseen = 0; // rows added below what the user looks at

  /** onChange is called after each frame that changed counts, to let the page show them. */
  constructor(list, template, onChange) {
    this.#list = list;
    this.#template = template;
    this.#onChange = onChange;
    list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("keydown", (event) => this.#keyed(event));
    new ResizeObserver(() => this.#following && this.toEnd()).observe(list);
  }

  get length() {
    return this.#entries.length;
  }

  get held() {
    return this.paused ? Math.min(this.#nextSeq - this.#nextRow, this.length) : 0;
  }

  get matching() {
    let rows = 0;
    for (const row of this.#rows.values()) if (!row.hidden) rows++;
    return rows;
  }

  /** Adds a message: a string, bytes, or a Blob whose bytes are read in time. */
  message(direction, data, at = Date.now()) {
    if (typeof data === "string") {
      const kind = isJson(data) ? "json" : "text";
      this.#add({ direction, kind, at, size: utf8Bytes(data), text: data });
    } else if (data instanceof Blob) {
      const entry = { direction, kind: "binary", at, size: data.size, bytes: null };
      this.#add(entry);
      // The row keeps its place in the order; only its payload comes later.
      data.arrayBuffer().then(
        (buffer) => this.#bytesCame(entry, new Uint8Array(buffer)),
        () => this.#bytesCame(entry, new Uint8Array()),
      );
    } else {
      this.#add({ direction, kind: "binary", at, size: data.length, bytes: data });
    }
  }

  /**
   * Adds a line about the connection itself; kind is open, close, error or info. What a recording
   * says of it, if anything, is in record: direction, kind, code and payload.
   */
  event(kind, text, record) {
    this.#add({ direction: "event", kind, at: Date.now(), size: 0, text, record });
  }

  clear() {
    this.#entries = [];
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#heldBytes = 0;
    this.#nextRow = this.#nextSeq;
    this.dropped = 0;
    this.unseen = 0;
    this.#following = true;
    this.#onChange();
  }

  setPaused(paused) {
    this.paused = paused;
    this.#schedule();
  }

  setPretty(pretty) {
    this.pretty = pretty;
    for (const entry of this.#entries) {
      if (entry.kind === "json") {
        entry.unfolded = pretty;
        this.#fill(entry);
      }
    }
    if (this.#following) this.toEnd();
  }

  /** Shows only rows that hold the text, in any case, and go in one of the directions. */
  setFilter(text, directions) {
    this.#needle = text.trim().toLowerCase();
    this.#shows = new Set(directions);
    for (const entry of this.#entries) {
      const row = this.#rows.get(entry.seq);
      if (row) row.hidden = !this.#matches(entry);
    }
    if (this.#following) this.toEnd();
    this.#onChange();
  }

  toEnd() {
    this.#following = true;
    this.unseen = 0;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#restingTop = this.#list.scrollTop;
    this.#onChange();
  }

  /** What is kept as a recording, an object a line: what `weft connect --replay` reads. */
  recording() {
    const lines = [];
    for (const { at, direction, kind, text, bytes, record } of this.#entries) {
      const time = new Date(at).toISOString();
      if (record) {
        lines.push({ time, ...record });
      } else if (kind === "binary") {
        lines.push({ time, direction: DIRECTIONS[direction], kind, payload: toBase64(bytes ?? new Uint8Array()) });
      } else if (direction !== "event") {
        lines.push({ time, direction: DIRECTIONS[direction], kind: "text", payload: text });
      }
    }
    return lines.map((line) => JSON.stringify(line) + "\n").join("");
  }

  // --------------------------------------------------------------------------- entries

  #add(entry) {
    entry.seq = this.#nextSeq++;
    entry.unfolded = entry.kind === "json" && this.pretty;
    entry.whole = false;
    this.#entries.push(entry);
    this.#heldBytes += entry.size;
    while (this.length > MAX_ROWS || (this.#heldBytes > MAX_BYTES && this.length > 1)) {
      this.#heldBytes -= this.#entries.shift().size;
      this.dropped++;
    }
    this.#schedule();
  }

  #bytesCame(entry, bytes) {
    entry.bytes = bytes;
    this.#fill(entry);
    if (this.#following) this.#schedule();
  }

  #matches(entry) {
    if (!this.#shows.has(entry.direction)) return false;
    if (!this.#needle) return true;
    const text = entry.text ?? hexdump((entry.bytes ?? new Uint8Array()).subarray(0, SEARCHED_CHARS / 4));
    return text.slice(0, SEARCHED_CHARS).toLowerCase().includes(this.#needle);
  }

  // ------------------------------------------------------------------------------ rows

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.paused) this.#render();
      this.#onChange();
    });
  }

  #render() {
    const oldest = this.#entries[0]?.seq ?? this.#nextSeq;
    const fresh = document.createDocumentFragment();
    for (let seq = Math.max(this.#nextRow, oldest); seq < this.#nextSeq; seq++) {
      const row = this.#row(this.#entries[seq - oldest]);
      if (!this.#following && !row.hidden) this.unseen++;
      fresh.append(row);
    }
    this.#nextRow = this.#nextSeq;
    for (const [seq, row] of this.#rows) {
      if (seq >= oldest) break;
      row.remove();
      this.#rows.delete(seq);
    }
    this.#list.append(fresh);
    this.unseen = Math.min(this.unseen, this.length);
    this.#list.classList.toggle("long", this.length > LONG_ROWS);
    if (this.#following) this.#list.scrollTop = this.#list.scrollHeight;
    this.#restingTop = this.#list.scrollTop;
  }

  #row(entry) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.direction = entry.direction;
    row.dataset.kind = entry.kind;
    row.dataset.seq = entry.seq;
    row.hidden = !this.#matches(entry);
    const time = row.querySelector(".time");
    time.textContent = clockTime(entry.at);
    time.dateTime = new Date(entry.at).toISOString();
    row.querySelector(".direction").textContent = DIRECTIONS[entry.direction];
    row.querySelector(".kind").textContent = KINDS[entry.kind] ?? "";
    row.querySelector(".size").textContent = entry.direction === "event" ? "" : size(entry.size);
    this.#rows.set(entry.seq, row);
    this.#fill(entry);
    return row;
  }

  /** Writes an entry's payload into its row, as folded and as short as it is to be now. */
  #fill(entry) {
    const row = this.#rows.get(entry.seq);
    if (!row) return;
    const { text, short } = shown(entry);
    row.querySelector(".payload").textContent = text;
    row.classList.toggle("unfolded", entry.unfolded);
    row.classList.toggle("whole", entry.whole);

    const fold = row.querySelector(".fold");
    fold.hidden = entry.kind !== "json";
    fold.textContent = entry.unfolded ? "fold" : "pretty";
    const all = row.querySelector(".show-all");
    all.hidden = !short && !entry.whole;
    all.textContent = entry.whole ? "show less" : `show all ${count(entry.size)} bytes`;
  }

  // --------------------------------------------------------------------------- the user

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    if (scrollHeight - scrollTop - clientHeight < END_SLACK) {
      if (!this.#following) this.toEnd();
    } else if (scrollTop < this.#restingTop) {
      // Only upwards: rows added below move the end away without anybody having scrolled.
      this.#following = false;
    }
    this.#restingTop = scrollTop;
  }

  #entryOf(node) {
    const row = node.closest(".row");
    return row && this.#entries[row.dataset.seq - this.#entries[0].seq];
  }

  #clicked({ target }) {
    const entry = this.#entryOf(target);
    if (!entry) return;
    if (target.matches(".fold")) this.#toggle(entry, "unfolded");
    if (target.matches(".show-all")) this.#toggle(entry, "whole");
    if (target.matches(".copy")) this.#copy(entry, target);
  }

  #toggle(entry, what) {
    entry[what] = !entry[what];
    this.#fill(entry);
  }

  /** Copies the payload as it was on the wire: text as it is, binary as hex. */
  async #copy(entry, button) {
    const done = await copyText(entry.text ?? toHex(entry.bytes ?? new Uint8Array()));
    button.textContent = done ? "copied" : "failed";
    setTimeout(() => (button.textContent = "copy"), 1200);
  }

  #keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest(".row");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.#moveFocus(row, event.key === "ArrowDown");
    } else if (row && event.key === " " && event.target === row) {
      const entry = this.#entryOf(row);
      if (entry?.kind === "json") this.#toggle(entry, "unfolded");
      else if (entry && !row.querySelector(".show-all").hidden) this.#toggle(entry, "whole");
    } else if (row && event.key === "c") {
      row.querySelector(".copy").click();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #moveFocus(from, down) {
    let next = from;
    do {
      if (next) next = down ? next.nextElementSibling : next.previousElementSibling;
      else next = down ? this.#list.firstElementChild : this.#list.lastElementChild;
    } while (next?.hidden);
    next?.focus();
  }
}

/** The text a row shows for an entry, and whether it is less than all of it. */
function shown(entry) {
  if (entry.kind === "binary") {
    if (!entry.bytes) return { text: "…", short: false };
    const short = !entry.whole && entry.bytes.length > SHORT_BINARY_BYTES;
    const bytes = short ? entry.bytes.subarray(0, SHORT_BINARY_BYTES) : entry.bytes;
    return { text: hexdump(bytes, narrow.matches ? 8 : 16), short };
  }
  const text = visible(entry.unfolded ? prettyJson(entry.text) : entry.text);
  if (entry.whole || entry.direction === "event") return { text, short: false };
  let end = Math.min(text.length, SHORT_CHARS);
  if (!entry.unfolded) end = Math.min(end, endOfLine(text, SHORT_LINES));
  else end = Math.min(text.length, SHORT_CHARS * 4);
  // Not between the two halves of a surrogate pair.
  if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1])) end--;
  return end < text.length ? { text: text.slice(0, end) + " …", short: true } : { text, short: false };
}

function endOfLine(text, lines) {
  let end = -1;
  for (let i = 0; i < lines; i++) {
    end = text.indexOf("\n", end + 1);
    if (end < 0) return text.length;
  }
  return end;
}

/** Copies text; over plain http on a LAN there is no navigator.clipboard, so the old way remains. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.className = "unseen";
    area.value = text;
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}
