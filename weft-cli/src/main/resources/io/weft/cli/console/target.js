// Where to connect and how a connection ends: checks of what the user typed, with the words a
// browser would not give, and the meaning of close codes (RFC 6455 §7.4).

import { InvalidInput, nameOf, utf8Bytes } from "./payload.js";

/** The folder that this page came from, without a slash at its end: empty, or a proxy's prefix as /app. */
const PREFIX = location.host ? new URL(".", location.href).pathname.replace(/\/$/, "") : "";

/** The server that sent this page, as ws://host or wss://host, with the prefix that a proxy strips. */
export const HOME = location.host
  ? `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${PREFIX}`
  : "ws://localhost:8080";

/** What a WebSocket endpoint answers a plain GET. */
const UPGRADE_REQUIRED = 426;

/** Longest close reason: a control frame holds 125 bytes and the code takes 2 (§5.5). */
export const REASON_BYTES = 123;

/** Checks a WebSocket address; a bare path means this page's own server. */
export function parseUrl(text) {
  const typed = text.trim();
  const fail = (why) => {
    throw new InvalidInput(why, "url");
  };
  if (!typed) fail("Type an address, such as ws://localhost:8080/echo.");
  const absolute = typed.startsWith("/") ? HOME + typed : typed;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(absolute)?.[1].toLowerCase();
  if (scheme === "http" || scheme === "https") {
    fail(`A WebSocket address begins with ${scheme === "http" ? "ws" : "wss"}://, not ${scheme}://.`);
  }
  if (scheme !== "ws" && scheme !== "wss") fail("The address has to begin with ws:// or wss://.");
  const hole = /\{[^}]*\}/.exec(absolute);
  if (hole) fail(`Put a value in place of ${hole[0]}.`);
  if (absolute.includes("#")) fail("A WebSocket address has no fragment: leave out # and the rest.");
  if (!URL.canParse(absolute)) fail("The host or the port of this address is not valid.");
  const url = new URL(absolute);
  if (location.protocol === "https:" && scheme === "ws" && !isLoopback(url.hostname)) {
    fail("This page came over https, so the browser allows only wss:// addresses.");
  }
  return url;
}

function isLoopback(hostname) {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Reads "v2.chat, v1.chat": each a token of RFC 9110 §5.6.2, none twice. */
export function parseProtocols(text) {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  for (const [i, name] of names.entries()) {
    const wrong = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/u.exec(name);
    if (wrong) {
      throw new InvalidInput(`“${name}” is no subprotocol: it may not hold ${nameOf(wrong[0].codePointAt(0))}.`, "protocols");
    }
    if (names.indexOf(name) !== i) {
      throw new InvalidInput(`The subprotocol “${name}” is named twice.`, "protocols");
    }
  }
  return names;
}

/** Checks code and reason as the browser would, before it throws. An empty code sends none. */
export function parseClose(codeText, reason) {
  if (!codeText.trim()) {
    if (reason) throw new InvalidInput("A reason needs a code.", "close-code");
    return [];
  }
  const code = Number(codeText);
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new InvalidInput("A page may close with 1000 or 3000 to 4999.", "close-code");
  }
  if (utf8Bytes(reason) > REASON_BYTES) {
    throw new InvalidInput(`The reason is over ${REASON_BYTES} bytes.`, "close-reason");
  }
  return [code, reason];
}

const MEANINGS = {
  1000: "normal closure",
  1001: "going away: the server shuts down or the page was left",
  1002: "protocol error",
  1003: "kind of data not accepted",
  1005: "no code was sent",
  1006: "no close frame: the connection broke or was never made",
  1007: "invalid data: text that is not UTF-8, for example",
  1008: "policy violation",
  1009: "message too big",
  1010: "an extension the client needs is missing",
  1011: "the server failed",
  1012: "the service restarts",
  1013: "try again later: overloaded, or this client read too slowly",
  1014: "bad gateway",
  1015: "TLS handshake failed",
};

/** What a close code says, in a few words. */
export function closeMeaning(code) {
  if (MEANINGS[code]) return MEANINGS[code];
  if (code >= 3000 && code < 4000) return "registered by a library or framework";
  if (code >= 4000 && code < 5000) return "private to this application";
  return "not a code of RFC 6455";
}

/** "4001 private to this application, reason “bye”, clean". */
export function closeSentence({ code, reason, wasClean }) {
  const why = reason ? `reason “${reason}”` : "no reason";
  return `${code} ${closeMeaning(code)}, ${why}, ${wasClean ? "clean" : "not clean"}`;
}

/**
 * Likely causes of a refused handshake. The browser hides the server's answer from scripts, so
 * this names what usually lies behind it, the likeliest first: sentences, some with a command.
 */
export async function refusalCauses(url, protocols) {
  const causes = [];
  const own = url.href.startsWith(`${HOME}/`);
  let isEndpoint = false;
  if (own) {
    const seen = await hostAsSeen();
    if (seen && seen !== location.host) {
      causes.push({
        text: `Origin not allowed: a proxy passes the server another Host (${seen}) than you asked for (${location.host}), so it takes this page for a stranger's. With nginx, add`,
        command: "proxy_set_header Host $http_host;",
      });
    }
    const answer = await plainAnswer(url);
    isEndpoint = answer.status === UPGRADE_REQUIRED;
    causes.push(answer);
  } else {
    causes.push({
      text: `Origin not allowed: this page comes from ${location.origin}. Start the server with`,
      command: `./weft serve --origin ${location.origin}`,
    });
  }
  if (!isEndpoint) {
    causes.push({ text: `Wrong path: is ${url.pathname} an endpoint of that server?` });
  }
  if (!own) causes.push({ text: `Server down: nothing may be listening on ${url.host}.` });
  if (url.protocol === "wss:") {
    causes.push({ text: `Certificate not trusted: open https://${url.host}/ once and look.` });
  }
  if (protocols.length) {
    causes.push({ text: `Subprotocol not agreed: ${protocols.join(", ")} offered, none taken.` });
  }
  return causes;
}

/** Asks this page's own server with a plain GET; its status says what the browser hid. */
async function plainAnswer(url) {
  const address = new URL(url.pathname + url.search, location.href);
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(3000) });
    const body = answer.headers.get("content-type")?.startsWith("text/plain") ? await answer.text() : "";
    const why = body.trim() ? ` (“${body.trim().slice(0, 120)}”)` : "";
    return {
      status: answer.status,
      text: `The server is up; it answers a plain GET of this path with ${answer.status}${why}.`,
    };
  } catch {
    return { text: `The server ${url.host} does not answer: it is down or was restarted elsewhere.` };
  }
}

/** The Host that this page's server is asked for, behind whatever stands in front; "" if unknown. */
async function hostAsSeen() {
  try {
    const answer = await fetch("host", { cache: "no-store", signal: AbortSignal.timeout(3000) });
    return answer.ok ? (await answer.text()).trim() : "";
  } catch {
    return "";
  }
}
