import type { Protocol } from '../model/identity.ts';
import type { NameFormatter } from './format/naming.ts';
import { readLines } from './parse/lines.ts';
import type { NameResolver } from './types.ts';

const SERVICES_FILE = '/etc/services';

/**
 * The ports of /etc/services, both ways. The first line of a port or a name counts, as for getservbyport().
 */
interface Ports {
  readonly byName: ReadonlyMap<string, number>;
  readonly byPort: ReadonlyMap<string, string>;
}

function readPorts(text: string): Ports {
  const byName = new Map<string, number>();
  const byPort = new Map<string, string>();
  const keep = <K, V>(map: Map<K, V>, key: K, value: V) => {
    if (!map.has(key)) map.set(key, value);
  };
  for (const line of text.split('\n')) {
    const [name, target, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [port, protocol] = target?.split('/') ?? [];
    if (name === undefined || protocol === undefined) continue;
    keep(byPort, `${port}/${protocol}`, name);
    for (const alias of [name, ...aliases]) keep(byName, `${alias}/${protocol}`, Number(port));
  }
  return { byName, byPort };
}

async function loadPorts(): Promise<Ports> {
  const { readFile } = await import('node:fs/promises');
  // Where there is no such file there are no names for ports, which is no error for getservbyname() either.
  return readPorts(await readFile(SERVICES_FILE, 'utf8').catch(() => ''));
}

/** Asks about many things at once; what has no answer is left out. */
async function lookUp(
  keys: Iterable<string>,
  ask: (key: string) => Promise<string>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = async (key: string) => {
    const answer = await ask(key).catch(() => undefined);
    if (answer !== undefined) found.set(key, answer);
  };
  await Promise.all(Array.from(keys, add));
  return found;
}

/** Which names something asks for. */
interface Wanted {
  readonly hosts: Set<string>;
  ports: boolean;
}

/** A resolver that only records the names it is asked for. */
function note(wanted: Wanted): NameResolver {
  return {
    host: name => {
      wanted.hosts.add(name);
      return '127.0.0.1';
    },
    port: () => {
      wanted.ports = true;
      return 1;
    },
  };
}

async function find({ hosts: names, ports: needsPorts }: Wanted): Promise<NameResolver> {
  if (names.size === 0 && !needsPorts) return { host: () => undefined, port: () => undefined };
  const { lookup } = await import('node:dns/promises');
  const [hosts, ports] = await Promise.all([
    lookUp(names, async name => (await lookup(name, { family: 4 })).address),
    loadPorts(),
  ]);
  return {
    host: name => hosts.get(name),
    port: (name, protocol) => ports.byName.get(`${name}/${protocol}`),
  };
}

/**
 * Finds out the names of hosts and ports that rules have in them: hosts as the system resolves them (IPv4, as
 * in ipvsadm), ports in /etc/services. For `parseRules(text, { names: await resolveNames(text) })`.
 *
 * @example
 * ```ts
 * const text = '-A -t localhost:http -s rr';
 * console.log(parseRules(text, { names: await resolveNames(text) })); // 127.0.0.1, port 80
 * ```
 */
export async function resolveNames(text: string): Promise<NameResolver> {
  const wanted: Wanted = { hosts: new Set(), ports: false };
  readLines(text, { names: note(wanted) });
  return find(wanted);
}

/** Reads something that may have names in it. It is read again only where there are some. */
export async function withNames<T>(read: (names: NameResolver) => T): Promise<T> {
  const wanted: Wanted = { hosts: new Set(), ports: false };
  const first = read(note(wanted));
  return wanted.hosts.size === 0 && !wanted.ports ? first : read(await find(wanted));
}

/** The names of addresses and of all ports, for those that have some. */
export async function namingFor(addresses: Iterable<string>): Promise<NameFormatter> {
  const { lookupService } = await import('node:dns/promises');
  const [hosts, ports] = await Promise.all([
    lookUp(new Set(addresses), async address => (await lookupService(address, 0)).hostname),
    loadPorts(),
  ]);
  return {
    host: address => hosts.get(address),
    port: (port: number, protocol: Protocol) => ports.byPort.get(`${port}/${protocol}`),
  };
}
