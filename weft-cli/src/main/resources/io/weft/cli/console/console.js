// The console page: one WebSocket, what the user does to it, and what is seen of it. This module
// holds the connection and wires the page; see target.js (addresses, close codes), payload.js
// (text, JSON, bytes), composer.js, timeline.js and chat.js.

import { startChat } from "./chat.js";
import { Composer } from "./composer.js";
import { count, InvalidInput, span, utf8Bytes } from "./payload.js";
import { closeSentence, HOME, parseClose, parseProtocols, parseUrl, REASON_BYTES, refusalCauses } from "./target.js";
import { copyText, Timeline } from "./timeline.js";

const STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
const RECENT_URLS = 12;
// Sent messages that may still come back; an endpoint that does not echo must not fill memory.
const AWAITED_ECHOES = 256;
const LIVE_MS = 100;

const $ = (id) => document.getElementById(id);

// What the demo endpoints are called, and a message to begin with.
const PRESETS = {
  echo: { path: "/echo", mode: "text", example: "" },
  chat: { path: "/chat/lobby?name=ann", mode: "text", example: "" },
  direct: { path: "/ws/ann/", mode: "json", example: '{"to":"ann","text":"hi"}' },
  clock: { path: "/clock", mode: "text", example: "" },
};

/** The connection shown: null before the first; a closed one stays until the next. */
let session = null;
let ticker = 0;

const timeline = new Timeline($("timeline"), $("row-template"), showTimeline);
const composer = new Composer({
  closedBecause: () => (readyState() === WebSocket.OPEN ? "" : notOpen()),
  send,
  bufferedAmount: () => session.socket.bufferedAmount,
});

// -------------------------------------------------------------------------- the connection

function connect() {
  const url = parseUrl($("url").value);
  const protocols = parseProtocols($("protocols").value);
  const socket = new WebSocket(url, protocols);
  socket.binaryType = $("binary-type").value;
  session = {
    socket,
    url,
    protocols,
    openedAt: 0, // performance.now(), 0 before
    closedAt: 0,
    cancelled: false,
    sent: { messages: 0, bytes: 0 },
    received: { messages: 0, bytes: 0 },
    echoes: [], // { key, at }, oldest first
    roundTripMs: null,
  };
  $("url").value = url.href;
  rememberUrl(url.href);
  $("refusal").hidden = true;
  timeline.event("info", `connecting to ${url.href}` + (protocols.length ? ` with ${protocols.join(", ")}` : ""));
  socket.onopen = opened;
  socket.onmessage = received;
  socket.onclose = closed;
  ticker = setInterval(showStatus, LIVE_MS);
  showAll();
}

function opened() {
  session.openedAt = performance.now();
  const { protocol, extensions } = session.socket;
  const agreed = [protocol && `subprotocol ${protocol}`, extensions].filter(Boolean).join(", ");
  timeline.event("open", `open${agreed ? `: ${agreed}` : ""}`, {
    direction: "sent",
    kind: "open",
    payload: session.url.href,
  });
  announce(`Connected to ${session.url.host}.`);
  showAll();
}

function received({ data }) {
  const message = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  session.received.messages++;
  session.received.bytes += byteLength(message);
  matchEcho(message);
  timeline.message("in", message);
}

function closed(close) {
  const neverOpen = !session.openedAt;
  session.closedAt = performance.now();
  clearInterval(ticker);
  const sentence = closeSentence(close);
  if (session.cancelled) timeline.event("close", "cancelled before it was open");
  else if (neverOpen) timeline.event("error", "the handshake was refused, or the server was not reached");
  else {
    const { code, reason } = close;
    // A recording sends again what was sent, and of a close that can be only what a page may say.
    const ours = session.closing && (code === 1000 || code >= 3000);
    const direction = ours ? "sent" : "received";
    timeline.event("close", `closed: ${sentence}`, { direction, kind: "close", code, payload: reason });
  }
  $("last-close").textContent = sentence;
  $("last-close").dataset.clean = close.wasClean;
  announce(`Closed: ${sentence}.`);
  showAll();
  if (neverOpen && !session.cancelled) explainRefusal(session);
}

function send(message) {
  session.socket.send(message);
  session.sent.messages++;
  session.sent.bytes += byteLength(message);
  session.echoes.push({ key: echoKey(message), at: performance.now() });
  if (session.echoes.length > AWAITED_ECHOES) session.echoes.shift();
  timeline.message("out", message);
}

function disconnect() {
  if (readyState() === WebSocket.CONNECTING) session.cancelled = true;
  session.closing = true;
  session.socket.close(...(session.cancelled ? [] : [1000]));
  showAll();
}

function closeAsAsked() {
  const [code, reason] = parseClose($("close-code").value, $("close-reason").value);
  session.closing = true;
  if (code === undefined) session.socket.close();
  else session.socket.close(code, reason);
  timeline.event("info", `closing with ${code ?? "no code"}` + (reason ? `, reason “${reason}”` : ""));
  showAll();
}

