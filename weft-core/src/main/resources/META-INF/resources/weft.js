/**
 * weft.js: a WebSocket that comes back. One ES module without dependencies, for pages and Workers.
 * Part of Weft, Apache-2.0.
 *
 *     import { Live } from "/weft.js";
 *
 *     const live = new Live("/feed");
 *     live.addEventListener("open", (event) => event.send("subscribe"));
 *     live.addEventListener("message", (event) => console.log(event.data));
 *     live.send("kept until there is a connection");
 *
 *                 opened               close(code, reason)           ended
 *     connecting ────────> open ───────────────────────────> closing ──────> closed
 *        │  ^               │ ended                                            ^
 *        │  └── waiting <───┤                                                  │
 *        │ failed   ^ │     │ ended for good                                   │
 *        └──────────┘ └─────┴── close(code, reason) while there is no connection
 */

const DEFAULTS = {
  protocols: [],
  binaryType: "arraybuffer",
  firstDelay: 1_000,
  longestDelay: 30_000,
  provenAfter: 10_000,
  connectTimeout: 10_000,
  closeTimeout: 5_000,
  silentFor: Infinity,
  keptMessages: 1_024,
  keptBytes: 1 << 20,
  keptFor: 60_000,
  isFinal,
};

/** Bytes that the browser may have waiting; what is beyond waits here, where it can expire. */
const BUFFERED_BYTES = 256 << 10;

/** How often to look whether the browser has passed bytes on; there is no event for it. */
const LOOK_MS = 20;

/** The longest time that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** Bytes of a close reason (RFC 6455 §5.5.1). */
const REASON_BYTES = 123;

const utf8 = new TextEncoder();

/** Where a Live is, as its `state` says. */
export class StateEvent extends Event {
  constructor(state) {
    super("state");
    this.state = state;
  }
}

/** There is a connection; what is sent here goes out ahead of everything that was kept. */
export class OpenEvent extends Event {
  constructor(protocol, send) {
    super("open");
    this.protocol = protocol;
    this.send = send;
  }
}

/**
 * Whether to give up, unless told otherwise: a connection that was open ended with 1002 (protocol
 * error), 1008 (policy violation) or a code of the application (4000 to 4999). A browser does not
 * tell with which status a handshake was refused: to say "for good", accept and close with 4xxx.
 */
export function isFinal(why) {
  return why.code === 1002 || why.code === 1008 || (why.code >= 4000 && why.code <= 4999);
}

/** How long to wait: anything below a bound that doubles, so that not all come back at once. */
export function delay(failures, first, longest, random = Math.random) {
  return random() * Math.min(longest, first * 2 ** failures);
}

/** A connection that is made again when it ends. */
export class Live extends EventTarget {
  #target;
  #options;
  #state = { name: "connecting", attempt: 1 };
  #closed;
  #tellClosed;

  /** The present connection or attempt; what an older one still says is not heard. */
  #socket = null;
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;

  /** Connections and attempts in a row that came to nothing. */
  #failures = 0;

  /** Messages handed to the socket that have not left, then those that wait; in order. */
  #leaving = [];
  #waiting = [];
  #keptBytes = 0;
  #handedBytes = 0;
  #dropped = 0;

  #stepTimer; // of the state: to connect, to give up connecting, closing, or listening
  #lookTimer;
  #sweepTimer;
  #sweepsAt = Infinity;

