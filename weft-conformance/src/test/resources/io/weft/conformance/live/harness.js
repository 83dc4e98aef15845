// What a test has a page or a Worker do with weft.js, and a log of what happened.
import { Live, delay, isFinal } from "/weft.js";

let live;
let opened = 0;
const log = [];

const commands = {
  open(url, options = {}) {
    live = new Live(url, options);
    live.addEventListener("state", ({ state }) => {
      log.push(["state", state.name, state.attempt ?? state.why?.code].join(" ").trim());
    });
    live.addEventListener("open", (event) => {
      opened++;
      event.send(`subscribe ${opened}`);
    });
    live.addEventListener("message", ({ data }) => {
      log.push(`message ${typeof data === "string" ? data : [...new Uint8Array(data)]}`);
    });
    live.addEventListener("close", ({ code, reason }) => log.push(`close ${code} ${reason}`.trim()));
    live.closed.then(({ why, dropped }) => log.push(`over ${why.code} dropped ${dropped}`));
  },
  send(text, options) {
    live.send(text, options).then((outcome) => log.push(`${outcome} ${text.slice(0, 20)}`));
  },
  sendBytes(...bytes) {
    const data = Uint8Array.of(...bytes);
    live.send(data).then((outcome) => log.push(`${outcome} bytes`));
    data.fill(0); // what was given does not change any more
  },
  close(code, reason) {
    live.close(code, reason);
  },
  closeOn(type) {
    live.addEventListener(type, ({ state }) => {
      if (!state || state.name === "waiting") {
        live.close();
      }
    });
  },
  openAndCloseInIsFinal(url, options) {
    const isFinal = () => {
      live.close();
      return false;
    };
    commands.open(url, { ...options, isFinal });
  },
  kept: () => [live.keptMessages, live.keptBytes],
  state: () => live.state.name,
  log: () => log,
  throws(what, ...args) {
    try {
      what === "new" ? new Live(...args) : live[what](...args);
      return "nothing";
    } catch (error) {
      return error.name;
    }
  },
  delays: (failures, first, longest) =>
    Array.from({ length: 1000 }, () => delay(failures, first, longest)),
  finals: (...codes) => codes.filter((code) => isFinal({ code, opened: true })),
  freshUrl(url) {
    let asked = 0;
    commands.open(async () => {
      if (++asked === 1) {
        throw new Error("no token yet");
      }
      return `${url}?asked=${asked}`;
    }, { firstDelay: 1, longestDelay: 1 });
  },
};

export function run(command, args) {
  return commands[command](...args) ?? null;
}
