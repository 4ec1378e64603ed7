import { agentCheck, agentOptions } from '../../health/checks/agent.ts';
import { dnsCheck, dnsOptions } from '../../health/checks/dns.ts';
import { execCheck, execOptions } from '../../health/checks/exec.ts';
import { fileCheck, fileOptions } from '../../health/checks/file.ts';
import { httpCheck, httpOptions, httpsCheck, httpsOptions } from '../../health/checks/http.ts';
import { mistakesIn, type OptionSet } from '../../health/checks/options.ts';
import { tcpCheck, tcpOptions } from '../../health/checks/tcp.ts';
import { tlsCheck, tlsCheckOptions } from '../../health/checks/tls.ts';
import { udpCheck, udpOptions } from '../../health/checks/udp.ts';
import type { NamedCheck } from '../../health/types.ts';
import { isObject } from '../../model/fields.ts';
import type { DesiredProblem } from '../../reconcile/problems.ts';
import { problemAtOpening } from './places.ts';

/** A check that a file can name. */
interface Kind {
  readonly make: (options: never) => NamedCheck;
  readonly options: OptionSet<never>;
}

/** The checks that a file can name, each with its options as the function has them. */
const kinds: Readonly<Record<string, Kind>> = {
  tcp: { make: tcpCheck, options: tcpOptions },
  tls: { make: tlsCheck, options: tlsCheckOptions },
  http: { make: httpCheck, options: httpOptions },
  https: { make: httpsCheck, options: httpsOptions },
  udp: { make: udpCheck, options: udpOptions },
  dns: { make: dnsCheck, options: dnsOptions },
  exec: { make: execCheck, options: execOptions },
  file: { make: fileCheck, options: fileOptions },
  agent: { make: agentCheck, options: agentOptions },
};

/**
 * Makes checks from what a file says: `tcp`, or `{ http: { path: '/health' } }`. What is wrong is told with its
 * place, and left out.
 */
export function readChecks(given: unknown, place: string, problems: DesiredProblem[]): readonly NamedCheck[] {
  const tell = (path: string, rest: string) => problems.push({ path, message: `${path} ${rest}` });
  if (!Array.isArray(given)) {
    tell(place, 'must be a list of checks, such as [tcp]');
    return [];
  }
  return (given as readonly unknown[]).flatMap((item, i): readonly NamedCheck[] => {
    const at = `${place}[${i}]`;
    const [name, options, ...more] = typeof item === 'string' ? [item, {}] : entryOf(item);
    if (name === undefined || more.length > 0 || !Object.hasOwn(kinds, name)) {
      tell(
        at,
        `must be one of ${Object.keys(kinds).join(', ')}, or one of them with options, as { http: { path: / } }`,
      );
      return [];
    }
    return makeCheck(kinds[name]!, options ?? {}, `${at}.${name}`, problems);
  });
}

/** Makes a check, or tells each of its options that is wrong. */
function makeCheck(
  { make, options }: Kind,
  given: unknown,
  path: string,
  problems: DesiredProblem[],
): readonly NamedCheck[] {
  const before = problems.length;
  const read = withPatterns(given, path, problems);
  problems.push(...mistakesIn(options, read, path).map(({ message }) => problemAtOpening(message, path)));
  return problems.length > before ? [] : [make(read as never)];
}

function entryOf(item: unknown): readonly [name?: string, options?: unknown, ...more: unknown[]] {
  if (!isObject(item)) return [];
  const entries = Object.entries(item);
  return entries.length === 1 ? entries[0]! : [];
}

/** The options that may be regular expressions. */
const patterns: ReadonlySet<string> = new Set(['body', 'expect', 'answer']);

/**
 * Options with regular expressions for texts between slashes: files have no other way to write them. One that is none
 * is told, and left out.
 */
function withPatterns(options: unknown, path: string, problems: DesiredProblem[]): unknown {
  if (!isObject(options)) return options;
  const read = Object.entries(options).flatMap(([key, value]): (readonly [string, unknown])[] => {
    if (!patterns.has(key) || typeof value !== 'string') return [[key, value]];
    try {
      return [[key, patternOf(value)]];
    } catch (error) {
      const place = `${path}.${key}`;
      problems.push({
        path: place,
        message: `${place} is no regular expression: ${(error as Error).message}`,
      });
      return [];
    }
  });
  return Object.fromEntries(read);
}

/** The expression between slashes that a text is; any other text is itself. */
function patternOf(text: string): string | RegExp {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
  return source === undefined ? text : new RegExp(source, flags);
}
