import type { DestinationSpec } from '../../model/destination.ts';
import type { DestinationId, ServiceId } from '../../model/identity.ts';
import type { ServiceSpec } from '../../model/service.ts';
import { written } from '../grammar/lookup.ts';
import { complain, noFindings, type RuleProblem, rulesError } from '../problem.ts';
import type { RuleCommand, RuleLine, ServiceRules } from '../types.ts';
import { doubtOf } from './doubt.ts';
import { type ParseOptions, readLines } from './lines.ts';

/** A service of a table that lines make. */
interface ServiceEntry {
  service: ServiceSpec;
  /** The line that says it, counted from 1; 0 for what was there before the first line. */
  line: number;
  readonly destinations: Map<string, DestinationEntry>;
}

interface DestinationEntry {
  readonly destination: DestinationSpec;
  readonly line: number;
}

/** A table that lines make, in the order in which they add to it. */
export type LineTable = Map<string, ServiceEntry>;

/** A table to begin with. */
export function lineTable(services: readonly ServiceRules[]): LineTable {
  return new Map(
    services.map(({ destinations, ...service }) => {
      const entries = destinations.map(one => [destinationKey(one), { destination: one, line: 0 }] as const);
      return [serviceKey(service), { service, line: 0, destinations: new Map(entries) }];
    }),
  );
}

function serviceKey(service: ServiceId): string {
  return service.fwmark === undefined
    ? `${service.protocol} ${service.address} ${service.port}`
    : `${service.fwmark} ${service.family}`;
}

function destinationKey({ address, port }: DestinationId): string {
  return `${address} ${port}`;
}

/** The line that says a destination of a service; 0 for one that was there before the first line. */
export function destinationLine({ destinations }: ServiceEntry, id: DestinationId): number {
  return destinations.get(destinationKey(id))?.line ?? 0;
}

/** Why the kernel would refuse a line: what it adds is there already, or what it is about is not. */
export interface Refusal {
  readonly line: number;
  readonly command: RuleCommand['command'];
  readonly kind: 'doubled' | 'missing';
  readonly of: 'service' | 'destination';
  /** The service that it is about. */
  readonly service: ServiceId;
}

/**
 * Does lines on a table as the kernel would, and returns those that it would refuse. To add again what was
 * there before the first line is none of these: rules are restored over what is there.
 */
export function applyLines(table: LineTable, lines: readonly RuleLine[]): Refusal[] {
  const refusals: Refusal[] = [];
  for (const { line, command } of lines) {
    if (command.command === 'clear') table.clear();
    else if ('service' in command && command.service !== undefined) {
      const { service } = command;
      const refuse = (kind: Refusal['kind'], of: Refusal['of']) =>
        void refusals.push({ line, command: command.command, kind, of, service });
      applyLine(table, command as ServiceCommand, line, refuse);
    }
  }
  return refusals;
}

/** A command about a service. */
type ServiceCommand = Extract<RuleCommand, { readonly service?: unknown }> & { readonly service: ServiceId };
type Refuse = (kind: Refusal['kind'], of: Refusal['of']) => void;

function applyLine(table: LineTable, command: ServiceCommand, line: number, refuse: Refuse): void {
  const key = serviceKey(command.service);
  const present = table.get(key);
  if (command.command === 'add-service') {
    if (present === undefined) table.set(key, { service: command.service, line, destinations: new Map() });
    else if (present.line === 0) Object.assign(present, { service: command.service, line });
    else refuse('doubled', 'service');
  } else if (present === undefined) {
    refuse('missing', 'service');
  } else if (command.command === 'edit-service') {
    Object.assign(present, { service: command.service, line });
  } else if (command.command === 'delete-service') {
    table.delete(key);
  } else if ('destination' in command) {
    applyDestination(present.destinations, command, line, refuse);
  }
}

function applyDestination(
  destinations: ServiceEntry['destinations'],
  command: Extract<RuleCommand, { readonly destination: unknown }>,
  line: number,
  refuse: Refuse,
): void {
  const key = destinationKey(command.destination);
  const present = destinations.get(key);
  if (command.command === 'add-server') {
    if (present === undefined || present.line === 0)
      destinations.set(key, { destination: command.destination, line });
    else refuse('doubled', 'destination');
  } else if (present === undefined) {
    refuse('missing', 'destination');
  } else if (command.command === 'edit-server') {
    destinations.set(key, { destination: command.destination, line });
  } else {
    destinations.delete(key);
  }
}

const refusalMessages: Readonly<Record<Refusal['kind'], Readonly<Record<Refusal['of'], string>>>> = {
  doubled: {
    service: 'this service was added before; -E changes it',
    destination: 'this service has this destination already; -e changes it',
  },
  missing: {
    service: 'this service was not added before; add it with -A',
    destination: 'this service lacks this destination; add it with -a',
  },
};

/** Commands that make a table. */
const tableCommands: ReadonlySet<string> = new Set<RuleCommand['command']>([
  'add-service',
  'edit-service',
  'delete-service',
  'add-server',
  'edit-server',
  'delete-server',
  'clear',
]);

/**
 * Reads a rules file (ipvsadm-save's, /etc/sysconfig/ipvsadm, /etc/ipvsadm.rules) and returns the table that
 * it makes: `-A` and `-a` add, `-E`, `-e`, `-D`, `-d` and `-C` change what lines before them added. Services
 * come in the shape of `snapshot()`, defaults filled in. Throws a `RulesError` that names every bad line,
 * also those the kernel would refuse because of the lines before them. For files with other commands in them
 * (`--set`, `--start-daemon`) there is `parseCommands`.
 *
 * @example
 * ```ts
 * const desired = parseRules(`
 *   -A -t 10.0.0.1:80 -s rr
 *   -a -t 10.0.0.1:80 -r 10.0.0.11:80 -m -w 5
 * `);
 * await ipvs.apply(desired);
 * ```
 */
export function parseRules(text: string, options: ParseOptions = {}): ServiceRules[] {
  return servicesOf(readLineTable(text, options).table);
}

/** The services of a table. */
export function servicesOf(table: LineTable): ServiceRules[] {
  return Array.from(table.values(), ({ service, destinations }) => ({
    ...service,
    destinations: Array.from(destinations.values(), ({ destination }) => destination),
  }));
}

/** As `parseRules`, with the lines that say each row, and what is odd about lines that are taken. */
export function readLineTable(
  text: string,
  options: ParseOptions = {},
): { readonly table: LineTable; readonly warnings: readonly RuleProblem[] } {
  const { lines, problems, warnings } = readLines(text, options);
  const found = noFindings(0);
  const rules: RuleLine[] = [];
  for (const one of lines) {
    const { line, command } = one;
    if (tableCommands.has(command.command)) rules.push(one);
    else {
      const name = written(command.command);
      complain({ ...found, line }, name, 'says nothing about services: a table is made of -A and -a');
    }
  }
  const table: LineTable = new Map();
  const refusals = applyLines(table, rules);
  const isDoubtful = doubtOf(text, problems, options.names);
  for (const refusal of refusals) {
    // What could follow from a line that did not parse (an -a whose -A was bad) is not reported.
    if (isDoubtful(refusal)) continue;
    const { line, command, kind, of } = refusal;
    complain({ ...found, line }, written(command), refusalMessages[kind][of]);
  }
  const all = [...problems, ...found.problems];
  if (all.length > 0) throw rulesError(all.sort((a, b) => a.line - b.line));
  return { table, warnings };
}
