import { type Converted, type Fields, given, inOrder, type Note } from './converted.ts';
import { convertCheck, isCheck, policyOf } from './keepalived-checks.ts';
import { parseKeepalived, type Statement } from './keepalived-text.ts';

/** What keepalived does where nothing is said; a director would take out no more than half of a service. */
const defaults = {
  policy: { interval: 60_000, fasterInterval: 1000, timeout: 5000, rise: 1, fall: 2 },
  maxUnhealthy: 1,
};

const methods: Readonly<Record<string, string>> = { NAT: 'masquerade', DR: 'direct', TUN: 'tunnel' };

/** Words of a virtual_server that are looked at here, or by policyOf(). */
const serverWords = new Set([
  ...['delay_loop', 'retry', 'delay_before_retry', 'connect_timeout', 'weight', 'protocol', 'real_server'],
  ...['lvs_sched', 'lb_algo', 'lvs_method', 'lb_kind', 'persistence_timeout', 'persistence_granularity'],
  ...[
    'persistence_engine',
    'quorum',
    'hysteresis',
    'sorry_server',
    'sorry_server_lvs_method',
    'alpha',
    'virtualhost',
  ],
  ...['inhibit_on_failure', 'ops', 'ip_family'],
]);

const flags: Readonly<Record<string, string>> = {
  ...{
    'sh-fallback': 'sh-fallback',
    'sh-port': 'sh-port',
    'mh-fallback': 'mh-fallback',
    'mh-port': 'mh-port',
  },
  ...{ 'flag-1': 'flag-1', 'flag-2': 'flag-2', 'flag-3': 'flag-3' },
};

const realWords = new Set([
  ...[
    'weight',
    'lvs_method',
    'lb_kind',
    'uthreshold',
    'lthreshold',
    'inhibit_on_failure',
    'alpha',
    'virtualhost',
  ],
  ...['delay_loop', 'retry', 'delay_before_retry', 'connect_timeout'],
]);

/** Makes a director's file of keepalived.conf's virtual_server blocks. */
export function convertKeepalived(text: string): Converted {
  const statements = parseKeepalived(text);
  const notes: Note[] = [];
  const groups = new Map<string, Statement>();
  for (const statement of statements) {
    if (statement.name === 'virtual_server_group') groups.set(statement.args[0] ?? '', statement);
  }
  const services: Fields[] = [];
  let alphas = 0;
  let servers = 0;
  for (const statement of statements) {
    const { line, name } = statement;
    if (name === 'virtual_server') {
      for (const id of identitiesOf(statement, groups, notes)) services.push(serviceOf(id, statement, notes));
      for (const real of statement.block.filter(other => other.name === 'real_server')) {
        servers++;
        if ([...statement.block, ...real.block].some(other => other.name === 'alpha')) alphas++;
      }
    } else if (name === 'include' || name.startsWith('$') || name.startsWith('@')) {
      notes.push({ line, message: `${name} is not followed: convert what keepalived makes of it` });
    } else if (name !== 'virtual_server_group') {
      notes.push({ line, message: `${name} has no counterpart: a director balances, and does nothing else` });
    }
  }
  if (alphas > 0 && alphas < servers) {
    notes.push({
      line: 1,
      message: 'alpha holds for all servers, or none: each waits for its first check now',
    });
  }
  // Without alpha keepalived takes a server for healthy until a check says otherwise.
  const initial = alphas > 0 ? 'down' : 'up';
  return {
    file: { initial, defaults, services },
    notes: inOrder(notes),
  };
}

/** The services that a virtual_server stands for: one, or those of its group. */
function identitiesOf(
  { line, args, block }: Statement,
  groups: ReadonlyMap<string, Statement>,
  notes: Note[],
): readonly Fields[] {
  const protocol = (wordOf(block, 'protocol') ?? 'TCP').toLowerCase();
  const family = wordOf(block, 'ip_family') === 'inet6' ? 'ipv6' : familyOfServers(block);
  const identity = (words: readonly string[], at: number): readonly Fields[] => {
    const [first = '', second = '80'] = words;
    if (first === 'fwmark') return [{ fwmark: Number(second), family }];
    const [, begin, end] = /^(.*?)-([\da-fA-F]+)$/.exec(first) ?? [];
    if (begin === undefined) return [{ protocol, address: first, port: Number(second) }];
    const range = rangeOf(begin, end!);
    if (range === undefined)
      notes.push({ line: at, message: `the range ${first} is not understood, and left out` });
    return (range ?? []).map(address => ({ protocol, address, port: Number(second) }));
  };
  if (args[0] !== 'group') return identity(args, line);
  const group = groups.get(args[1] ?? '');
  if (group === undefined) notes.push({ line, message: `there is no virtual_server_group ${args[1] ?? ''}` });
  return (group?.block ?? []).flatMap(({ line: at, name, args: rest }) => identity([name, ...rest], at));
}

function familyOfServers(block: readonly Statement[]): 'ipv4' | 'ipv6' {
  const real = block.find(({ name }) => name === 'real_server');
  return real?.args[0]?.includes(':') ? 'ipv6' : 'ipv4';
}

