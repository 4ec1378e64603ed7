import {
  agentCheck,
  dnsCheck,
  execCheck,
  fileCheck,
  httpCheck,
  httpsCheck,
  tcpCheck,
  tlsCheck,
  udpCheck,
} from '../../health/index.ts';
import type { NamedCheck } from '../../health/types.ts';
import { type Fields, isObject } from '../../model/fields.ts';
import type { DesiredProblem } from '../../reconcile/problems.ts';
import { problemAtOpening } from './places.ts';

/** The checks that a file can name, each with its options as the function has them. */
const makers: Readonly<Record<string, (options: never) => NamedCheck>> = {
  tcp: tcpCheck,
  tls: tlsCheck,
  http: httpCheck,
  https: httpsCheck,
  udp: udpCheck,
  dns: dnsCheck,
  exec: execCheck,
  file: fileCheck,
  agent: agentCheck,
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
    if (name === undefined || more.length > 0 || !Object.hasOwn(makers, name)) {
      tell(
        at,
        `must be one of ${Object.keys(makers).join(', ')}, or one of them with options, as { http: { path: / } }`,
      );
      return [];
    }
    return makeCheck(makers[name]!, options ?? {}, `${at}.${name}`, problems);
  });
}

/**
 * Makes a check, or tells each of its options that is wrong: a maker throws at the first, and is tried again without
 * it.
 */
function makeCheck(
  make: (options: never) => NamedCheck,
  given: unknown,
  path: string,
  problems: DesiredProblem[],
): readonly NamedCheck[] {
  const told = new Set<string>();
  let options = given;
  for (;;) {
    try {
      const check = make(withPatterns(options) as never);
      return told.size === 0 ? [check] : [];
    } catch (error) {
      // The library's validators open with the option's name, or with `options` where that is wrong as a whole.
      const { message } = error as Error;
      const wrong = wrongOption(message, options);
      const place = wrong.join('.');
      if (told.has(place)) return [];
      told.add(place);
      const text = /^options\b/.test(message) ? message.replace('options', path) : `${path}.${message}`;
      problems.push(problemAtOpening(text, path));
      if (!isObject(options) || wrong.length === 0) return [];
      options = withoutOption(options, wrong);
    }
  }
}

/** What makers take in place of an option that is wrong, where they need one or others depend on it. */
const stopgaps: Fields = {
  name: 'a',
  type: 'TXT',
  command: 'a',
  directory: '/',
  port: 1,
  cert: '-----BEGIN ',
  key: '-----BEGIN ',
};

/** Options with a stopgap for one that is wrong, or without it. */
function withoutOption(options: Fields, [name = '', ...inner]: readonly string[]): Fields {
  const { [name]: value, ...rest } = options;
  if (inner.length > 0 && isObject(value)) return { ...options, [name]: withoutOption(value, inner) };
  return Object.hasOwn(stopgaps, name) ? { ...rest, [name]: stopgaps[name] } : rest;
}

/** The option that a maker's error is about: its name, or that of an object and a name in it. */
function wrongOption(message: string, options: unknown): readonly string[] {
  const [, unknown] = /^\S+ has no option '([^']+)'/.exec(message) ?? [];
  const [, opening = '', field] = /^(\w+)(?:\.(\w+))?/.exec(message) ?? [];
  const outer = opening === 'options' ? [] : [opening];
  if (unknown !== undefined) return [...outer, unknown];
  const value = isObject(options) ? options[opening] : undefined;
  if (field === undefined || !isObject(value)) return outer;
  // Names of headers and variables may have anything in them, and begin with another one.
  const names = Object.keys(value).filter(name => message.startsWith(`${opening}.${name} `));
  const [longest = field] = names.toSorted((one, other) => other.length - one.length);
  return [opening, longest];
}

function entryOf(item: unknown): readonly [name?: string, options?: unknown, ...more: unknown[]] {
  if (!isObject(item)) return [];
  const entries = Object.entries(item);
  return entries.length === 1 ? entries[0]! : [];
}

/** The options that may be regular expressions. */
const patterns: ReadonlySet<string> = new Set(['body', 'expect', 'answer']);

/** Options with regular expressions for texts between slashes: files have no other way to write them. */
function withPatterns(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options;
  return Object.fromEntries(
    Object.entries(options as Fields).map(([key, value]) => [
      key,
      patterns.has(key) && typeof value === 'string' ? patternOf(key, value) : value,
    ]),
  );
}

function patternOf(key: string, text: string): string | RegExp {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
  if (source === undefined) return text;
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new Error(`${key} is no regular expression: ${(error as Error).message}`);
  }
}
