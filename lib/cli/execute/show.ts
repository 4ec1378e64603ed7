import type { NativeTable } from '../../addon/native.ts';
import type { Ipvs } from '../../client.ts';
import { IpvsError } from '../../model/errors.ts';
import { destinationKey, type ServiceId, serviceKey } from '../../model/identity.ts';
import type { Daemon } from '../../model/kernel.ts';
import { type OmittedRule, writeRules } from '../../rules/format/format.ts';
import { namingFor } from '../../rules/names.ts';
import type { ListOptions, RuleCommand } from '../../rules/types.ts';
import type { Shell } from '../terminal.ts';
import { printConnections } from './connections.ts';
import { addressesOf, formatServices } from './listing.ts';
import { readServiceTable, readTable } from './read.ts';

/** Prints what a command asks for. */
export function showTable(
  ipvs: Ipvs,
  command: Extract<RuleCommand, { readonly command: 'list' | 'save' }>,
  shell: Shell,
): Promise<void> {
  if (command.command === 'save') return save(ipvs, command.numeric, shell);
  switch (command.what) {
    case 'services':
      return listServices(ipvs, command.service, command.show, shell);
    case 'connections':
      return printConnections(ipvs, command.numeric, command.engine, shell);
    case 'timeouts':
      return listTimeouts(ipvs, shell);
    default:
      return listDaemons(ipvs, shell);
  }
}

/** `-S`. Throws, once all is written, where there are rules that ipvsadm has no words for. */
async function save(ipvs: Ipvs, numeric: boolean, shell: Shell): Promise<void> {
  const table = await ipvs.snapshot();
  const addresses = () =>
    table.flatMap(({ address, destinations }) => [
      ...(address === undefined ? [] : [address]),
      ...destinations.map(destination => destination.address),
    ]);
  const naming = numeric ? undefined : await namingFor(addresses());
  const { text, omitted } = writeRules(table, { naming, language: 'ipvsadm' });
  shell.print(text);
  if (omitted.length === 0) return;
  shell.complain(omitted.map(omittedLine).join('\n'));
  const rules = `${omitted.length} ${omitted.length === 1 ? 'rule is a comment' : 'rules are comments'}`;
  throw new Error(`${rules}: \`ipvs save\` has words for all, which \`ipvs restore\` reads`);
}

function omittedLine({ service, destination, additions }: OmittedRule): string {
  const whose = `service ${serviceKey(service)}`;
  const who = destination === undefined ? whose : `destination ${destinationKey(destination)} of ${whose}`;
  return `${who}: ipvsadm has no words for ${additions.join(', ')}`;
}

async function listServices(
  ipvs: Ipvs,
  service: ServiceId | undefined,
  show: ListOptions,
  shell: Shell,
): Promise<void> {
  let table: NativeTable | undefined;
  let top = '';
  if (service === undefined) {
    const [{ version, connectionTableSize }, all] = await Promise.all([ipvs.info(), readTable(ipvs)]);
    top = `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
    table = all;
  } else {
    table = await readServiceTable(ipvs, service);
    if (table === undefined) {
      throw new IpvsError('ERR_IPVS_SERVICE_NOT_FOUND', 'no such service', { service });
    }
  }
  const naming = show.numeric ? undefined : await namingFor(addressesOf(table));
  const lines = formatServices(table, show, naming);
  if (top !== '') shell.print(top);
  shell.print(lines);
}

async function listTimeouts(ipvs: Ipvs, shell: Shell): Promise<void> {
  const { tcp, tcpFin, udp } = await ipvs.timeouts();
  shell.print(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`);
}

async function listDaemons(ipvs: Ipvs, shell: Shell): Promise<void> {
  for (const daemon of await ipvs.daemons()) shell.print(daemonLine(daemon));
}

function daemonLine({ role, interface: name, syncId, maxLength, group, port, ttl }: Daemon): string {
  return `${role} sync daemon (mcast=${name}, syncid=${syncId}, maxlen=${maxLength}, group=${group}, port=${port}, ttl=${ttl})\n`;
}
