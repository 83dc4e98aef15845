// A server of npm ws that echoes, for `weft lint`: prints its port, and ends with its input.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer(
  { host: '127.0.0.1', port: 0, perMessageDeflate: process.argv[2] === 'deflate' },
  () => console.log(`listening ${server.address().port}`),
);
server.on('connection', (socket) => {
  socket.on('error', () => {}); // what the client did wrong is the client's to see
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
process.stdin.on('end', () => process.exit(0)).resume();
