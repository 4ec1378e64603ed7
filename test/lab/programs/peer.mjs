// The one process of a lab's host: serves HTTP and sends requests, as the lab tells it over IPC. Plain JavaScript, since on an emulated
// machine a compiler at its start would take seconds.
import http from 'node:http';

/** @import { Reply, Served } from '../peer.ts' */
/** @typedef {{ id: number, method: keyof typeof methods, parameters: any }} Call */
/** @typedef {{ -readonly [key in keyof Served]: Served[key] }} Counts */

/**
 * What each port has served.
 * @type {Map<number, Counts>}
 */
const counted = new Map();

const methods = { serve, served, get };

/**
 * Serves on a port, answering with a name and with the client's address as it arrived here.
 * @param {{ name: string, address: string, port: number }} parameters
 * @returns {Promise<void>}
 */
function serve({ name, address, port }) {
  const counts = { connections: 0, requests: 0 };
  counted.set(port, counts);
  const server = http.createServer((request, response) => {
    counts.requests++;
    const client = request.socket.remoteAddress?.replace(/^::ffff:/, '');
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ server: name, client })}\n`);
  });
  server.on('connection', () => void counts.connections++);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
}

/**
 * @param {{ port: number }} parameters
 * @returns {Served | undefined}
 */
function served({ port }) {
  return counted.get(port);
}

/**
 * Sends one request over a connection of its own. A failure is an answer too.
 * @param {{ url: string, timeout: number }} parameters
 * @returns {Promise<Reply>}
 */
function get({ url, timeout }) {
  const start = performance.now();
  const signal = AbortSignal.timeout(timeout);
  return new Promise(resolve => {
    const elapsed = () => performance.now() - start;
    /** @param {string} text */
    const fail = text => {
      const failure = signal.aborted ? `no answer within ${timeout / 1000} s` : text;
      resolve({ failure, milliseconds: elapsed() });
    };
    const request = http.get(url, { agent: false, signal }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('error', error => fail(error.message));
      response.on('data', text => {
        body += text;
      });
      response.on('end', () => {
        try {
          resolve({ ...JSON.parse(body), milliseconds: elapsed() });
        } catch {
          fail(`status ${response.statusCode}: ${body}`);
        }
      });
    });
    // Without the local address that Node.js adds: it is 0.0.0.0 as yet.
    request.on('error', error => fail(error.message.replace(/ - Local .*/, '')));
  });
}

process.on('message', async message => {
  const { id, method, parameters } = /** @type {Call} */ (message);
  try {
    process.send?.({ id, value: await methods[method](parameters) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
// The lab has ended, whatever way.
process.on('disconnect', () => process.exit());
