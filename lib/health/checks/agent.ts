import { once } from 'node:events';
import type { Socket } from 'node:net';
import { joinSignals } from '../signals.ts';
import type { CheckAnswer, CheckTarget, NamedCheck } from '../types.ts';
import { validateMilliseconds, validatePort } from './fields.ts';
import { type OptionSet, optional, readOptions, required } from './options.ts';
import { bytesOf, keyOf } from './pattern.ts';

/** Where a target's agent is, and what it is told. */
export interface AgentCheckOptions {
  /** The TCP port of the agent, 1 to 65535. */
  readonly port: number;
  /** Sent once connected. Default: nothing. */
  readonly send?: string | Uint8Array | undefined;
  /**
   * Milliseconds after which an agent that says nothing counts as out of reach, 1 to 86400000. Must be less
   * than the policy's `timeout`, or the check fails instead. Default 1000.
   */
  readonly patience?: number | undefined;
}

/** What a check by an agent takes. */
export const agentOptions: OptionSet<AgentCheckOptions> = {
  port: required(validatePort),
  send: optional(bytesOf),
  patience: optional(validateMilliseconds),
};

/** The longest line that an agent may say, in bytes. */
const LONGEST_LINE = 1024;

/** What an agent's line says. */
interface AgentWords {
  /** Undefined: it says nothing of the target's health. */
  readonly health: 'up' | 'down' | undefined;
  /** Why it is down. */
  readonly why: string | undefined;
  readonly answer: CheckAnswer;
}

/**
 * Asks an agent on the target what it wants, in HAProxy's words: a line with one or several of `up`, `down`,
 * `fail` or `stopped` (and why, after `#`), `75%`, `ready`, `drain`, `maint`. What the agent doesn't mention
 * stays as it said before, and other words mean nothing. An agent that can't be reached has no opinion: what
 * it said stays, `down` too, and only the agent takes that back.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const wishes = agentCheck({ port: 5555 });
 * ```
 */
export function agentCheck(options: AgentCheckOptions): NamedCheck {
  const { port, send, patience = 1000 } = readOptions(agentOptions, options);
  const bytes = send === undefined ? undefined : bytesOf('send', send);
  /** What the agents of targets said; their word is good until they take it back. */
  const words = new WeakMap<
    CheckTarget,
    { readonly down: string | undefined; readonly answer: CheckAnswer }
  >();
  return {
    name: `agent :${port}`,
    key: keyOf('agent', { port, send: bytes, patience }),
    heedsService: false,
    needsPort: false,
    async check(target, { dial, signal }) {
      let line: string;
      const { controller, release } = joinSignals(signal);
      const impatience = new Error(`no line within ${patience} ms`);
      const timer = setTimeout(() => controller.abort(impatience), patience);
      try {
        const socket = await dial({ port, signal: controller.signal });
        if (bytes !== undefined) socket.write(bytes);
        line = await readLine(socket, controller.signal);
      } catch (error) {
        signal.throwIfAborted();
        const down = words.get(target)?.down;
        if (down !== undefined)
          throw new Error(`${down}; since then the agent can't be reached`, { cause: error });
        return { detail: `no agent: ${(error as Error).message}` };
      } finally {
        clearTimeout(timer);
        release();
      }
      const { health, why, answer } = parseWords(line);
      const before = words.get(target);
      const news =
        health === 'down' ? `the agent says down${why === undefined ? '' : `: ${why}`}` : undefined;
      const said = {
        down: health === undefined ? before?.down : news,
        // A check that fails has no answer: what is said meanwhile is the answer of the next that passes.
        answer: { ...before?.answer, ...answer },
      };
      words.set(target, said);
      if (said.down !== undefined) throw new Error(said.down);
      return said.answer;
    },
  };
}

/** Reads HAProxy's agent-check (its configuration manual, section 5.2). */
export function parseWords(line: string): AgentWords {
  const [said = '', ...reasons] = line.split('#');
  const why = reasons.join('#').trim();
  let health: AgentWords['health'];
  let factor: number | undefined;
  let admin: CheckAnswer['admin'];
  for (const word of said.toLowerCase().split(/[\s,]+/)) {
    const percent = /^(\d{1,9})%$/.exec(word)?.[1];
    if (percent !== undefined) factor = Math.min(1, Number(percent) / 100);
    else if (word === 'up') health = 'up';
    else if (word === 'down' || word === 'fail' || word === 'stopped') health = 'down';
    else if (word === 'ready' || word === 'drain') admin = word;
    else if (word === 'maint') admin = 'maintenance';
  }
  return {
    health,
    why: why === '' ? undefined : why,
    answer: {
      ...(factor === undefined ? {} : { factor }),
      ...(admin === undefined ? {} : { admin }),
    },
  };
}

/** Reads until the end of a line or of what is said. */
async function readLine(socket: Socket, signal: AbortSignal): Promise<string> {
  let text = '';
  const { controller: ended, release } = joinSignals(signal);
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (text.includes('\n') || text.length > LONGEST_LINE) ended.abort();
  });
  try {
    await once(socket, 'end', { signal: ended.signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!ended.signal.aborted) throw error;
  } finally {
    release();
  }
  return text.split('\n', 1)[0]!.slice(0, LONGEST_LINE);
}