/** The addresses from one to another whose last number alone differs: of IPv4 in decimal, of IPv6 in hexadecimal. */
function rangeOf(begin: string, end: string): readonly string[] | undefined {
  const isIpv6 = begin.includes(':');
  const cut = begin.lastIndexOf(isIpv6 ? ':' : '.') + 1;
  const base = isIpv6 ? 16 : 10;
  const [first, last] = [Number.parseInt(begin.slice(cut), base), Number.parseInt(end, base)];
  if (!(last >= first) || last - first > 0xffff) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => begin.slice(0, cut) + (first + i).toString(base));
}

function wordOf(block: readonly Statement[], ...names: readonly string[]): string | undefined {
  return block.findLast(({ name }) => names.includes(name))?.args[0];
}

function has(block: readonly Statement[], name: string): boolean {
  return block.some(statement => statement.name === name);
}

function serviceOf(id: Fields, { block }: Statement, notes: Note[]): Fields {
  for (const { line, name } of block) {
    if (serverWords.has(name) || Object.hasOwn(flags, name)) continue;
    notes.push({ line, message: `${name} of a virtual_server has no counterpart, and is left out` });
  }
  const reals = block.filter(({ name }) => name === 'real_server');
  const schedulerFlags = block.flatMap(({ name }) => flags[name] ?? []);
  const timeout = block.findLast(({ name }) => name === 'persistence_timeout');
  const granularity = wordOf(block, 'persistence_granularity');
  const quorum = wordOf(block, 'quorum');
  const hysteresis = wordOf(block, 'hysteresis');
  const policy = policyOf(block);
  return given({
    ...id,
    scheduler: wordOf(block, 'lvs_sched', 'lb_algo') ?? 'wlc',
    schedulerFlags: schedulerFlags.length > 0 ? schedulerFlags : undefined,
    onePacket: has(block, 'ops') ? true : undefined,
    persistence:
      timeout === undefined
        ? undefined
        : given({
            timeout: Number(timeout.args[0] ?? 360),
            granularity:
              granularity !== undefined && /^\d+$/.test(granularity) ? Number(granularity) : granularity,
            engine: wordOf(block, 'persistence_engine'),
          }),
    quorum: quorum === undefined ? undefined : Number(quorum),
    hysteresis: hysteresis === undefined ? undefined : Number(hysteresis),
    onFailure: onFailureOf(block, reals, notes),
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    destinations: [...reals.map(real => destinationOf(real, block, notes)), ...sorryOf(block)],
  });
}

/** keepalived removes a server that fails, unless it is told to keep it at weight 0. */
function onFailureOf(block: readonly Statement[], reals: readonly Statement[], notes: Note[]): string {
  const quiet = reals.filter(real => has([...block, ...real.block], 'inhibit_on_failure'));
  if (quiet.length > 0 && quiet.length < reals.length) {
    const message = 'inhibit_on_failure holds for all servers of a service, or none: it holds for all now';
    notes.push({ line: quiet[0]!.line, message });
  }
  return quiet.length > 0 ? 'quiet' : 'remove';
}

function destinationOf({ args, block: own }: Statement, block: readonly Statement[], notes: Note[]): Fields {
  const tell = (note: Note) => void notes.push(note);
  const method = wordOf(own, 'lvs_method', 'lb_kind') ?? wordOf(block, 'lvs_method', 'lb_kind') ?? 'NAT';
  const weight = Number(wordOf(own, 'weight') ?? wordOf(block, 'weight') ?? 1);
  for (const statement of own) {
    if (realWords.has(statement.name) || isCheck(statement)) continue;
    const message = `${statement.name} of a real_server has no counterpart, and is left out`;
    tell({ line: statement.line, message });
  }
  const found = own.filter(isCheck).flatMap(check => convertCheck(check, weight, tell) ?? []);
  const targets = found.map(({ target }) => JSON.stringify(target));
  if (new Set(targets).size > 1) {
    const message = 'checks of one server go to different places: they all go where the first one does';
    tell({ line: own[0]!.line, message });
  }
  const policy = Object.assign({}, policyOf(own), ...found.map(check => check.policy)) as Fields;
  const target = found[0]?.target ?? {};
  const [upper, lower] = [wordOf(own, 'uthreshold'), wordOf(own, 'lthreshold')];
  return given({
    address: args[0] ?? '',
    port: Number(args[1] ?? 0),
    forwarding: methods[method] ?? method,
    weight,
    upperThreshold: upper === undefined ? undefined : Number(upper),
    lowerThreshold: lower === undefined ? undefined : Number(lower),
    checks: found.flatMap(({ checks }) => checks),
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    target: Object.keys(target).length > 0 ? target : undefined,
  });
}

/** The sorry server, which takes over where no other one is left. */
function sorryOf(block: readonly Statement[]): readonly Fields[] {
  const sorry = block.findLast(({ name }) => name === 'sorry_server');
  if (sorry === undefined) return [];
  const method = wordOf(block, 'sorry_server_lvs_method') ?? wordOf(block, 'lvs_method', 'lb_kind') ?? 'NAT';
  const [address = '', port = '0'] = sorry.args;
  return [
    { address, port: Number(port), forwarding: methods[method] ?? method, weight: 1, tier: 1, checks: [] },
  ];
}