  /**
   * @param target a ws, wss, http or https URL, relative to the page or Worker; or a function that
   *   gives one, or a promise of one, for each attempt
   * @param options see weft.d.ts
   */
  constructor(target, options = {}) {
    super();
    this.#options = checked(options);
    if (typeof target === "function") {
      this.#target = target;
    } else {
      const url = absolute(target); // what is wrong, is wrong now
      this.#target = () => url;
    }
    this.#closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    globalThis.addEventListener?.("online", this.#online);
    queueMicrotask(() => this.#connect()); // when there are listeners
  }

  get state() {
    return this.#state;
  }

  /** A promise of the last state, when it is there. */
  get closed() {
    return this.#closed;
  }

  get keptMessages() {
    return this.#leaving.length + this.#waiting.length;
  }

  get keptBytes() {
    return this.#keptBytes;
  }

  /**
   * Sends a message, now or when there is a connection.
   *
   * @return a promise of what became of it: "sent" (the browser has passed all of it on; that it
   *   arrives nobody says), "expired", "overflow" or "closed"
   */
  send(data, { within = this.#options.keptFor } = {}) {
    if (!(within > 0)) {
      throw new RangeError(`a message that may wait ${within} ms is never sent`);
    }
    const own = copied(data);
    const bytes = byteLength(own);
    if (this.#state.name === "closing" || this.#state.name === "closed") {
      return Promise.resolve("closed");
    }
    const isFull =
      this.keptMessages >= this.#options.keptMessages ||
      this.#keptBytes + bytes > this.#options.keptBytes;
    if (this.keptMessages > 0 && isFull) {
      return Promise.resolve("overflow");
    }
    return new Promise((settle) => {
      const expires = performance.now() + Math.min(within, this.#options.keptFor);
      this.#waiting.push({ data: own, bytes, expires, end: 0, settle });
      this.#keptBytes += bytes;
      this.#pump();
      if (expires < this.#sweepsAt) {
        this.#sweep();
      }
    });
  }

  /**
   * Ends it, in any state. On an open connection what was handed to the browser goes out first; all
   * else that is kept is dropped, and told as "closed". Does nothing the second time.
   */
  close(code = 1000, reason = "") {
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      throw new RangeError(`a browser may close with 1000 or 3000 to 4999, not ${code}`);
    }
    const bytes = utf8.encode(reason).length;
    if (bytes > REASON_BYTES) {
      throw new RangeError(`a close reason of ${bytes} bytes is over ${REASON_BYTES}`);
    }
    const ours = { code, reason, wasClean: true, opened: false };
    switch (this.#state.name) {
      case "open":
        this.#pump();
        this.#drop(this.#waiting);
        this.#step(this.#options.closeTimeout, () =>
          this.#gone({ ...ours, code: 1006, reason: "the server did not answer Close in time" }),
        );
        this.#socket?.close(code, reason); // there is none if it has just ended
        this.#become({ name: "closing" });
        break;
      case "connecting":
        this.#abandon();
        this.#end(ours);
        break;
      case "waiting":
        this.#end(ours);
        break;
      default: // it ends already
    }
  }

  // ---- Connections ------------------------------------------------------------------------------

  async #connect() {
    if (this.#state.name === "closed") {
      return; // at once
    }
    const attempt = ++this.#attempt;
    this.#become({ name: "connecting", attempt: this.#failures + 1 });
    if (attempt !== this.#attempt || this.#state.name !== "connecting") {
      return; // a listener has closed it
    }
    this.#step(this.#options.connectTimeout, () => this.#fail("no connection in time"));
    let url;
    try {
      url = absolute(await this.#target());
    } catch (error) {
      if (attempt === this.#attempt) {
        this.#fail(`no URL to connect to: ${error}`);
      }
      return;
    }
    if (attempt === this.#attempt) {
      this.#open(url);
    }
  }

  #open(url) {
    let socket;
    try {
      socket = new WebSocket(url, this.#options.protocols);
    } catch (error) {
      // An illegal subprotocol, or ws from a page that came by https: no attempt will do better.
      this.#abandon();
      this.#end({ code: 1006, reason: `${error}`, wasClean: false, opened: false });
      return;
    }
    socket.binaryType = this.#options.binaryType;
    this.#socket = socket;
    const ifPresent = (action) => (event) => {
      if (this.#socket === socket) {
        action(event);
      }
    };
    socket.onopen = ifPresent(() => this.#opened(socket));
    socket.onmessage = ifPresent((event) => this.#message(event));
    socket.onclose = ifPresent((event) => this.#gone(event));
  }

  #opened(socket) {
    this.#openedAt = performance.now();
    this.#heardAt = this.#openedAt;
    this.#handedBytes = 0;
    this.#listenOn();
    this.#become({ name: "open" });
    this.dispatchEvent(
      new OpenEvent(socket.protocol, (data) => {
        if (this.#socket === socket && socket.readyState === WebSocket.OPEN) {
          socket.send(data);
          this.#handedBytes += byteLength(data);
        }
      }),
    );
    this.#pump();
  }

  #message(event) {
    this.#heardAt = performance.now();
    this.dispatchEvent(
      new MessageEvent("message", { data: event.data, origin: event.origin }),
    );
  }

  /** Gives the connection up if nothing comes for too long. */
  #listenOn() {
    const left = this.#heardAt + this.#options.silentFor - performance.now();
    if (left > 0) {
      this.#step(left, () => this.#listenOn());
    } else {
      this.#gone({ code: 1006, reason: "nothing came for too long", wasClean: false });
    }
  }

  /** The connection is gone, or is given up; or the attempt to make one. */
  #gone({ code, reason, wasClean }) {
    const opened = this.#state.name !== "connecting";
    const why = { code, reason, wasClean, opened };
    const proven = opened && performance.now() - this.#openedAt >= this.#options.provenAfter;
    this.#settleSent();
    this.#abandon();
    this.#waiting.unshift(...this.#leaving.splice(0));
    if (opened) {
      this.dispatchEvent(new CloseEvent("close", why));
    }
    this.#lost(why, proven);
  }