function readyState() {
  return session?.socket.readyState ?? WebSocket.CLOSED;
}

function notOpen() {
  return ["Connecting …", "", "Closing …", "Not connected"][readyState()];
}

function byteLength(message) {
  if (typeof message === "string") return utf8Bytes(message);
  return message instanceof Blob ? message.size : message.length;
}

// A round trip is known when the same message comes back, whatever the path is called.

function echoKey(message) {
  return typeof message === "string" ? `${message.length}:${message.slice(0, 64)}` : byteLength(message);
}

function matchEcho(message) {
  const key = echoKey(message);
  const at = session.echoes.findIndex((echo) => echo.key === key);
  if (at < 0) return;
  session.roundTripMs = performance.now() - session.echoes[at].at;
  session.echoes.splice(0, at + 1);
}

// ------------------------------------------------------------------------- what is shown

function showAll() {
  showStatus();
  showControls();
  showCloseHint();
  composer.refresh();
}

function showStatus() {
  const state = readyState();
  setText("ready-state", `${state} ${STATES[state]}`);
  $("ready-state").dataset.state = document.documentElement.dataset.state = state;
  if (!session) return;
  const { socket, openedAt, closedAt, roundTripMs, sent } = session;
  const until = closedAt || performance.now();
  setText("duration", openedAt ? span(until - openedAt) : "–");
  setText("round-trip", roundTripMs === null ? "–" : `${roundTripMs.toFixed(1)} ms`);
  setText("subprotocol", socket.protocol || "none");
  setText("extensions", socket.extensions || "none");
  setText("buffered-amount", count(socket.bufferedAmount));
  setText("sent-count", count(sent.messages));
  setText("sent-bytes", count(sent.bytes));
  setText("received-count", count(session.received.messages));
  setText("received-bytes", count(session.received.bytes));
}

function showControls() {
  const state = readyState();
  $("connect").disabled = state !== WebSocket.CLOSED;
  $("disconnect").disabled = state === WebSocket.CLOSED || state === WebSocket.CLOSING;
  $("disconnect").textContent = state === WebSocket.CONNECTING ? "Cancel" : "Disconnect";
}

function showCloseHint() {
  const bytes = utf8Bytes($("close-reason").value);
  let text = `Reason: ${bytes} of ${REASON_BYTES} bytes`;
  let field = null;
  try {
    parseClose($("close-code").value, $("close-reason").value);
  } catch (error) {
    field = error.field;
    text += `. ${error.message}`;
  }
  setText("close-hint", text);
  $("close-hint").classList.toggle("error", field !== null);
  $("close-code").setAttribute("aria-invalid", field === "close-code");
  $("close-reason").setAttribute("aria-invalid", field === "close-reason");
  $("close").disabled = readyState() !== WebSocket.OPEN || field !== null;
}

function showTimeline() {
  const { length, dropped, held, paused, unseen, matching } = timeline;
  const rows = filtering() ? `${count(matching)} of ${count(length)} rows` : `${count(length)} rows`;
  const parts = [rows];
  if (dropped) parts.push(`${count(dropped)} older dropped`);
  if (paused) parts.push(`paused, ${count(held)} held`);
  setText("timeline-count", length || paused ? parts.join(" · ") : "");
  $("timeline-empty").hidden = length > 0;
  $("new-rows").hidden = !unseen;
  setText("new-rows", `${count(unseen)} new ↓`);
  showStatus();
}

/** Writes only what changed: this runs every frame, and a selection in the text should survive. */
function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function announce(text) {
  $("announcer").textContent = text;
}

async function explainRefusal({ url, protocols, socket }) {
  const causes = await refusalCauses(url, protocols);
  if (session.socket !== socket) return; // the user went on meanwhile
  $("refusal-title").textContent = `No connection to ${url.host}${url.pathname}`;
  $("refusal-causes").replaceChildren(...causes.map(causeItem));
  $("refusal").hidden = false;
  announce(`No connection. ${causes.map(({ text }) => text).join(" ")}`);
}

function causeItem({ text, command }) {
  const item = document.createElement("li");
  item.append(text);
  if (command) {
    const code = document.createElement("code");
    code.textContent = command;
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "link";
    copy.textContent = "copy";
    copy.addEventListener("click", () => copyText(command));
    item.append(" ", code, " ", copy);
  }
  return item;
}

/** Runs what the user asked for; an error in what was typed is shown beside its field. */
function attempt(action) {
  showFieldError("url", "");
  showFieldError("protocols", "");
  try {
    action();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    showFieldError(error.field, error.message);
    announce(error.message);
    $(error.field).focus();
  }
}

function showFieldError(field, message) {
  const place = $(`${field}-error`);
  if (!place) return;
  place.textContent = message;
  place.hidden = !message;
  $(field).setAttribute("aria-invalid", Boolean(message));
}

// ------------------------------------------------------- what the browser keeps for the user

