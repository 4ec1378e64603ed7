// What a host does over HTTP: serves, answering with its name, and asks.
import http from 'node:http';

/** @import { Reply, Served } from '../peer.ts' */
/** @typedef {{ -readonly [key in keyof Served]: Served[key] }} Counts */
/** @typedef {{ url: string, timeout: number, from?: string | undefined }} Question */

/** The path whose answer begins and does not end: a connection that lasts until the client lets go of it. */
const HOLD = '/hold';

/**
 * What each port has served.
 * @type {Map<number, Counts>}
 */
const counted = new Map();

/**
 * Connections held, by number.
 * @type {Map<number, http.ClientRequest>}
 */
const held = new Map();
let holds = 0;

/**
 * Serves on a port, answering with a name and with the client's address as it arrived here.
 * @param {{ name: string, address: string, port: number }} parameters
 * @returns {Promise<void>}
 */
export function serve({ name, address, port }) {
  const counts = { connections: 0, requests: 0 };
  counted.set(port, counts);
  const server = http.createServer((request, response) => {
    counts.requests++;
    const client = request.socket.remoteAddress?.replace(/^::ffff:/, '');
    response.setHeader('content-type', 'application/json');
    response.write(`${JSON.stringify({ server: name, client })}\n`);
    if (request.url !== HOLD) response.end();
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
export function served({ port }) {
  return counted.get(port);
}

/**
 * Sends one request over a connection of its own. A failure is an answer too.
 * @param {Question} question
 * @returns {Promise<Reply>}
 */
export async function get(question) {
  const { reply } = await ask(question, true);
  return reply;
}

/**
 * Opens a connection and keeps it until it is let go of.
 * @param {Question} question
 * @returns {Promise<Reply & { connection: number }>}
 */
export async function hold({ url, ...question }) {
  const { reply, request } = await ask({ ...question, url: new URL(HOLD, url).href }, false);
  const connection = ++holds;
  if (reply.failure === undefined) held.set(connection, request);
  return { ...reply, connection };
}

/**
 * Lets go of connections.
 * @param {{ connections: readonly number[] }} parameters
 */
export function release({ connections }) {
  for (const connection of connections) {
    held.get(connection)?.destroy();
    held.delete(connection);
  }
}

/**
 * Sends one request; waits for the end of the answer, or for its first line only.
 * @param {Question} question
 * @param {boolean} toTheEnd
 * @returns {Promise<{ reply: Reply, request: http.ClientRequest }>}
 */
function ask({ url, timeout, from }, toTheEnd) {
  const start = performance.now();
  return new Promise(resolve => {
    let late = false;
    /** @param {{ server: string, client: string } | { failure: string }} what */
    const answer = what => {
      clearTimeout(timer);
      resolve({ reply: { ...what, milliseconds: performance.now() - start }, request });
    };
    /** @param {string} text */
    const fail = text => answer({ failure: late ? `no answer within ${timeout / 1000} s` : text });
    const request = http.get(url, { agent: false, localAddress: from }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('error', error => fail(error.message));
      const read = () => {
        try {
          answer(JSON.parse(body));
        } catch {
          fail(`status ${response.statusCode}: ${body}`);
        }
      };
      response.on('data', text => {
        body += text;
        if (!toTheEnd && body.endsWith('\n')) read();
      });
      response.on('end', read);
    });
    const timer = setTimeout(() => {
      late = true;
      request.destroy();
      fail('');
    }, timeout);
    // Without the local address that Node.js adds: it is 0.0.0.0 as yet.
    request.on('error', error => fail(error.message.replace(/ - Local .*/, '')));
  });
}