  #fail(reason) {
    this.#gone({ code: 1006, reason, wasClean: false });
  }

  /** Forgets the present connection or attempt, and has the browser end it. */
  #abandon() {
    const socket = this.#socket;
    this.#socket = null;
    this.#attempt++;
    clearTimeout(this.#stepTimer);
    clearTimeout(this.#lookTimer);
    socket?.close();
  }

  #lost(why, proven) {
    this.#sweep();
    const givesUp = this.#state.name === "closing" || this.#givesUp(why);
    if (this.#state.name === "closed") {
      return; // by isFinal
    }
    if (givesUp || this.#state.name === "closing") {
      this.#end(why);
      return;
    }
    const { firstDelay, longestDelay } = this.#options;
    const ms = delay(proven ? 0 : this.#failures, firstDelay, longestDelay);
    this.#failures = proven ? 0 : this.#failures + 1;
    this.#step(ms, () => this.#connect());
    this.#become({ name: "waiting", until: new Date(Date.now() + ms), why });
  }

  #givesUp(why) {
    try {
      return this.#options.isFinal(why);
    } catch (error) {
      globalThis.reportError?.(error);
      return true;
    }
  }

  /** The network is back: there is no need to wait for long. */
  #online = () => {
    if (this.#state.name === "waiting") {
      this.#step(Math.random() * this.#options.firstDelay, () => this.#connect());
    }
  };

  #end(why) {
    globalThis.removeEventListener?.("online", this.#online);
    clearTimeout(this.#stepTimer);
    clearTimeout(this.#sweepTimer);
    this.#drop(this.#leaving);
    this.#drop(this.#waiting);
    this.#become({ name: "closed", why, dropped: this.#dropped });
    this.#tellClosed(this.#state);
  }

  #become(state) {
    this.#state = Object.freeze(state);
    this.dispatchEvent(new StateEvent(this.#state));
  }

  /** What happens next in this state, unless something else does before. */
  #step(ms, action) {
    clearTimeout(this.#stepTimer);
    this.#stepTimer = setTimeout(action, Math.min(ms, LONGEST_MS));
  }

  // ---- Messages ---------------------------------------------------------------------------------

  /** Hands over what waits, as far as the browser should take it, and comes back for the rest. */
  #pump() {
    clearTimeout(this.#lookTimer);
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || this.#state.name !== "open") {
      return;
    }
    this.#settleSent();
    const now = performance.now();
    while (this.#waiting.length > 0 && socket.bufferedAmount <= BUFFERED_BYTES) {
      const message = this.#waiting.shift();
      if (message.expires <= now) {
        this.#settle(message, "expired");
      } else {
        socket.send(message.data);
        this.#handedBytes += message.bytes;
        message.end = this.#handedBytes;
        this.#leaving.push(message);
      }
    }
    this.#settleSent();
    if (this.keptMessages > 0) {
      this.#lookTimer = setTimeout(() => this.#pump(), LOOK_MS);
    }
  }

  /** What the browser has passed on is kept no longer. */
  #settleSent() {
    const left = this.#handedBytes - (this.#socket?.bufferedAmount ?? 0);
    while (this.#leaving.length > 0 && this.#leaving[0].end <= left) {
      this.#settle(this.#leaving.shift(), "sent");
    }
  }

  /** Drops the messages whose time is over, and comes back for the next. */
  #sweep() {
    clearTimeout(this.#sweepTimer);
    const now = performance.now();
    const over = this.#waiting.filter((message) => message.expires <= now);
    if (over.length > 0) {
      this.#waiting = this.#waiting.filter((message) => message.expires > now);
      over.forEach((message) => this.#settle(message, "expired"));
    }
    const next = this.#waiting.reduce((least, { expires }) => Math.min(least, expires), Infinity);
    this.#sweepsAt = next;
    if (next < Infinity) {
      this.#sweepTimer = setTimeout(() => this.#sweep(), Math.min(next - now + 1, LONGEST_MS));
    }
  }

  #drop(messages) {
    this.#dropped += messages.length;
    messages.splice(0).forEach((message) => this.#settle(message, "closed"));
  }

  #settle(message, outcome) {
    this.#keptBytes -= message.bytes;
    message.settle(outcome);
  }
}

function checked(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!(name in DEFAULTS)) {
      throw new TypeError(`weft.js has no option ${name}`);
    }
    if (typeof DEFAULTS[name] === "number" && !(typeof value === "number" && value > 0)) {
      throw new RangeError(`${name} is ${value}; it must be above 0`);
    }
  }
  return { ...DEFAULTS, ...options };
}

/** A target as a WebSocket's URL; older browsers take no relative one and no http. */
function absolute(target) {
  const url = new URL(target, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(url.protocol)) {
    throw new SyntaxError(`${target} is no URL of a WebSocket`);
  }
  return url;
}

/** The sender may change what it gave; a message may not. */
function copied(data) {
  if (data instanceof ArrayBuffer) {
    return data.slice(0);
  } else if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  } else if (typeof data === "string" || data instanceof Blob) {
    return data;
  }
  throw new TypeError("a message is a string, an ArrayBuffer or a view of one, or a Blob");
}

function byteLength(data) {
  if (typeof data === "string") {
    return utf8.encode(data).length;
  }
  return data.byteLength ?? data.size;
}
