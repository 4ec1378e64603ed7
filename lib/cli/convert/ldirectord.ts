import { canonicalAddress } from '../../model/address.ts';
import {
  type Converted,
  endpointOf,
  type Fields,
  given,
  inOrder,
  milliseconds,
  type Note,
} from './converted.ts';
import { rangeOf } from './ranges.ts';

/** A line: `name=value`; indented, it is of the service above. */
interface Setting {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

/** A service: its first line, and those indented below it. */
interface Block {
  readonly virtual: Setting;
  readonly settings: readonly Setting[];
}

const globals = new Set([
  'checktimeout',
  'checkinterval',
  'negotiatetimeout',
  'failurecount',
  'quiescent',
  'fallback',
  'fallback6',
]);

/** A service's lines of servers: those of IPv6 have names of their own. */
const realNames: ReadonlySet<string> = new Set(['real', 'real6']);
const fallbackNames: ReadonlySet<string> = new Set(['fallback', 'fallback6']);

/** Names of a service that are looked at. */
const known = new Set([
  ...realNames,
  ...fallbackNames,
  ...['scheduler', 'persistent', 'netmask', 'protocol', 'service', 'checktype', 'checkcommand'],
  ...[
    'checkport',
    'request',
    'receive',
    'virtualhost',
    'httpmethod',
    'quiescent',
    'checkinterval',
    'checktimeout',
  ],
  ...['negotiatetimeout', 'failurecount', 'ops'],
]);

const methods: Readonly<Record<string, string>> = { gate: 'direct', masq: 'masquerade', ipip: 'tunnel' };

/** Services by their usual ports, as ldirectord guesses them. */
const servicesByPort: Readonly<Record<number, string>> = { 80: 'http', 443: 'https', 53: 'dns', 25: 'smtp' };

/** Makes a director's file of ldirectord.cf. */
export function convertLdirectord(text: string): Converted {
  const notes: Note[] = [];
  const [outside, blocks] = sort(text, notes);
  for (const { line, name } of outside) {
    if (globals.has(name)) continue;
    notes.push({ line, message: `${name} has no counterpart, and is left out` });
  }
  const isQuiet = lastOf(outside, 'quiescent') !== 'no';
  const services = blocks.flatMap(block => serviceOf(block, outside, isQuiet, notes) ?? []);
  const policy = { interval: 10_000, timeout: 5000, rise: 1, fall: 1, ...policyOf(outside) };
  const file = { defaults: { policy, maxUnhealthy: 1 }, services };
  return { file, notes: inOrder(notes) };
}

/** The settings outside of services, and the services. */
function sort(text: string, notes: Note[]): readonly [readonly Setting[], readonly Block[]] {
  const outside: Setting[] = [];
  const blocks: { virtual: Setting; settings: Setting[] }[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const content = raw.replace(/(^|\s)#.*$/, '');
    if (content.trim() === '') continue;
    const line = i + 1;
    const [, indent = '', name = '', value = ''] = /^(\s*)(\w+)\s*=\s*(.*?)\s*$/.exec(content) ?? [];
    if (name === '') notes.push({ line, message: `${content.trim()} is not understood, and left out` });
    else if (name === 'virtual' || name === 'virtual6')
      blocks.push({ virtual: { line, name, value }, settings: [] });
    else if (indent !== '' && blocks.length > 0) blocks.at(-1)!.settings.push({ line, name, value });
    else outside.push({ line, name, value });
  }
  return [outside, blocks];
}

function lastOf(settings: readonly Setting[], name: string): string | undefined {
  return settings.findLast(setting => setting.name === name)?.value.replace(/^"(.*)"$/s, '$1');
}

function policyOf(settings: readonly Setting[]): Fields {
  const failures = lastOf(settings, 'failurecount');
  const connects = ['connect', 'off', 'on'].includes(lastOf(settings, 'checktype') ?? '');
  const timeout =
    (connects ? undefined : lastOf(settings, 'negotiatetimeout')) ?? lastOf(settings, 'checktimeout');
  return given({
    interval: milliseconds(lastOf(settings, 'checkinterval')),
    timeout: milliseconds(timeout),
    fall: failures === undefined ? undefined : Number(failures),
  });
}

function serviceOf(
  { virtual, settings }: Block,
  outside: readonly Setting[],
  isUsuallyQuiet: boolean,
  notes: Note[],
): Fields | undefined {
  const at = endpointOf(virtual.value);
  if (at === undefined && !/^\d+$/.test(virtual.value)) {
    const { line, name, value } = virtual;
    const message = `${name}=${value} has no address with a port, and no mark: it is left out`;
    notes.push({ line, message });
    return undefined;
  }
  for (const { line, name } of settings) {
    if (!known.has(name))
      notes.push({ line, message: `${name} of a service has no counterpart, and is left out` });
  }
  const protocol = lastOf(settings, 'protocol') ?? 'tcp';
  const identity =
    at === undefined
      ? { fwmark: Number(virtual.value), family: virtual.name === 'virtual6' ? 'ipv6' : 'ipv4' }
      : { protocol, ...at };
  const [persistent, netmask] = [lastOf(settings, 'persistent'), lastOf(settings, 'netmask')];
  const policy = policyOf(settings);
  const port = lastOf(settings, 'checkport');
  const isQuiet = (lastOf(settings, 'quiescent') ?? (isUsuallyQuiet ? 'yes' : 'no')) !== 'no';
  const usual = virtual.name === 'virtual6' || at?.address.includes(':') ? 'fallback6' : 'fallback';
  const fallback =
    settings.findLast(({ name }) => fallbackNames.has(name)) ??
    outside.findLast(({ name }) => name === usual);
  const checks = checksOf(virtual, settings, at?.port, notes);
  const reals = settings.filter(({ name }) => realNames.has(name)).flatMap(real => realsOf(real, notes));
  const isPlaced = port !== undefined || checks.length === 0 || isExternal(settings);
  return given({
    ...identity,
    scheduler: lastOf(settings, 'scheduler') ?? 'wrr',
    onePacket: lastOf(settings, 'ops') === 'yes' ? true : undefined,
    persistence: persistent && given({ timeout: Number(persistent), granularity: netmask }),
    onFailure: isQuiet ? 'quiet' : 'remove',
    checks,
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    target: port === undefined ? undefined : { port: Number(port) },
    destinations: [
      ...(isPlaced ? reals : placed(reals, virtual.line, lastOf(settings, 'service'), notes)),
      ...(fallback === undefined ? [] : realsOf(fallback, notes, { tier: 1, checks: [] })),
    ],
  });
}

/** The destinations of a line: `address[->address]:port [method] [weight] ["request", "receive"]`. */
function realsOf({ line, name, value }: Setting, notes: Note[], rest: Fields = {}): readonly Fields[] {
  const [place = '', ...words] = value.split(/\s+/);
  const [addresses, port] = addressesOf(place);
  if (addresses.length === 0) {
    notes.push({ line, message: `${place} of ${name} is no address or range, and left out` });
    return [];
  }
  const method = words.find(word => Object.hasOwn(methods, word));
  const weight = words.find(word => /^\d+$/.test(word));
  const others = words.filter(word => word !== method && word !== weight);
  if (others.length > 0) {
    notes.push({
      line,
      message: `${others.join(' ')} of ${name} is left out: a service's request holds for all`,
    });
  }
  return addresses.map(each => ({
    address: each,
    port,
    forwarding: methods[method ?? 'gate'],
    weight: Number(weight ?? 1),
    ...rest,
  }));
}

/** The addresses that a line of servers names, none where it is not understood, and their port. */
function addressesOf(place: string): readonly [readonly string[], number] {
  if (canonicalAddress(place) !== undefined) return [[place], 0];
  const [, first = '', last, port = 0] = /^(.*?)(?:->(.*?))?(?::(\d+))?$/.exec(place) ?? [];
  if (last !== undefined) return [rangeOf(`${first}-${last}`) ?? [], Number(port)];
  const address = first.replace(/^\[(.*)\]$/, '$1');
  return [canonicalAddress(address) === undefined ? [] : [address], Number(port)];
}

/** Has servers without a port, as a mark's mostly are, checked at the usual one of the service that they give. */
function placed(
  reals: readonly Fields[],
  line: number,
  service: string | undefined,
  notes: Note[],
): readonly Fields[] {
  if (reals.every(({ port }) => port !== 0)) return reals;
  const [port] = Object.entries(servicesByPort).find(([, name]) => name === service) ?? [];
  if (port === undefined) {
    const message =
      'servers without a port are not checked: checkport, or target.port here, says where they would be';
    notes.push({ line, message });
  }
  const where = port === undefined ? { checks: [] } : { target: { port: Number(port) } };
  return reals.map(real => (real['port'] === 0 ? { ...real, ...where } : real));
}

/** Whether a program checks the servers of a service. */
function isExternal(settings: readonly Setting[]): boolean {
  return /^external(?:-perl)?$/.test(lastOf(settings, 'checktype') ?? '');
}

function checksOf(
  { line }: Setting,
  settings: readonly Setting[],
  port: number | undefined,
  notes: Note[],
): readonly unknown[] {
  const type = lastOf(settings, 'checktype') ?? 'negotiate';
  const service = lastOf(settings, 'service') ?? servicesByPort[port ?? 0] ?? 'none';
  const isUdp = lastOf(settings, 'protocol') === 'udp';
  const leftOut = (what: string) => {
    const instead = isUdp ? 'an empty datagram, which they must not refuse' : 'a connection';
    notes.push({ line, message: `${what} no counterpart: servers are checked by ${instead}` });
    return [isUdp ? 'udp' : 'tcp'];
  };
  // Where there is nothing to connect to ldirectord pings.
  const connection = () => (isUdp ? leftOut('pings have') : ['tcp']);
  if (type === 'off' || type === 'on') return [];
  if (type === 'connect') return connection();
  if (type === 'ping') return leftOut('pings have');
  if (isExternal(settings)) {
    const [command = '', ...words] = (lastOf(settings, 'checkcommand') ?? '/bin/true').split(/\s+/);
    const args = [...words, '{serviceAddress}', '{servicePort}', '{address}', '{port}'];
    return [{ exec: { command, args } }];
  }
  if (type !== 'negotiate' && !/^\d+$/.test(type)) return leftOut(`checktype ${type} has`);
  const receive = lastOf(settings, 'receive');
  const request = lastOf(settings, 'request');
  switch (service) {
    case 'http':
    case 'https': {
      const options = given({
        method: lastOf(settings, 'httpmethod'),
        path: request === undefined ? undefined : `/${request.replace(/^\//, '')}`,
        host: lastOf(settings, 'virtualhost'),
        body: receive === undefined ? undefined : `/${receive}/`,
        tls: service === 'https' ? { verify: false } : undefined,
      });
      return [Object.keys(options).length > 0 ? { [service]: options } : service];
    }
    case 'dns':
      return [{ dns: given({ name: request ?? '.', answer: receive }) }];
    case 'simpletcp':
      return [{ tcp: given({ send: request, expect: receive === undefined ? undefined : `/${receive}/` }) }];
    case 'smtp':
    case 'ftp':
      return [{ tcp: { expect: '/^220/' } }];
    case 'none':
      return connection();
    default:
      return leftOut(`service ${service} has`);
  }
}
