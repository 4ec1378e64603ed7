import type { Ipvs } from '../../client.ts';
import type { Protocol } from '../../model/identity.ts';
import type { Connection, Endpoint } from '../../proc/connections.ts';
import { endpointText, type NameFormatter } from '../../rules/format/naming.ts';
import { namingFor } from '../../rules/names.ts';
import type { Shell } from '../terminal.ts';

/** Lines are written in blocks of about this many characters. */
const BLOCK = 1 << 16;

/**
 * The connection table, laid out as by `ipvsadm -Lc`; with what persistence engines know clients by, if asked
 * for.
 */
export async function printConnections(
  ipvs: Ipvs,
  numeric: boolean,
  engine: boolean,
  shell: Shell,
): Promise<void> {
  const entries = numeric ? ipvs.connections() : await collect(ipvs.connections());
  const naming = numeric ? undefined : await namingFor(addressesOf(entries as readonly Connection[]));
  // Printed with the first of them: a table that can't be read has no heading either.
  let text = `IPVS connection entries\n${heading(engine)}\n`;
  for await (const entry of entries) {
    text += connectionLine(entry, naming, engine);
    if (text.length < BLOCK) continue;
    shell.print(text);
    text = '';
    if (shell.hasReader?.() === false) return;
  }
  shell.print(text);
}

function heading(engine: boolean): string {
  const start = `pro expire ${'state'.padEnd(11)} ${'source'.padEnd(18)} ${'virtual'.padEnd(18)}`;
  return engine
    ? `${start} ${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data`
    : `${start} destination`;
}

function* addressesOf(entries: readonly Connection[]): Generator<string> {
  for (const { client, virtual, destination } of entries) {
    yield client.address;
    yield virtual.address;
    yield destination.address;
  }
}

const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);

/** One line of the list. */
function connectionLine(entry: Connection, naming: NameFormatter | undefined, engine: boolean): string {
  const { protocol, client, virtual, destination, state, expires } = entry;
  const known = protocols.has(protocol) ? (protocol as Protocol) : undefined;
  const show = ({ address, port }: Endpoint) => endpointText(address, port, known, naming).slice(0, 59);
  const minutes = String(Math.floor(expires / 60)).padStart(2, '0');
  const seconds = String(expires % 60).padStart(2, '0');
  const start = `${protocol.toUpperCase().padEnd(3)} ${`${minutes}:${seconds}`.padEnd(6)} ${state.padEnd(11)} ${show(client).padEnd(18)} ${show(virtual).padEnd(18)}`;
  if (!engine || !entry.engineData) return `${start} ${show(destination)}\n`;
  return `${start} ${show(destination).padEnd(16)} ${(entry.engine ?? '').padEnd(18)} ${entry.engineData}\n`;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
