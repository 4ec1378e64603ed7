// A host's SCTP, by sctp.py, as Node.js does not speak it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @import { Reply } from '../peer.ts' */

const program = fileURLToPath(new URL('sctp.py', import.meta.url));

/**
 * Serves on a port, answering each association with a name and with the client's address as it arrived here.
 * Resolves when it listens.
 * @param {{ name: string, address: string, port: number }} parameters
 * @returns {Promise<void>}
 */
export async function serveSctp({ name, address, port }) {
  await run(['serve', address, String(port), name]).next();
}

/**
 * Makes associations, each after the end of the one before.
 * @param {{ address: string, port: number, from: string, count: number, timeout: number }} question
 * @returns {Promise<Reply[]>}
 */
export async function askSctp({ address, port, from, count, timeout }) {
  const replies = [];
  const args = ['ask', address, String(port), from, String(count), String(timeout / 1000)];
  for await (const line of run(args)) replies.push(JSON.parse(line));
  return replies;
}

/**
 * Runs sctp.py and yields the lines that it writes. It ends with this process, which alone holds the other end
 * of its standard input.
 * @param {readonly string[]} args
 */
async function* run(args) {
  const child = spawn('python3', ['-IS', program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    complaint += text;
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', status => {
      if (status === 0) resolve(undefined);
      else reject(new Error(`sctp.py ended with ${status}: ${complaint.trim()}`));
    });
  });
  ended.catch(() => {}); // awaited below, when all output has been read
  yield* createInterface({ input: child.stdout });
  await ended;
}
