// A host's UDP: it answers datagrams with its name, and asks.
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';

/** @import { Reply, Served } from '../peer.ts' */

/**
 * The number of datagrams that each port has had.
 * @type {Map<number, number>}
 */
const counted = new Map();

/**
 * Answers datagrams to a port with a name and with the client's address as it arrived here, and, as SIP does,
 * with the Call-ID of the request.
 * @param {{ name: string, address: string, port: number }} parameters
 * @returns {Promise<void>}
 */
export function serveUdp({ name, address, port }) {
  counted.set(port, 0);
  const socket = dgram.createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    counted.set(port, (counted.get(port) ?? 0) + 1);
    const call = /^Call-ID:.*$/m.exec(message.toString());
    const answer = [JSON.stringify({ server: name, client: from.address }), ...(call ?? []), ''].join('\r\n');
    socket.send(answer, from.port, from.address);
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
}

/**
 * @param {{ port: number }} parameters
 * @returns {Served | undefined}
 */
export function servedUdp({ port }) {
  const requests = counted.get(port);
  return requests === undefined ? undefined : { connections: requests, requests };
}

/**
 * Sends datagrams from one socket, each after the answer to the one before. Resolves with failures too.
 * @param {{ address: string, port: number, timeout: number, payloads: readonly string[], from?: { address?: string, port?: number } }} question
 * @returns {Promise<Reply[]>}
 */
export async function askUdp({ address, port, timeout, payloads, from = {} }) {
  const socket = dgram.createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', () => {}); // a send's callback gets its errors, and the timer sees a missing answer
  try {
    await new Promise(resolve => socket.bind(from.port ?? 0, from.address, () => resolve(undefined)));
    const replies = [];
    for (const payload of payloads) replies.push(await exchange(socket, payload, address, port, timeout));
    return replies;
  } finally {
    socket.close();
  }
}

/**
 * @param {dgram.Socket} socket
 * @param {string} payload
 * @param {string} address
 * @param {number} port
 * @param {number} timeout
 * @returns {Promise<Reply>}
 */
function exchange(socket, payload, address, port, timeout) {
  const start = performance.now();
  return new Promise(resolve => {
    /** @param {{ server: string, client: string, source: string } | { failure: string }} what */
    const answer = what => {
      clearTimeout(timer);
      socket.off('message', take);
      resolve({ ...what, milliseconds: performance.now() - start });
    };
    /**
     * @param {Buffer} message
     * @param {dgram.RemoteInfo} from
     */
    const take = (message, from) => {
      const [line = ''] = message.toString().split('\r\n', 1);
      answer({ ...JSON.parse(line), source: from.address });
    };
    const timer = setTimeout(() => answer({ failure: `no answer within ${timeout / 1000} s` }), timeout);
    socket.on('message', take);
    socket.send(payload, port, address, error => {
      if (error !== null) answer({ failure: error.message });
    });
  });
}
