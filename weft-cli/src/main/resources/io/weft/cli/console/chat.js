// The chat view: a WebSocket of its own to /chat/{room}?name=…. What it sends is plain text; what
// comes back is {"type":"say"|"join"|"leave", "name", "text" or "members"}.

import { clockTime, InvalidInput, visible } from "./payload.js";
import { closeSentence, refusalCauses } from "./target.js";

const MAX_LINES = 500;
// Names get one of this many colours, the same on every page.
const TONES = 6;

const $ = (id) => document.getElementById(id);

/** Wires the view; serverUrl gives the ws://host to use, or throws InvalidInput. */
export function startChat(serverUrl) {
  let socket = null;
  let name = "";

  $("chat-entry").addEventListener("submit", (event) => {
    event.preventDefault();
    if (socket) return;
    try {
      showError("");
      join();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      showError(error.message);
      $(error.field)?.focus();
    }
  });
  $("chat-leave").addEventListener("click", () => socket?.close(1000));
  $("chat-composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("chat-input").value;
    if (!text || socket?.readyState !== WebSocket.OPEN) return;
    socket.send(text);
    $("chat-input").value = "";
  });
  showState("not joined");

  function join() {
    name = required("chat-name", "Type the name to speak under.");
    const room = required("chat-room", "Type the room to enter.");
    const url = new URL(`${serverUrl()}/chat/${encodeURIComponent(room)}`);
    url.searchParams.set("name", name);

    const mine = new WebSocket(url);
    socket = mine;
    let opened = false;
    showState(`joining ${room} on ${url.host} …`);
    enable();
    mine.onopen = () => {
      opened = true;
      showState(`in ${room} on ${url.host} as ${name}`);
      enable();
      $("chat-input").focus();
    };
    mine.onmessage = ({ data }) => show(data);
    mine.onclose = (close) => {
      socket = null;
      $("chat-members").textContent = "0";
      showState("not joined");
      line("event", opened ? `Connection closed: ${closeSentence(close)}.` : "The room could not be entered.");
      enable();
      if (!opened) explain(url);
    };
  }

  /** Shows one message of the server; one that is not the chat's is shown as it came. */
  function show(data) {
    const said = read(data);
    if (said?.type === "say") {
      bubble(said);
    } else if (said?.type === "join" || said?.type === "leave") {
      $("chat-members").textContent = said.members;
      line(said.type, `${said.name} ${said.type === "join" ? "came in" : "left"}`);
    } else {
      line("event", typeof data === "string" ? data : "a binary message");
    }
  }

  function bubble({ name: author, text }) {
    const item = newLine("say");
    const own = author === name;
    item.classList.toggle("own", own);
    item.classList.toggle("continued", item.previousElementSibling?.dataset.author === author);
    item.dataset.author = author;
    item.dataset.tone = tone(author);
    const head = add(item, "p", "head");
    add(head, "b", "author").textContent = visible(author);
    const time = add(head, "time", "time");
    time.textContent = clockTime(Date.now()).slice(0, 5);
    add(item, "p", "said").textContent = visible(text);
    follow(item, own);
  }

  function line(kind, text) {
    const item = newLine(kind);
    item.textContent = visible(text);
    follow(item, false);
  }

  function enable() {
    const open = socket?.readyState === WebSocket.OPEN;
    $("chat-join").disabled = $("chat-name").readOnly = $("chat-room").readOnly = Boolean(socket);
    $("chat-leave").disabled = !socket;
    $("chat-leave").textContent = socket && !open ? "Cancel" : "Leave";
    $("chat-input").disabled = $("chat-send").disabled = !open;
    $("chat-input").placeholder = open ? "Say something" : "Join a room to speak";
  }

  async function explain(url) {
    const causes = await refusalCauses(url, []);
    for (const { text, command } of causes) line("event", command ? `${text} ${command}` : text);
  }
}

function read(data) {
  try {
    const message = JSON.parse(data);
    const complete = message.type === "say" ? "text" in message : Number.isInteger(message.members);
    return typeof message.name === "string" && complete ? message : null;
  } catch {
    return null;
  }
}

function required(id, why) {
  const value = $(id).value.trim();
  if (!value) throw new InvalidInput(why, id);
  return value;
}

function showError(text) {
  $("chat-error").textContent = text;
  $("chat-error").hidden = !text;
}

function showState(text) {
  $("chat-state").textContent = text;
}

/** A number from 0 to TONES - 1 that depends on the name alone. */
function tone(name) {
  let hash = 0;
  for (const c of name) hash = (hash * 31 + c.codePointAt(0)) % 9973;
  return hash % TONES;
}

function newLine(kind) {
  const item = add($("chat-log"), "li", "line");
  item.dataset.line = kind;
  $("chat-empty").hidden = true;
  while ($("chat-log").childElementCount > MAX_LINES) $("chat-log").firstElementChild.remove();
  return item;
}

/** Keeps the end in view, unless the user reads further up. */
function follow(item, always) {
  const log = $("chat-log");
  const below = log.scrollHeight - log.scrollTop - log.clientHeight - item.offsetHeight;
  if (always || below < 60) log.scrollTop = log.scrollHeight;
}

function add(parent, tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}
