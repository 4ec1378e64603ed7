import { type Converted, type Fields, given, inOrder, type Note } from './converted.ts';
import { convertCheck, isCheck } from './keepalived-checks.ts';
import { identitiesOf } from './keepalived-identities.ts';
import { isOn, parseKeepalived, type Statement, wordOf } from './keepalived-text.ts';
import { type Timing, timingBeside, timingOf, usualTiming, wholeTiming } from './keepalived-timing.ts';

/** What keepalived does where nothing is said; a director would take out no more than half of a service. */
const defaults = { policy: usualTiming, maxUnhealthy: 1 };

const methods: Readonly<Record<string, string>> = { NAT: 'masquerade', DR: 'direct', TUN: 'tunnel' };

/** Words of a virtual_server that are looked at here, or by timingOf(). */
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
  const notes: Note[] = [];
  const statements = parseKeepalived(text, note => void notes.push(note));
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
        if (isOn([...statement.block, ...real.block], 'alpha')) alphas++;
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
  const timing = wholeTiming([timingOf(block)]);
  return given({
    ...id,
    scheduler: wordOf(block, 'lvs_sched', 'lb_algo') ?? 'wlc',
    schedulerFlags: schedulerFlags.length > 0 ? schedulerFlags : undefined,
    onePacket: isOn(block, 'ops') ? true : undefined,
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
    policy: timingBeside(timing, usualTiming),
    destinations: [...reals.map(real => destinationOf(real, block, timing, notes)), ...sorryOf(block)],
  });
}

/** keepalived removes a server that fails, unless it is told to keep it at weight 0. */
function onFailureOf(block: readonly Statement[], reals: readonly Statement[], notes: Note[]): string {
  const quiet = reals.filter(real => isOn([...block, ...real.block], 'inhibit_on_failure'));
  if (quiet.length > 0 && quiet.length < reals.length) {
    const message = 'inhibit_on_failure holds for all servers of a service, or none: it holds for all now';
    notes.push({ line: quiet[0]!.line, message });
  }
  return quiet.length > 0 ? 'quiet' : 'remove';
}

function destinationOf(
  { args, block: own }: Statement,
  block: readonly Statement[],
  usual: Timing,
  notes: Note[],
): Fields {
  const tell = (note: Note) => void notes.push(note);
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
  const timings = found.map(({ name, timing }) =>
    timingBeside(wholeTiming([timingOf(block), timingOf(own), timing], name), usual),
  );
  if (new Set(timings.map(timing => JSON.stringify(timing))).size > 1) {
    const message = 'checks of one server have times and retries of their own: all have the last one’s now';
    tell({ line: own[0]!.line, message });
  }
  const target = found[0]?.target ?? {};
  const [upper, lower] = [wordOf(own, 'uthreshold'), wordOf(own, 'lthreshold')];
  return given({
    address: args[0] ?? '',
    port: Number(args[1] ?? 0),
    ...forwardingOf([own, block], 'lvs_method', 'lb_kind'),
    weight,
    upperThreshold: upper === undefined ? undefined : Number(upper),
    lowerThreshold: lower === undefined ? undefined : Number(lower),
    checks: found.flatMap(({ checks }) => checks),
    policy: timings.at(-1),
    target: Object.keys(target).length > 0 ? target : undefined,
  });
}

/** The sorry server, which takes over where no other one is left. */
function sorryOf(block: readonly Statement[]): readonly Fields[] {
  const sorry = block.findLast(({ name }) => name === 'sorry_server');
  if (sorry === undefined) return [];
  const own = block.filter(({ name }) => name === 'sorry_server_lvs_method');
  const forwarding = forwardingOf([own, block], 'sorry_server_lvs_method', 'lvs_method', 'lb_kind');
  const [address = '', port = '0'] = sorry.args;
  return [given({ address, port: Number(port), ...forwarding, weight: 1, tier: 1, checks: [] })];
}

/** How packets are forwarded, by the first of some blocks that says so: `DR`, `TUN type gue port 6080 csum`. */
function forwardingOf(blocks: readonly (readonly Statement[])[], ...names: readonly string[]): Fields {
  const said = blocks.flatMap(block => block.findLast(({ name }) => names.includes(name)) ?? []);
  const [method = 'NAT', ...words] = said[0]?.args ?? [];
  const behind = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const type = behind('type');
  const port = behind('port');
  const tunnel = given({
    type: type ?? 'ipip',
    port: port === undefined ? undefined : Number(port),
    checksum: words.find(word => word === 'csum' || word === 'remcsum'),
  });
  return { forwarding: methods[method] ?? method, tunnel: words.length > 0 ? tunnel : undefined };
}
