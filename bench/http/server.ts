import { createServer } from 'node:net';

// Answers every request at once with the same small JSON. By hand, so that the clients are what is measured.

const body = JSON.stringify({
  games: Array.from({ length: 10 }, (_, index) => ({
    id: `00225005${index}`,
    home: 'MEM',
    away: 'ORL',
    spread: -4.5,
  })),
});
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ndate: Thu, 15 Jan 2026 12:00:00 GMT\r\ncache-control: private\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const end = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('data', (chunk) => {
    // GETs without a body: one answer for each blank line.
    rest += chunk.toString('latin1');
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      rest = rest.slice(at + end.length);
      socket.write(answer);
    }
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit(0));
