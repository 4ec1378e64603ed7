// A host's HTTP: it serves, answering with its name, and asks.
import http from 'node:http';

/** @import { Reply, Served } from '../peer.ts' */
/** @typedef {{ -readonly [key in keyof Served]: Served[key] }} Counts */
/** @typedef {{ url: string, timeout: number, from?: string | undefined }} Question */

/**
 * The path whose request and answer do not end, so that the connection lasts until the client lets go of it. Each
 * line that the client adds is answered by one.
 */
const HOLD = '/hold';

/**
 * The counts of each port.
 * @type {Map<number, Counts>}
 */
const counted = new Map();

/**
 * Connections held, by number.
 * @type {Map<number, { request: http.ClientRequest, response: http.IncomingMessage }>}
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
    const client = request.socket.remoteAddress?.replace(/^::ffff:/, '');
    const reply = () => {
      counts.requests++;
      response.write(`${JSON.stringify({ server: name, client })}\n`);
    };
    response.setHeader('content-type', 'application/json');
    reply();
    if (request.url !== HOLD) return void response.end();
    request.on('data', reply);
    request.on('error', () => {}); // the client let go of the connection
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
 * Sends one request over a connection of its own. Resolves with a failure too.
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
  const { reply, request, response } = await ask({ ...question, url: new URL(HOLD, url).href }, false);
  const connection = ++holds;
  if (reply.failure === undefined && response !== undefined) held.set(connection, { request, response });
  return { ...reply, connection };
}

/**
 * Asks once more over a connection that is held.
 * @param {{ connection: number, timeout: number }} parameters
 * @returns {Promise<Reply>}
 */
export function askAgain({ connection, timeout }) {
  const start = performance.now();
  return new Promise(resolve => {
    const { request, response } = held.get(connection) ?? {};
    /** @param {{ server: string, client: string } | { failure: string }} what */
    const answer = what => {
      clearTimeout(timer);
      response?.off('data', take);
      resolve({ ...what, milliseconds: performance.now() - start });
    };
    /** @param {string} line */
    const take = line => answer(JSON.parse(line));
    const timer = setTimeout(() => answer({ failure: `no answer within ${timeout / 1000} s` }), timeout);
    if (request === undefined) answer({ failure: 'the connection is gone' });
    response?.on('data', take);
    request?.write('\n');
  });
}

/**
 * Lets go of connections: by a FIN, which the server answers with its own, or by a RST, which is not answered.
 * @param {{ connections: readonly number[], reset?: boolean }} parameters
 */
export function release({ connections, reset = false }) {
  for (const connection of connections) {
    const request = held.get(connection)?.request;
    if (reset) request?.socket?.resetAndDestroy();
    else request?.destroy();
    held.delete(connection);
  }
}

/**
 * Sends one request and waits for the end of the answer, or only for its first line.
 * @param {Question} question
 * @param {boolean} toTheEnd
 * @returns {Promise<{ reply: Reply, request: http.ClientRequest, response?: http.IncomingMessage | undefined }>}
 */
function ask({ url, timeout, from }, toTheEnd) {
  const start = performance.now();
  return new Promise(resolve => {
    let late = false;
    /** @type {http.IncomingMessage | undefined} */
    let response;
    /** @param {{ server: string, client: string } | { failure: string }} what */
    const answer = what => {
      clearTimeout(timer);
      resolve({ reply: { ...what, milliseconds: performance.now() - start }, request, response });
    };
    /** @param {string} text */
    const fail = text => answer({ failure: late ? `no answer within ${timeout / 1000} s` : text });
    // A request that is held must be of a kind that may have a body.
    const method = toTheEnd ? 'GET' : 'POST';
    const request = http.request(url, { method, agent: false, localAddress: from });
    request.on('response', incoming => {
      response = incoming;
      let body = '';
      incoming.setEncoding('utf8');
      incoming.on('error', error => fail(error.message));
      const read = () => {
        try {
          answer(JSON.parse(body));
        } catch {
          fail(`status ${incoming.statusCode}: ${body}`);
        }
      };
      incoming.on('data', text => {
        body += text;
        if (!toTheEnd && body.endsWith('\n')) read();
      });
      incoming.on('end', read);
    });
    const timer = setTimeout(() => {
      late = true;
      request.destroy();
      fail('');
    }, timeout);
    // Node.js adds the local address to the message, which is still 0.0.0.0.
    request.on('error', error => fail(error.message.replace(/ - Local .*/, '')));
    if (toTheEnd) request.end();
    else request.flushHeaders();
  });
}
