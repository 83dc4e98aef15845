// What a message holds, as pure functions: no DOM, no socket. Everything here takes text or bytes
// and gives text or bytes, and errors that say where in the input they were met.

const encoder = new TextEncoder();

/** An error in what the user typed; the message is a sentence to show beside the field. */
export class InvalidInput extends Error {
  constructor(message, field) {
    super(message);
    this.name = "InvalidInput";
    this.field = field;
  }
}

/** Length in bytes as sent: WebSocket text is UTF-8, so "你" is 3. */
export function utf8Bytes(text) {
  return encoder.encode(text).length;
}

// ---------------------------------------------------------------------------------- binary

/** Reads hex bytes; spaces, line breaks, commas, colons and 0x prefixes between bytes are fine. */
export function parseHex(text) {
  const digits = text.replace(/0x/gi, "  ");
  const bytes = [];
  let high = -1;
  let highAt = 0;
  for (let i = 0; i < digits.length; i++) {
    const c = digits[i];
    if (/[\s,:]/.test(c)) {
      if (high >= 0) break;
      continue;
    }
    const value = /[0-9a-f]/i.test(c) ? parseInt(c, 16) : -1;
    if (value < 0) {
      throw new InvalidInput(`Not a hex digit: “${c}” at position ${i + 1}.`, "message");
    }
    if (high < 0) {
      high = value;
      highAt = i;
    } else {
      bytes.push((high << 4) | value);
      high = -1;
    }
  }
  if (high >= 0) {
    throw new InvalidInput(
      `Half a byte: “${digits[highAt]}” at position ${highAt + 1} lacks its second digit.`,
      "message",
    );
  }
  return Uint8Array.from(bytes);
}

/** Reads base64, standard or URL-safe, with or without padding and line breaks. */
export function parseBase64(text) {
  const packed = text.replace(/\s+/g, "").replace(/-/g, "+").replace(/_/g, "/");
  const wrong = /[^A-Za-z0-9+/=]/.exec(packed);
  if (wrong) {
    throw new InvalidInput(`Not a base64 character: “${wrong[0]}”.`, "message");
  }
  try {
    return Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  } catch {
    throw new InvalidInput("Not base64: the length or the padding does not fit.", "message");
  }
}

// Controls, and what reorders or hides text: marks of direction, fillers, tags (Unicode §23). Line
// breaks, tabs and joiners stay; Persian and families of emoji are written with the latter.
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A text in which nothing hides and nothing turns the direction of what stands beside it. */
export function visible(text) {
  return text.replace(UNSEEN, (c) => {
    const digits = c.codePointAt(0).toString(16);
    return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
  });
}

export function toHex(bytes) {
  return Array.from(bytes, hex2).join(" ");
}

