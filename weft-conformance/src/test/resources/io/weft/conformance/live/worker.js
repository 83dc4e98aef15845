import { run } from "/harness.js";

self.onmessage = ({ data: { command, args }, ports: [answer] }) => {
  answer.postMessage(run(command, args));
};
