import { type Fields, given, type Tell } from './converted.ts';
import type { Statement } from './keepalived-text.ts';
import { type Timing, timingOf } from './keepalived-timing.ts';

/** What a real_server's check comes to in a director's file. */
export interface ConvertedCheck {
  /** As keepalived has it. */
  readonly name: string;
  readonly checks: readonly unknown[];
  readonly timing: Partial<Timing>;
  readonly target: Fields;
}

/** Options that any check may have, by what they become. */
const timing = new Set([
  'connect_timeout',
  'delay_loop',
  'retry',
  'nb_get_retry',
  'delay_before_retry',
  'misc_timeout',
]);
const placing = new Set(['connect_ip', 'connect_port', 'bindto']);

/** Whether a statement of a real_server is a check. */
export function isCheck({ name }: Statement): boolean {
  return Object.hasOwn(converters, name) || /^[A-Z]+_(?:CHECK|GET)$/.test(name);
}

/** Converts a check; tells what of it has no counterpart. */
export function convertCheck(statement: Statement, weight: number, tell: Tell): ConvertedCheck | undefined {
  const { line, name, block } = statement;
  if (!Object.hasOwn(converters, name)) {
    tell({ line, message: `${name} has no counterpart: the server is not checked by it` });
    return undefined;
  }
  const value = (option: string) => block.findLast(other => other.name === option)?.args[0];
  const { known, convert } = converters[name]!;
  for (const other of block) {
    if (timing.has(other.name) || placing.has(other.name) || known.includes(other.name)) continue;
    tell({ line: other.line, message: `${other.name} of ${name} has no counterpart, and is left out` });
  }
  const port = value('connect_port');
  return {
    name,
    checks: convert(statement, weight, tell),
    timing: timingOf(block),
    target: given({
      address: value('connect_ip'),
      port: port === undefined ? undefined : Number(port),
      source: value('bindto'),
    }),
  };
}

interface Converter {
  /** Names of options that it looks at. */
  readonly known: readonly string[];
  readonly convert: (statement: Statement, weight: number, tell: Tell) => readonly unknown[];
}

const httpOptions = ['url', 'http_protocol', 'virtualhost', 'enable_sni', 'fast_recovery'];

const converters: Readonly<Record<string, Converter>> = {
  TCP_CHECK: { known: [], convert: () => ['tcp'] },
  HTTP_GET: { known: httpOptions, convert: (statement, _, tell) => httpChecks('http', statement, tell) },
  SSL_GET: { known: httpOptions, convert: (statement, _, tell) => httpChecks('https', statement, tell) },
  SMTP_CHECK: {
    known: ['host', 'helo_name'],
    convert({ line }, _, tell) {
      tell({ line, message: 'SMTP_CHECK becomes a check that the server greets with 220, without HELO' });
      return [{ tcp: { expect: '/^220/' } }];
    },
  },
  DNS_CHECK: {
    known: ['type', 'name'],
    convert({ block }) {
      const value = (name: string) => block.findLast(other => other.name === name)?.args[0];
      return [{ dns: { name: value('name') ?? '.', type: value('type') ?? 'SOA' } }];
    },
  },
  MISC_CHECK: {
    known: ['misc_path', 'misc_dynamic', 'user'],
    convert({ line, block }, weight, tell) {
      const path = block.findLast(other => other.name === 'misc_path');
      const [command, ...args] = (path?.args ?? []).flatMap(word =>
        word.split(/\s+/).filter(part => part !== ''),
      );
      if (command === undefined) {
        tell({ line, message: 'MISC_CHECK has no misc_path: the server is not checked by it' });
        return [];
      }
      if (/[|&;<>$`*?'\\]/.test(args.join(' '))) {
        tell({
          line: path!.line,
          message: 'no shell sees the command of misc_path: quotes, pipes and variables are as they stand',
        });
      }
      const dynamic = block.find(other => other.name === 'misc_dynamic');
      const fullWeight = dynamic === undefined ? undefined : Math.min(Math.max(weight, 1), 253);
      if (fullWeight !== undefined && fullWeight < 253) {
        tell({
          line: dynamic!.line,
          message: `misc_dynamic gives no more than the server's weight, ${weight}: weight and fullWeight of 253 take all that it says`,
        });
      }
      const asked = block.findLast(other => other.name === 'user');
      const [uid, gid] = (asked?.args ?? []).map(Number);
      const isNumber = !Number.isNaN(uid ?? 0) && !Number.isNaN(gid ?? 0);
      if (asked !== undefined && !isNumber) {
        tell({
          line: asked.line,
          message:
            "user of MISC_CHECK is a name: give exec its numbers as uid and gid, or the program runs as the director's user",
        });
      }
      const who = isNumber ? { uid, gid } : {};
      return [{ exec: given({ command, args: args.length > 0 ? args : undefined, fullWeight, ...who }) }];
    },
  },
  UDP_CHECK: { known: [], convert: () => ['udp'] },
};

/** A check for each url: all of them must pass, as with keepalived. */
function httpChecks(kind: 'http' | 'https', { line, block }: Statement, tell: Tell): readonly unknown[] {
  const urls = block.filter(({ name }) => name === 'url');
  const usualHost = block.findLast(({ name }) => name === 'virtualhost')?.args[0];
  if (urls.length === 0) tell({ line, message: `${kind} is asked for / where no url is named` });
  const all = urls.length > 0 ? urls : [{ line, name: 'url', args: [], block: [] }];
  return all.map(url => {
    const value = (name: string) => url.block.findLast(other => other.name === name)?.args;
    for (const other of url.block) {
      if (['path', 'status_code', 'virtualhost', 'regex'].includes(other.name)) continue;
      const message = `${other.name} of a url has no counterpart, and is left out`;
      tell({
        line: other.line,
        message: other.name === 'digest' ? `${message}: body looks for a text instead` : message,
      });
    }
    const regex = value('regex')?.join(' ');
    const options = given({
      path: value('path')?.[0],
      host: value('virtualhost')?.[0] ?? usualHost,
      statuses: statusesOf(value('status_code')),
      body: regex === undefined ? undefined : `/${regex}/`,
    });
    if (kind === 'https') options['tls'] = { verify: false };
    return Object.keys(options).length > 0 ? { [kind]: options } : kind;
  });
}

function statusesOf(words: readonly string[] | undefined): readonly unknown[] | undefined {
  return words
    ?.flatMap(word => word.split(/[\s,]+/))
    .filter(word => word !== '')
    .map(word => {
      const [first, last] = word.split('-').map(Number) as [number, number?];
      return last === undefined ? first : [first, last];
    });
}
