import { given, milliseconds } from './converted.ts';
import type { Statement } from './keepalived-text.ts';

/** How often a server is checked, and how many failures take it out. Times are in milliseconds. */
export interface Timing {
  readonly interval: number;
  readonly fasterInterval: number;
  readonly timeout: number;
  readonly rise: number;
  readonly fall: number;
}

/** What keepalived does where nothing is said, and its check has no usage of its own. */
export const usualTiming: Timing = {
  interval: 60_000,
  fasterInterval: 1000,
  timeout: 5000,
  rise: 1,
  fall: 2,
};

/** What statements of a virtual_server, a real_server or a check say of timing. */
export function timingOf(statements: readonly Statement[]): Partial<Timing> {
  const value = (name: string) => statements.findLast(statement => statement.name === name)?.args[0];
  const retries = value('retry') ?? value('nb_get_retry');
  return given({
    interval: milliseconds(value('delay_loop')),
    fasterInterval: milliseconds(value('delay_before_retry')),
    timeout: milliseconds(value('misc_timeout') ?? value('connect_timeout')),
    fall: retries !== undefined && /^\d+$/.test(retries) ? Number(retries) + 1 : undefined,
  });
}

/** What keepalived's checks do where nothing is said, as far as that differs from the others. */
function usageOf(check: string, interval: number): Partial<Timing> {
  switch (check) {
    case 'HTTP_GET':
    case 'SSL_GET':
      return { fasterInterval: 3000 };
    case 'DNS_CHECK':
      return { fasterInterval: interval, fall: 4 };
    case 'MISC_CHECK':
      return { timeout: interval, fall: 1 };
    default:
      return {};
  }
}

/** The timing of a check, by what is said around it, from the outside in; without `check`: of any other. */
export function wholeTiming(said: readonly Partial<Timing>[], check = ''): Timing {
  const around: Partial<Timing> = Object.assign({}, ...said);
  const { interval = usualTiming.interval } = around;
  const timing = { ...usualTiming, ...usageOf(check, interval), ...around };
  // A director has no interval that is longer while it waits for the next failure.
  return { ...timing, fasterInterval: Math.min(timing.fasterInterval, interval) };
}

/** What of a timing is to be said beside another one that holds already; undefined: nothing. */
export function timingBeside(timing: Timing, usual: Timing): Partial<Timing> | undefined {
  const others = Object.entries(timing).filter(([key, value]) => usual[key as keyof Timing] !== value);
  return others.length > 0 ? Object.fromEntries(others) : undefined;
}
