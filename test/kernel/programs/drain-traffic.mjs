// Servers on loopback that answer their name, and clients of a virtual server in front of them. Messages say
// what to do, and each is answered.
import dgram from 'node:dgram';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStorm } from './storm.mjs';
import { obey } from './told.mjs';

const VIP = '10.1.0.1';
const hosts = ['127.0.1.1', '127.0.1.2', '127.0.1.3'];
const held = new Set();
let flow;
let storm;

for (const host of hosts) {
  net
    .createServer(socket => {
      socket.on('error', () => {}).on('data', data => socket.write(data));
      socket.write(host);
    })
    .listen(8080, host);
}

/** Connects and returns the name of the server; the connection stays until it is closed. */
function connect() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(80, VIP);
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), 10_000);
    socket.once('error', reject);
    socket.once('data', name => {
      clearTimeout(timer);
      resolve({ socket, name: String(name) });
    });
  });
}

/** Connects, waits, and has the server answer once more; the server's name. */
async function exchange(hold) {
  const { socket, name } = await connect();
  try {
    await sleep(hold);
    const answered = new Promise((resolve, reject) => {
      socket.once('data', resolve).once('error', reject);
      setTimeout(() => reject(new Error('cut')), 2000).unref();
    });
    socket.write('once more');
    await answered;
    return name;
  } finally {
    socket.resetAndDestroy();
  }
}

obey({
  async open({ count }) {
    const found = [];
    for (let i = 0; i < count; i++) {
      const connection = await connect();
      held.add(connection);
      found.push(connection.name);
    }
    return found;
  },
  /** Closes connections to a server, by a reset: nothing stays in TIME_WAIT. */
  async close({ host }) {
    for (const connection of held) {
      if (connection.name !== host) continue;
      held.delete(connection);
      connection.socket.resetAndDestroy();
    }
  },
  async flow() {
    flow ??= setInterval(() => flow.socket.send('x', 53, VIP), 50);
    flow.socket = dgram.createSocket('udp4').on('error', () => {});
  },
  async stopFlow() {
    clearInterval(flow);
    flow.socket.close();
    flow = undefined;
  },
  async storm({ every, hold }) {
    storm = startStorm(every, () => exchange(hold));
  },
  endStorm: () => storm.end(),
});
