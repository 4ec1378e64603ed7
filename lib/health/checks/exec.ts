import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { validateInteger, validateString, wrongValue } from '../../model/arguments.ts';
import type { CheckAnswer, CheckTarget, NamedCheck } from '../types.ts';
import { validateStrings } from './fields.ts';
import { named, type OptionSet, optional, readOptions, required } from './options.ts';
import { keyOf } from './pattern.ts';

/** Which program a check runs, and what its exit says. */
export interface ExecCheckOptions {
  /** The program: a path, or a name that is looked for in PATH. No shell sees it. */
  readonly command: string;
  /**
   * Its arguments. `{address}` and `{port}` in them stand for the target's (0 where it has no port),
   * `{serviceAddress}` and `{servicePort}` for those of its `service` (the mark and 0 for a firewall mark).
   * ldirectord's four are `['{serviceAddress}', '{servicePort}', '{address}', '{port}']`. Default: none.
   */
  readonly args?: readonly string[] | undefined;
  /** Variables of its environment besides the process's own. Default: none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The weight that stands for all of a target's own, 1 to 253: exit 2 to 255 then is that the target is
   * healthy and wants the weight of the status less 2, as with keepalived's misc_dynamic; of this weight or
   * more it gets all. Default: exit 2 to 255 is failure.
   */
  readonly fullWeight?: number | undefined;
  /**
   * Runs it as this user, 0 to 4294967294: that takes CAP_SETUID and CAP_SETGID, and CAP_KILL to end a program that
   * is late. Default: the process's own.
   */
  readonly uid?: number | undefined;
  /** Runs it as this group, 0 to 4294967294. Default: the process's own. */
  readonly gid?: number | undefined;
}

/** What a check by a program takes. */
export const execOptions: OptionSet<ExecCheckOptions> = {
  command: required(validateCommand),
  args: optional(validateArguments),
  env: named(validateString),
  fullWeight: optional((field, value) => validateInteger(field, value, 1, 253)),
  uid: optional(validateId),
  gid: optional(validateId),
};

/** How much is kept of what a program says, in bytes of each stream. */
const MOST_OUTPUT = 4096;

/** Milliseconds to wait, after the end of a program, for what it said. Its children may still hold the pipes. */
const LAST_WORDS = 100;

/**
 * A target is healthy for which a program exits with 0. The first line that it says is the answer's `detail`,
 * or why it failed. When its time is up it is killed, and with it all processes of its process group.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const asKeepalived = execCheck({ command: '/usr/local/bin/check-app', fullWeight: 100 });
 * const asLdirectord = execCheck({
 *   command: '/etc/ha.d/check',
 *   args: ['{serviceAddress}', '{servicePort}', '{address}', '{port}'],
 * });
 * ```
 */
export function execCheck(options: ExecCheckOptions): NamedCheck {
  const given = readOptions(execOptions, options);
  const { command, args = [], fullWeight } = given;
  return {
    name: `exec ${[command, ...args].join(' ')}`,
    key: keyOf('exec', given),
    heedsService: args.some(text => /\{service(?:Address|Port)\}/.test(text)),
    needsPort: false,
    async check(target, { signal }) {
      signal.throwIfAborted();
      const child = start(fillIn(args, target), given);
      const { status, killer, said } = await end(child, signal);
      signal.throwIfAborted();
      if (status === null) throw new Error(`killed by ${killer}`);
      const isDynamic = fullWeight !== undefined && status >= 2;
      if (status !== 0 && !isDynamic) throw new Error(`exit ${status}${said === '' ? '' : `: ${said}`}`);
      const detail = said === '' ? {} : { detail: said };
      if (fullWeight === undefined) return detail;
      const factor = status === 0 ? 1 : Math.min(1, (status - 2) / fullWeight);
      return { factor, ...detail } satisfies CheckAnswer;
    },
  };
}

function validateCommand(field: string, value: unknown): void {
  if (!/^[^\0]+$/.test(validateString(field, value))) {
    throw wrongValue(field, 'be the name of a program, or a path to it', value);
  }
}

function validateArguments(field: string, value: unknown): void {
  for (const text of validateStrings(field, value)) {
    if (text.includes('\0')) throw wrongValue(field, 'have no NUL', text);
  }
}

/** Throws unless a user's or group's number is one; the last is what the kernel takes for none. */
function validateId(field: string, value: unknown): void {
  validateInteger(field, value, 0, 0xffff_fffe);
}

/** Starts the program, in a process group of its own. */
function start(args: readonly string[], { command, env, uid, gid }: ExecCheckOptions): ChildProcess {
  try {
    return spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' || (uid ?? gid) === undefined) throw error;
    throw new Error(`${message}: uid and gid take CAP_SETUID and CAP_SETGID`);
  }
}

interface Exit {
  readonly status: number | null;
  readonly killer: NodeJS.Signals | null;
  /** The first line of what it said. */
  readonly said: string;
}

/** Waits for a program's end; kills it when the signal is aborted. Rejects when it could not be started. */
async function end(child: ChildProcess, signal: AbortSignal): Promise<Exit> {
  const collected = [child.stderr, child.stdout].map(stream => {
    const kept = { text: '' };
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      if (kept.text.length < MOST_OUTPUT) kept.text += chunk.slice(0, MOST_OUTPUT);
    });
    return kept;
  });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It is over already.
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const closed = once(child, 'close').catch(() => {});
    const [status, killer] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const stop = new AbortController();
    await Promise.race([closed, sleep(LAST_WORDS, undefined, { signal: stop.signal })]);
    stop.abort();
    const said = collected.map(({ text }) => text.trim().split('\n', 1)[0]!).find(text => text !== '');
    return { status, killer, said: said ?? '' };
  } finally {
    signal.removeEventListener('abort', kill);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** The arguments for a target. */
function fillIn(args: readonly string[], { address, port, service }: CheckTarget): string[] {
  const values: Readonly<Record<string, string | undefined>> = {
    address,
    port: String(port),
    serviceAddress: service === undefined ? undefined : (service.address ?? String(service.fwmark)),
    servicePort: service === undefined ? undefined : String(service.port ?? 0),
  };
  return args.map(text =>
    text.replace(/\{(address|port|serviceAddress|servicePort)\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`{${name}} needs a target with a service`);
      return value;
    }),
  );
}
