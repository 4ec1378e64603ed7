import { validateString } from '../../model/arguments.ts';
import type { DestinationSpec } from '../../model/destination.ts';
import type { ServiceId } from '../../model/identity.ts';
import type { ServiceSpec } from '../../model/service.ts';
import { written } from '../grammar/lookup.ts';
import { complain, type Diagnostic, type Problems, rulesError } from '../problem.ts';
import type { NameResolver, RuleCommand } from '../types.ts';
import { buildCommand } from './build.ts';
import { readWords } from './popt.ts';
import { splitWords } from './tokenize.ts';

/** What reading rules takes. */
export interface ParseOptions {
  /** Gives the names of hosts and ports their numbers. Without, names are errors. */
  readonly names?: NameResolver | undefined;
}

/** A line of rules: what it says, and where it stands. */
export interface RuleLine {
  /** Counted from 1. */
  readonly line: number;
  readonly command: RuleCommand;
}

/** A service with its destinations, as rules say it and `addService` and `addDestination` take it. */
export type ServiceRules = ServiceSpec & { readonly destinations: DestinationSpec[] };

/** Commands, and all that is wrong with the others. */
export interface ParsedLines {
  readonly lines: readonly RuleLine[];
  readonly problems: readonly Diagnostic[];
}

/** Calls `visit` with where each line starts and ends, and its number. */
export function visitLines(text: string, visit: (start: number, end: number, line: number) => void): void {
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    visit(start, end, ++line);
    start = end + 1;
  }
}

/** Reads one line of rules; undefined when it is empty, or wrong. */
export function readLine(
  text: string,
  start: number,
  end: number,
  problems: Problems,
  names: NameResolver | undefined,
): RuleCommand | undefined {
  const before = problems.found.length;
  const words = splitWords(text, start, end, problems);
  if (words.length === 0 || problems.found.length > before) return undefined;
  const command = readCommand(words, problems, names);
  if (command === undefined || problems.found.length > before) return undefined;
  if (!notRules.has(command.command)) return command;
  complain(problems, written(command.command), 'cannot stand among rules', 255);
  return undefined;
}

/** Reads rules line by line and goes on after a bad one. */
export function readLines(text: string, { names }: ParseOptions = {}): ParsedLines {
  validateString('text', text);
  const lines: RuleLine[] = [];
  const problems: Diagnostic[] = [];
  visitLines(text, (start, end, line) => {
    const command = readLine(text, start, end, { line, found: problems }, names);
    if (command !== undefined) lines.push({ line, command });
  });
  return { lines, problems };
}

const notRules: ReadonlySet<string> = new Set(['restore', 'help', 'version']);

/** Reads one command, of a line or of the command line. What it gives is of no use when it has complained. */
export function readCommand(
  words: readonly string[],
  problems: Problems,
  names: NameResolver | undefined,
): RuleCommand | undefined {
  const before = problems.found.length;
  const reading = readWords(words, problems);
  if (reading === undefined || problems.found.length > before) return undefined;
  return buildCommand(reading, problems, names);
}

/**
 * Reads lines in the language of ipvsadm-restore, any command of ipvsadm's, and gives back what they say. Throws a `RulesError` that
 * names every bad line.
 */
export function parseCommands(text: string, options: ParseOptions = {}): readonly RuleLine[] {
  const { lines, problems } = readLines(text, options);
  if (problems.length > 0) throw rulesError(problems);
  return lines;
}

/**
 * Reads a rules file (ipvsadm-save's, /etc/sysconfig/ipvsadm, /etc/ipvsadm.rules) and gives back the table that it makes: `-A` and `-a` add,
 * `-E`, `-e`, `-D`, `-d` and `-C` change what lines before them added. Services come in the shape of `snapshot()`, defaults filled in.
 * Throws a `RulesError` that names every bad line, also those the kernel would refuse because of the lines before them. For files with
 * other commands in them (`--set`, `--start-daemon`) there is `parseCommands`.
 */
export function parseRules(text: string, options: ParseOptions = {}): ServiceRules[] {
  const { lines, problems } = readLines(text, options);
  const all = [...problems];
  const table: Table = new Map();
  // A line may fail only because one before it was bad; those are told first, and alone.
  for (const { line, command } of lines) {
    const missing: Diagnostic[] = [];
    applyToTable(table, command, (option, message) => complain({ line, found: missing }, option, message));
    if (problems.length === 0) all.push(...missing);
  }
  if (all.length > 0) throw rulesError(all);
  return Array.from(table.values(), ({ service, destinations }) => ({
    ...service,
    destinations: [...destinations.values()],
  }));
}

type Table = Map<string, { service: ServiceSpec; readonly destinations: Map<string, DestinationSpec> }>;

function keyOf(service: ServiceId): string {
  return service.fwmark === undefined
    ? `${service.protocol} ${service.address} ${service.port}`
    : `${service.fwmark} ${service.family}`;
}

function applyToTable(
  table: Table,
  command: RuleCommand,
  refuse: (option: string, message: string) => void,
): void {
  const name = written(command.command);
  if (command.command === 'clear') {
    table.clear();
    return;
  }
  if (
    !('service' in command) ||
    command.service === undefined ||
    command.command === 'list' ||
    command.command === 'zero'
  ) {
    refuse(name, 'says nothing about services: a table is made of -A and -a');
    return;
  }
  const key = keyOf(command.service);
  const there = table.get(key);
  if (command.command === 'add-service') {
    if (there !== undefined) refuse(name, 'this service was added before; -E changes it');
    else table.set(key, { service: command.service, destinations: new Map() });
    return;
  }
  if (there === undefined) {
    refuse(name, 'this service was not added before; add it with -A');
    return;
  }
  if (command.command === 'edit-service') {
    there.service = command.service;
  } else if (!('destination' in command)) {
    table.delete(key);
  } else {
    changeDestination(there.destinations, command, message => refuse(name, message));
  }
}

function changeDestination(
  destinations: Map<string, DestinationSpec>,
  command: Extract<RuleCommand, { readonly destination: unknown }>,
  refuse: (message: string) => void,
): void {
  const { address, port } = command.destination;
  const key = `${address} ${port}`;
  if (command.command === 'add-server') {
    if (destinations.has(key)) refuse('this service has this destination already; -e changes it');
    else destinations.set(key, command.destination);
    return;
  }
  if (!destinations.has(key)) {
    refuse('this service lacks this destination; add it with -a');
  } else if (command.command === 'edit-server') {
    destinations.set(key, command.destination);
  } else {
    destinations.delete(key);
  }
}