/** Storage may be forbidden or full; the page works the same without. */
function recall(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`weft.${key}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(`weft.${key}`, JSON.stringify(value));
  } catch {
    // Then it is not kept.
  }
}

function recentUrls() {
  const urls = recall("urls", []);
  return Array.isArray(urls) ? urls.filter((url) => typeof url === "string") : [];
}

function rememberUrl(url) {
  keep("urls", [url, ...recentUrls().filter((known) => known !== url)].slice(0, RECENT_URLS));
  showRecentUrls();
}

function showRecentUrls() {
  $("recent-urls").replaceChildren(...recentUrls().map((url) => new Option(url, url)));
}

// ----------------------------------------------------------------------------- the page

function wireConnection() {
  $("url").value = `${HOME}/echo`;
  showRecentUrls();
  $("connection").addEventListener("submit", (event) => {
    event.preventDefault();
    if (readyState() === WebSocket.CLOSED) attempt(connect);
  });
  $("disconnect").addEventListener("click", disconnect);
  $("refusal-dismiss").addEventListener("click", () => ($("refusal").hidden = true));
  $("url").addEventListener("input", () => showFieldError("url", ""));
  $("protocols").addEventListener("input", () => showFieldError("protocols", ""));
  for (const button of document.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => usePreset(PRESETS[button.dataset.preset]));
  }
  $("binary-type").addEventListener("change", () => {
    if (session) session.socket.binaryType = $("binary-type").value;
  });
}

function usePreset({ path, mode, example }) {
  $("url").value = serverUrl() + path;
  showFieldError("url", "");
  if (example) composer.suggest(mode, example);
}

/** The server the URL field names, as ws://host; this page's own if it names none yet. */
function serverUrl() {
  try {
    const url = parseUrl($("url").value);
    return url.href.startsWith(`${HOME}/`) ? HOME : `${url.protocol}//${url.host}`;
  } catch {
    return HOME;
  }
}

function wireClose() {
  for (const button of document.querySelectorAll("[data-close-code]")) {
    button.addEventListener("click", () => {
      $("close-code").value = button.dataset.closeCode;
      showCloseHint();
    });
  }
  $("close-code").addEventListener("input", showCloseHint);
  $("close-reason").addEventListener("input", showCloseHint);
  $("close-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!$("close").disabled) attempt(closeAsAsked);
  });
}

function wireTimeline() {
  const directions = [...document.querySelectorAll("[data-shows]")];
  const filter = () =>
    timeline.setFilter($("filter").value, directions.filter(isPressed).map((b) => b.dataset.shows));
  $("filter").addEventListener("input", filter);
  for (const button of directions) onToggle(button, filter);
  onToggle($("pause"), () => {
    timeline.setPaused(isPressed($("pause")));
    $("pause").textContent = timeline.paused ? "Go on" : "Pause";
  });
  onToggle($("pretty"), () => timeline.setPretty(isPressed($("pretty"))));
  $("clear").addEventListener("click", () => timeline.clear());
  $("export").addEventListener("click", exportTimeline);
  $("new-rows").addEventListener("click", () => timeline.toEnd());
}

function filtering() {
  return Boolean($("filter").value.trim()) || document.querySelector('[data-shows][aria-pressed="false"]');
}

function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

function onToggle(button, then) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", !isPressed(button));
    then();
  });
}

function exportTimeline() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([timeline.recording()], { type: "application/jsonl" }));
  link.download = `weft-${new Date().toISOString().replace(/[:.]/g, "-")}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  announce(`Exported ${count(timeline.length)} rows.`);
}

function wireTabs() {
  const tabs = [$("tab-console"), $("tab-chat")];
  const select = (chosen) => {
    for (const tab of tabs) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = !selected;
    }
    history.replaceState(null, "", chosen === $("tab-chat") ? "#chat" : location.pathname + location.search);
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      select(tabs[1 - i]);
      tabs[1 - i].focus();
    });
  }
  if (location.hash === "#chat") select($("tab-chat"));
}

function wireTheme() {
  const themes = ["auto", "light", "dark"];
  const use = (theme) => {
    document.documentElement.dataset.theme = theme;
    $("theme").textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
    $("theme").setAttribute("aria-label", `Theme: ${theme}. Change`);
  };
  const stored = recall("theme", "auto");
  use(themes.includes(stored) ? stored : "auto");
  $("theme").addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
    use(next);
    keep("theme", next);
  });
}

function wireKeys() {
  const actions = {
    u: () => $("url").select(),
    m: () => $("message").focus(),
    "/": () => $("filter").focus(),
    p: () => $("pause").click(),
    e: () => timeline.toEnd(),
    "?": () => $("keys").showModal(),
  };
  $("help").addEventListener("click", actions["?"]);
  $("single-keys").checked = recall("single-keys", true) !== false;
  $("single-keys").addEventListener("change", () => keep("single-keys", $("single-keys").checked));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !$("single-keys").checked) return;
    if (!Object.hasOwn(actions, event.key) || (event.key !== "?" && $("console-view").hidden)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

wireTheme();
wireConnection();
wireClose();
wireTimeline();
wireTabs();
wireKeys();
startChat(serverUrl);
showAll();
showTimeline();
