import { spawn } from 'node:child_process';

/** Tells systemd how a service is, where it was started by systemd and wants to know. */
export interface Supervisor {
  /** Says something, as `READY=1` or `STATUS=…`. */
  notify(...words: readonly string[]): void;
  stop(): void;
}

/**
 * The supervisor that the environment names. Datagrams to unix sockets are more than Node.js has: systemd's own
 * program sends them (`NotifyAccess=all` in the unit). `isAlive` is asked before each word to the watchdog.
 */
export function supervisor(environment: NodeJS.ProcessEnv, isAlive: () => boolean): Supervisor {
  if (environment['NOTIFY_SOCKET'] === undefined) return { notify: () => {}, stop: () => {} };
  const notify = (...words: readonly string[]) => {
    const child = spawn('systemd-notify', words, { stdio: 'ignore', env: environment });
    child.on('error', () => {}).unref();
  };
  const period = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000;
  const timer =
    period > 0 ? setInterval(() => isAlive() && notify('WATCHDOG=1'), Math.max(100, period / 3)) : undefined;
  timer?.unref();
  return { notify, stop: () => clearInterval(timer) };
}
