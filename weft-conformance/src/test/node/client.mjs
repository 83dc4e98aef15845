// npm ws talks to the server. One JSON line per check: {"check", "ok", "seen"}.
// Argument: the server's URL without a path.
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';

const server = process.argv[2];
const patience = 20_000;

async function connect(path, protocols = []) {
  const ws = new WebSocket(server + path, protocols, { perMessageDeflate: false });
  ws.inbox = [];
  ws.on('message', (data, isBinary) => {
    ws.inbox.push(isBinary ? data : data.toString());
    ws.emit('arrival');
  });
  ws.closing = once(ws, 'close').then(([code, reason]) => ({ code, reason: reason.toString() }));
  ws.closing.catch(() => {});
  await once(ws, 'open');
  return ws;
}

async function next(ws) {
  while (ws.inbox.length === 0) await once(ws, 'arrival');
  return ws.inbox.shift();
}

async function end(ws) {
  ws.close(1000);
  await ws.closing;
}

async function echo(message) {
  const ws = await connect('/echo');
  ws.send(message);
  const seen = await next(ws);
  await end(ws);
  return seen;
}

// How a handshake that fails ends: the status, and a header of the answer.
function refusal(path) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(server + path);
    ws.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode, why: response.headers['x-why'] ?? null });
      request.destroy();
    });
    ws.on('open', () => reject(new Error('the handshake was accepted')));
    ws.on('error', reject);
  });
}

const large = randomBytes(128 * 1024);

const checks = {
  text: [async () => echo('Hello world'), 'Hello world'],

  chinese: [async () => echo('你好啊'), '你好啊'],

  binary: [async () => large.equals(await echo(large)), true],

  fragments: [
    async () => {
      const ws = await connect('/echo');
      const bytes = Buffer.from('你好啊');
      for (let i = 0; i < bytes.length; i++) {
        ws.send(bytes.subarray(i, i + 1), { binary: false, fin: i === bytes.length - 1 });
        if (i === 4) ws.ping('between');
      }
      const pong = once(ws, 'pong');
      const seen = await next(ws);
      const [payload] = await pong;
      await end(ws);
      return [seen, payload.toString()];
    },
    ['你好啊', 'between'],
  ],

  ping: [
    async () => {
      const ws = await connect('/echo');
      ws.ping('are you there');
      const [payload] = await once(ws, 'pong');
      await end(ws);
      return payload.toString();
    },
    'are you there',
  ],

  'server-ping': [
    async () => {
      const ws = await connect('/ping');
      const ping = once(ws, 'ping');
      ws.send('ping me');
      await ping;
      const seen = await next(ws);
      await end(ws);
      return seen;
    },
    'answered',
  ],

  'client-close': [
    async () => {
      const ws = await connect('/echo');
      ws.close(4001, '再见 from ws');
      return ws.closing;
    },
    { code: 4001, reason: '再见 from ws' },
  ],

  'server-close': [
    async () => {
      const ws = await connect('/close');
      ws.send('close me');
      return ws.closing;
    },
    { code: 4001, reason: '再见' },
  ],

  subprotocol: [
    async () => {
      const ws = await connect('/echo', ['v0.chat', 'v1.chat', 'v2.chat']);
      const seen = ws.protocol;
      await end(ws);
      return seen;
    },
    'v2.chat',
  ],

  refused: [async () => refusal('/refused'), { status: 403, why: 'members only' }],

  unknown: [async () => refusal('/nobody/here'), { status: 404, why: null }],
};

for (const [check, [run, expected]] of Object.entries(checks)) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${patience} ms`)), patience);
  });
  let seen;
  try {
    seen = await Promise.race([run(), late]);
  } catch (error) {
    seen = String(error);
  }
  clearTimeout(timer);
  console.log(JSON.stringify({ check, ok: isDeepStrictEqual(seen, expected), seen }));
}
process.exit(0);
