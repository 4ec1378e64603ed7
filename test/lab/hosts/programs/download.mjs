// A host's long downloads: it sends a file at an even pace, and receives one.
import net from 'node:net';

/** @import { Download, FileOffer, Received } from '../download.ts' */
/** @typedef {{ -readonly [key in keyof Received]: Received[key] }} State */

/** @typedef {{ hurry(): void, drop(): void }} Sending */

/**
 * Downloads that this host sends.
 * @type {Set<Sending>}
 */
const sending = new Set();

/**
 * Downloads that this host receives, or has received.
 * @type {Map<number, { state: State, end: Promise<void> }>}
 */
const receiving = new Map();

/**
 * Sends a file to every client, after a line with the sender's name: a chunk at each interval.
 * @param {FileOffer & { name: string }} parameters
 * @returns {Promise<void>}
 */
export function serveFile({ name, port, size, chunk, interval }) {
  const file = content(size);
  // Without delay each chunk is a packet. Otherwise the kernel would gather chunks until others are acknowledged.
  const server = net.createServer({ noDelay: true }, socket => {
    let sent = 0;
    socket.write(`${name}\n`);
    const timer = setInterval(() => {
      socket.write(file.subarray(sent, sent + chunk));
      sent += chunk;
      if (sent >= size) finish();
    }, interval);
    const finish = () => {
      clearInterval(timer);
      socket.end(file.subarray(sent));
      sent = size;
    };
    const upload = { hurry: finish, drop: () => void socket.resetAndDestroy() };
    sending.add(upload);
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      clearInterval(timer);
      sending.delete(upload);
    });
    socket.resume();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
}

/** Sends the rest of every download as fast as the network takes it. */
export function hurryDownloads() {
  for (const upload of sending) upload.hurry();
}

/** Ends every download where it is. */
export function dropDownloads() {
  for (const upload of sending) upload.drop();
}

/**
 * Begins to download a file. Resolves when the sender is known, or it is known that there is none.
 * @param {{ address: string, port: number, size: number, patience: number }} parameters
 * @returns {Promise<Download>}
 */
export function startDownload({ address, port, size, patience }) {
  const file = content(size);
  const number = receiving.size + 1;
  /** @type {State} */
  const state = { number, received: 0, intact: true };
  const socket = net.connect({ host: address, port });
  socket.setTimeout(patience, () => socket.destroy(new Error(`nothing came for ${patience / 1000} s`)));
  return new Promise(resolve => {
    let line = Buffer.alloc(0);
    let server = '';
    const started = () => resolve({ number, server, port: socket.localPort ?? 0 });
    /** @param {Buffer} bytes */
    const take = bytes => {
      state.intact &&= bytes.equals(file.subarray(state.received, state.received + bytes.length));
      state.received += bytes.length;
    };
    socket.on('data', bytes => {
      if (server !== '') return take(bytes);
      line = Buffer.concat([line, bytes]);
      const end = line.indexOf('\n');
      if (end < 0) return;
      server = line.toString('latin1', 0, end);
      started();
      take(line.subarray(end + 1));
    });
    socket.on('error', error => {
      state.failure = error.message;
    });
    const end = new Promise(ended => {
      socket.on('close', () => {
        // A reset may look like an end, where another system call got the error.
        if (state.received < size) state.failure ??= 'the connection ended';
        started();
        ended(undefined);
      });
    });
    receiving.set(number, { state, end });
  });
}

/**
 * The state of every download, by now or at the end of all.
 * @param {{ downloads: readonly number[], ended: boolean }} parameters
 * @returns {Promise<Received[]>}
 */
export async function received({ downloads, ended }) {
  const chosen = downloads.flatMap(number => receiving.get(number) ?? []);
  if (ended) await Promise.all(chosen.map(({ end }) => end));
  return chosen.map(({ state }) => state);
}

/**
 * A file whose bytes follow from their places, so that lost, repeated or misplaced ones are noticed.
 * @param {number} size
 */
function content(size) {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => i ^ (i >> 8) ^ (i >> 16)));
}