export function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Lines of `offset  16 bytes in hex  |ascii|`, or 8 bytes a line where there is little room. */
export function hexdump(bytes, perLine = 16) {
  const lines = [];
  const columns = Math.min(perLine, bytes.length); // a short one is not stretched out of sight
  const width = columns * 3 - 1 + (columns > 8 ? 1 : 0);
  for (let at = 0; at < bytes.length; at += perLine) {
    const row = bytes.subarray(at, at + perLine);
    const hex = Array.from(row, (b, i) => (i === 8 ? " " : "") + hex2(b)).join(" ");
    const ascii = Array.from(row, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "."));
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(width)}  |${ascii.join("")}|`);
  }
  return lines.join("\n");
}

function hex2(byte) {
  return byte.toString(16).padStart(2, "0");
}

// ------------------------------------------------------------------------------------ JSON

// Past this, checking every received message would cost more than it tells.
const JSON_CHECK_CHARS = 1 << 20;

/** Whether a message is shown as JSON: an object or an array; a lone `42` or `true` stays text. */
export function isJson(text) {
  if (text.length > JSON_CHECK_CHARS || !/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Throws InvalidInput with line and column unless the text is JSON. */
export function checkJson(text) {
  try {
    JSON.parse(text);
  } catch (error) {
    const { index, expected } = jsonBreach(text);
    const before = text.slice(0, index).split("\n");
    const found = index < text.length ? `found ${nameOf(text.codePointAt(index))}` : "the text ends";
    const where = `line ${before.length}, column ${before.at(-1).length + 1}`;
    const invalid = new InvalidInput(`JSON, ${where}: ${expected} expected, ${found}.`, "message");
    invalid.index = index;
    throw invalid;
  }
}

/** A character as a sentence can show it, also one that cannot be seen. */
export function nameOf(codePoint) {
  if (codePoint === 0x0a) return "a line break";
  if (codePoint === 0x20) return "a space";
  if (codePoint < 0x20) return `the control character U+00${hex2(codePoint)}`;
  return `“${String.fromCodePoint(codePoint)}”`;
}

const STRING_START = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const STRING = new RegExp(STRING_START.source + '"', "y");
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

// What may come next in JSON; the values are shown to the user.
const VALUE = "a value";
const VALUE_OR_END = "a value or “]”";
const NAME = "a name in double quotes";
const NAME_OR_END = "a name in double quotes or “}”";
const COLON = "“:”";

/**
 * Where the first error is and what should stand there. Browsers word this differently, and some
 * leave the position out, so a tool that shows it has to look for itself. Iterative, because the
 * depth of the input is not ours to trust.
 */
function jsonBreach(text) {
  const closers = []; // of the containers we are in, innermost last
  let expected = VALUE;
  let index = 0;

  const take = (pattern) => {
    pattern.lastIndex = index;
    const found = pattern.test(text);
    if (found) index = pattern.lastIndex;
    return found;
  };
  const valueEnds = () => {
    expected = closers.length ? `“,” or “${closers.at(-1)}”` : "the end";
    return true;
  };
  const containerEnds = () => {
    index++;
    closers.pop();
    return valueEnds();
  };
  /** Takes one token; false where the text breaks the grammar. */
  const advance = () => {
    take(SPACE);
    const c = text[index];
    switch (expected) {
      case NAME_OR_END:
        if (c === "}") return containerEnds();
      // falls through
      case NAME:
        if (!take(STRING)) return false;
        expected = COLON;
        return true;
      case COLON:
        if (c !== ":") return false;
        index++;
        expected = VALUE;
        return true;
      case VALUE_OR_END:
        if (c === "]") return containerEnds();
      // falls through
      case VALUE:
        if (c === "{" || c === "[") {
          index++;
          closers.push(c === "{" ? "}" : "]");
          expected = c === "{" ? NAME_OR_END : VALUE_OR_END;
          return true;
        }
        if (!take(STRING) && !take(NUMBER_OR_WORD)) return false;
        return valueEnds();
      default:
        if (!closers.length) return false;
        if (c === closers.at(-1)) return containerEnds();
        if (c !== ",") return false;
        index++;
        expected = closers.at(-1) === "}" ? NAME : VALUE;
        return true;
    }
  };

  while (advance());
  const start = index;
  if (text[start] === '"' && !take(STRING)) {
    take(STRING_START);
    return { index, expected: "a closing quote or a legal escape" };
  }
  return { index: start, expected };
}

/**
 * Indents valid JSON by moving its tokens, never by parsing and printing it: that would round
 * 12345678901234567890 and drop a doubled name, and one debugs with what really came.
 */
export function prettyJson(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  const parts = [];
  let depth = 0;
  const newLine = () => "\n" + "  ".repeat(depth);
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    if (token === "{" || token === "[") {
      depth++;
      parts.push(token, next === "}" || next === "]" ? "" : newLine());
    } else if (token === "}" || token === "]") {
      depth--;
      const empty = tokens[i - 1] === "{" || tokens[i - 1] === "[";
      parts.push(empty ? "" : newLine(), token);
    } else if (token === ",") {
      parts.push(token, newLine());
    } else {
      parts.push(token === ":" ? ": " : token);
    }
  });
  return parts.join("");
}

// --------------------------------------------------------------------------------- writing

const grouped = new Intl.NumberFormat("en");

/** 1234567 as "1,234,567". */
export function count(number) {
  return grouped.format(number);
}

/** Bytes as a person reads them; exact below 10 KiB, where a byte more or less is what one debugs. */
export function size(bytes) {
  if (bytes < 10 * 1024) return `${count(bytes)} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** Local wall-clock time, 14:03:07.045. */
export function clockTime(epochMs) {
  const t = new Date(epochMs);
  const two = (n) => String(n).padStart(2, "0");
  const ms = String(t.getMilliseconds()).padStart(3, "0");
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}.${ms}`;
}

/** A span as 4.2 s, 3:07 or 1:02:09. */
export function span(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(seconds % 60)}`;
}
