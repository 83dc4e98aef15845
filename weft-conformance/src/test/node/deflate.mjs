// npm ws with permessage-deflate: exchanges messages with a server that echoes, and prints one JSON
// line: what was agreed on, and what was exchanged. Arguments: URL, options of ws as JSON, seed.
import { once } from 'node:events';
import WebSocket from 'ws';
import { exchange } from './messages.mjs';

const [url, options, seed] = process.argv.slice(2);
const ws = new WebSocket(url, { perMessageDeflate: JSON.parse(options) });
let agreed;
ws.on('upgrade', ({ headers }) => {
  agreed = headers['sec-websocket-extensions'] ?? '';
});
await once(ws, 'open');

// Every fifth message goes in three fragments.
function send(message, number) {
  const bytes = Buffer.from(message);
  if (number % 5 !== 0) {
    ws.send(message);
    return;
  }
  const third = Math.floor(bytes.length / 3);
  const binary = typeof message !== 'string';
  ws.send(bytes.subarray(0, third), { binary, fin: false });
  ws.send(bytes.subarray(third, 2 * third), { binary, fin: false });
  ws.send(bytes.subarray(2 * third), { binary, fin: true });
}

console.log(JSON.stringify({ agreed, ...(await exchange(ws, Number(seed), send)) }));
