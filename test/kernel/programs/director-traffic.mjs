// HTTP servers on loopback that answer with their names until they are told to fail, and open-loop clients of virtual
// servers in front of them. Messages say what to do, and each is answered.
import { createServer } from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStorm } from './storm.mjs';
import { obey } from './told.mjs';

/** Milliseconds after which a client gives a request up: a busy emulated machine may take some to answer. */
const PATIENCE = 30_000;

/**
 * How servers fare by their addresses: 'well', 'errors' (they answer 500), 'mute' (connections stay unanswered) or
 * 'closed' (connections are reset).
 */
const modes = new Map();
const servers = new Map();
const open = new Map();
/** The clients of virtual servers, by their addresses. */
const storms = new Map();

/** Connections that fill a queue. */
const fillers = new Set();

function listen(host, port, backlog = 511) {
  const sockets = open.get(host) ?? new Set();
  open.set(host, sockets);
  const server = createServer((_, response) => {
    const mode = modes.get(host);
    if (mode === 'mute') return;
    response.statusCode = mode === 'errors' ? 500 : 200;
    response.setHeader('Server', host).end('answered\n');
  });
  server.on('connection', socket => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  servers.set(host, { server, port });
  return new Promise(resolve => server.listen({ port, host, backlog }, resolve));
}

/** One visit: the request must be answered well, and once more after a while. Returns who answered. */
async function visit({ vip, hold, source }, signal) {
  const socket = net.connect({ port: 80, host: vip, localAddress: source });
  signal.addEventListener('abort', () => socket.destroy(new Error('given up')));
  // From the beginning: a connection that breaks while nobody waits for an answer is told by no later event.
  const broken = new Promise((_, reject) => {
    socket.on('error', reject).on('close', () => reject(new Error('closed')));
  });
  broken.catch(() => {});
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), PATIENCE);
  const ask = async () => {
    socket.write(`GET / HTTP/1.1\r\nHost: ${vip}\r\n\r\n`);
    const text = String(await Promise.race([broken, new Promise(resolve => socket.once('data', resolve))]));
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
    if (status !== '200') throw new Error(`status ${status}`);
    return /^Server: (\S+)/m.exec(text)?.[1];
  };
  try {
    const name = await ask();
    await sleep(hold);
    await ask();
    return name;
  } finally {
    clearTimeout(timer);
    socket.resetAndDestroy();
  }
}

obey({
  async serve({ hosts, port, backlog }) {
    for (const host of hosts) {
      modes.set(host, 'well');
      await listen(host, port, backlog);
    }
  },
  /** Has a server fail, or fare well again; when that was, in milliseconds since 1970. */
  async mode({ host, mode }) {
    const before = modes.get(host);
    modes.set(host, mode);
    const time = Date.now();
    const { server, port } = servers.get(host);
    if (mode === 'closed') server.close();
    // Whoever waits for an answer of a mute server gets none of it any more.
    if (mode === 'closed' || before === 'mute') for (const socket of open.get(host)) socket.resetAndDestroy();
    if (before === 'closed') await listen(host, port);
    return time;
  },
  /** Connects that often, whether anybody accepts that or not. */
  async fill({ host, port, count }) {
    for (let i = 0; i < count; i++) fillers.add(net.connect(port, host).on('error', () => {}));
  },
  async endFill() {
    for (const socket of fillers) socket.resetAndDestroy();
    fillers.clear();
  },
  async storm({ every, ...how }) {
    storms.set(
      how.vip,
      startStorm(every, signal => visit(how, signal)),
    );
  },
  async giveUp({ vip, before }) {
    storms.get(vip).giveUp(before);
  },
  endStorm: ({ vip }) => storms.get(vip).end(),
});
