import type { Socket as UdpSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { wrongValue } from '../model/arguments.ts';
import { joinSignals } from './signals.ts';
import type {
  CheckAnswer,
  CheckContext,
  CheckDial,
  CheckTarget,
  Dial,
  DialOptions,
  NamedCheck,
} from './types.ts';

/** How one probe came out. */
export type ProbeOutcome =
  | { readonly passed: true; readonly answer: CheckAnswer | undefined }
  | { readonly passed: false; readonly reason: string; readonly timedOut?: boolean };

/** One probe that is being made. */
export interface Probe {
  /** Resolves once the check is over, after `ended` was called unless it was stopped before. Never rejects. */
  readonly settled: Promise<void>;
  /** Whether it is connecting a socket just now. */
  isConnecting(): boolean;
  /** Aborts the check and destroys its sockets. `ended` is not called any more. */
  stop(reason: string): void;
}

/** Longer reasons and details are cut: they come from servers. */
const LONGEST_TEXT = 500;

/** The reason of a check that gave none. */
const UNREASONED = 'the check rejected without a reason';

/** Makes one probe. */
export function startProbe(
  check: NamedCheck,
  target: CheckTarget,
  dial: Dial,
  ended: (outcome: ProbeOutcome) => void,
): Probe {
  const controller = new AbortController();
  const sockets = new Set<Socket | UdpSocket>();
  let connecting = 0;
  let over = false;

  const close = () => {
    over = true;
    for (const socket of sockets) closeSocket(socket);
    sockets.clear();
  };

  const dialTarget = async (options: Partial<DialOptions> = {}): Promise<Socket | UdpSocket> => {
    const { service: _, ...way } = target;
    const { signal, ...rest } = options;
    const joined = signal === undefined ? undefined : joinSignals(signal, controller.signal);
    const { signal: either } = joined?.controller ?? controller;
    connecting++;
    try {
      const socket = await dial({ ...way, ...rest, signal: either } as DialOptions & { protocol: 'udp' });
      // Who waits for more than an error hears of it by 'close'; an error nobody listens to ends the process.
      socket.on('error', () => {});
      if (over) closeSocket(socket);
      else sockets.add(socket);
      return socket;
    } finally {
      joined?.release();
      connecting--;
    }
  };

  const dialOfCheck = (options?: Partial<DialOptions>) => {
    const dialled = dialTarget(options);
    // A check that is over has nobody to hear that its dial ended with it, and that would end the process.
    dialled.catch(() => {});
    return dialled;
  };

  const run = async () => {
    const context: CheckContext = { signal: controller.signal, dial: dialOfCheck as CheckDial };
    let outcome: ProbeOutcome;
    try {
      // One that throws before it has a promise would end before whoever starts the probe holds it.
      const made = (async () => check.check(target, context))();
      const answer = (await made) ?? undefined;
      outcome = { passed: true, answer: answer === undefined ? undefined : validateAnswer(answer) };
    } catch (error) {
      outcome = { passed: false, reason: reasonOf(error) };
    }
    if (over) return;
    close();
    // A check may have left something behind that listens to it.
    controller.abort(new Error('the check is over'));
    ended(outcome);
  };

  return {
    settled: run(),
    isConnecting: () => connecting > 0,
    stop(reason) {
      if (over) return;
      over = true;
      controller.abort(new Error(reason));
      close();
    },
  };
}

function closeSocket(socket: Socket | UdpSocket): void {
  if (socket instanceof Socket) {
    socket.destroy();
    return;
  }
  try {
    socket.close();
  } catch {
    // The check has closed it.
  }
}

const admins: ReadonlySet<unknown> = new Set(['ready', 'drain', 'maintenance']);

function validateAnswer({ factor, admin, detail }: CheckAnswer): CheckAnswer {
  if (factor !== undefined && !(typeof factor === 'number' && factor >= 0 && factor <= 1)) {
    throw wrongValue('the check’s factor', 'be between 0 and 1', factor);
  }
  if (admin !== undefined && !admins.has(admin)) {
    throw wrongValue('the check’s admin', "be 'ready', 'drain' or 'maintenance'", admin);
  }
  return { factor, admin, detail: detail === undefined ? undefined : cut(String(detail)) };
}

/** What went wrong, for people. */
function reasonOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return cut(String(error)) || UNREASONED;
    return cut(String(error.message)) || String((error as NodeJS.ErrnoException).code ?? error.name);
  } catch {
    return UNREASONED; // what has no words, such as an object without a prototype
  }
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
