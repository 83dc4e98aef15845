/** Types of weft.js: a WebSocket that comes back. */

/** What a message may be. Binary data is copied when it is given. */
export type Data = string | ArrayBuffer | ArrayBufferView | Blob;

/**
 * What became of a message: the browser has passed all of it on (that it arrives nobody says); its
 * time was over; there was no room for it; or the Live closed before.
 */
export type Outcome = "sent" | "expired" | "overflow" | "closed";

/** How a connection ended, or an attempt to make one. */
export interface Ending {
  /** The close code; 1006 where there was none, and for every attempt that failed. */
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Whether the connection was open; browsers do not tell why an attempt failed. */
  readonly opened: boolean;
}

export type State =
  | { readonly name: "connecting"; readonly attempt: number }
  | { readonly name: "open" }
  | { readonly name: "waiting"; readonly until: Date; readonly why: Ending }
  | { readonly name: "closing" }
  | Closed;

export interface Closed {
  readonly name: "closed";
  readonly why: Ending;
  /** How many messages were kept, and were dropped by this. */
  readonly dropped: number;
}

/** Times are in milliseconds. */
export interface Options {
  /** Subprotocols, the favourite first. */
  protocols?: string | string[];
  /** How binary messages come: "arraybuffer" unless told otherwise. */
  binaryType?: BinaryType;
  /** Below which the first wait lies; the bound doubles from one to the next. 1,000. */
  firstDelay?: number;
  /** Where the doubling ends. 30,000. */
  longestDelay?: number;
  /** How long a connection must be open for the waits to begin anew behind it. 10,000. */
  provenAfter?: number;
  /** For the connection to open, the URL included if a function gives it. 10,000. */
  connectTimeout?: number;
  /** For the server to answer a Close. 5,000. */
  closeTimeout?: number;
  /**
   * After how long without a message a connection is given up. Never, unless set: a page cannot
   * ping, so that only messages show that a server is there.
   */
  silentFor?: number;
  /** Messages that are kept; 1,024, and "overflow" beyond. */
  keptMessages?: number;
  /** Bytes that are kept, unless one message alone is longer; 1 MiB, and "overflow" beyond. */
  keptBytes?: number;
  /** How long a message waits to be handed to the browser; 60,000, and "expired" beyond. */
  keptFor?: number;
  /** Whether an ending is for good; isFinal unless told otherwise. */
  isFinal?: (why: Ending) => boolean;
}

export declare class StateEvent extends Event {
  readonly state: State;
}

export declare class OpenEvent extends Event {
  /** The subprotocol agreed on; empty for none. */
  readonly protocol: string;
  /** Sends ahead of everything that was kept: to subscribe again. */
  readonly send: (data: Data) => void;
}

export interface LiveEventMap {
  /** Of each change of state. */
  state: StateEvent;
  /** Of each connection, before what was kept is handed over. */
  open: OpenEvent;
  message: MessageEvent<string | ArrayBuffer | Blob>;
  /** Of each connection that was open. */
  close: CloseEvent;
}

/** A connection that is made again when it ends. */
export declare class Live extends EventTarget {
  /**
   * @param target a ws, wss, http or https URL, relative to the page or Worker; or a function that
   *   gives one, or a promise of one, for each attempt
   */
  constructor(
    target: string | URL | (() => string | URL | Promise<string | URL>),
    options?: Options,
  );

  readonly state: State;
  /** Resolved with the last state. */
  readonly closed: Promise<Closed>;
  readonly keptMessages: number;
  readonly keptBytes: number;

  /** Sends a message, now or when there is a connection. Never rejects. */
  send(data: Data, options?: { within?: number }): Promise<Outcome>;

  /** Ends it, in any state; with code 1000 or 3000 to 4999. */
  close(code?: number, reason?: string): void;

  addEventListener<K extends keyof LiveEventMap>(
    type: K,
    listener: (this: Live, event: LiveEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof LiveEventMap>(
    type: K,
    listener: (this: Live, event: LiveEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** Whether an ending is for good: 1002, 1008 and 4000 to 4999. */
export declare function isFinal(why: Ending): boolean;

/** A random wait in milliseconds, below a bound that doubles with each failure. */
export declare function delay(
  failures: number,
  first: number,
  longest: number,
  random?: () => number,
): number;
