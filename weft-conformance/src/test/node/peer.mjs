// A server of npm ws for the client to talk to: over ws, over wss, and over wss with a certificate
// for another host. Says on which ports, then how each connection was closed by its client; ends
// with its input. Arguments: certificate and key, the other certificate and its key, as PEM files.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { WebSocketServer } from 'ws';

const [cert, key, otherCert, otherKey] = process.argv.slice(2);

const talks = {
  '/echo': (ws, data, isBinary) => ws.send(data, { binary: isBinary }),

  '/fragments': (ws, data, isBinary) => {
    for (let i = 0; i < data.length; i++) {
      ws.send(data.subarray(i, i + 1), { binary: isBinary, fin: false });
      if (i === 4) ws.ping('between');
    }
    ws.send('', { binary: isBinary, fin: true });
  },

  '/ping': (ws) => {
    ws.once('pong', (payload) => ws.send(`answered ${payload}`));
    ws.ping('are you there');
  },

  '/close': (ws) => ws.close(4001, '再见'),

  '/gone': (ws) => ws.terminate(),
};

function judge({ req }, answer) {
  const path = new URL(req.url, 'ws://localhost').pathname;
  if (path === '/refused') answer(false, 403, 'members only', { 'X-Why': 'members only' });
  else if (!(path in talks)) answer(false, 404);
  else answer(true);
}

function serve(name, http) {
  const server = new WebSocketServer({
    server: http,
    verifyClient: judge,
    handleProtocols: (offered) => (offered.has('v2.chat') ? 'v2.chat' : false),
    perMessageDeflate: { threshold: 0 },
  });
  server.on('connection', (ws, request) => {
    const talk = talks[new URL(request.url, 'ws://localhost').pathname];
    ws.on('error', (error) => console.log(`error ${error.message}`));
    ws.on('message', (data, isBinary) => talk(ws, data, isBinary));
    ws.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
  });
  http.listen(0, '127.0.0.1', () => console.log(`${name} ${http.address().port}`));
}

const pem = (certFile, keyFile) => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
serve('ws', createServer());
serve('wss', createTlsServer(pem(cert, key)));
serve('other', createTlsServer(pem(otherCert, otherKey)));
process.stdin.on('end', () => process.exit(0)).resume();
