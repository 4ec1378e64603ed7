import { type CommandName, type CommandRule, commands } from '../grammar/commands.ts';
import { byName, groupOptions, type Match, written } from '../grammar/lookup.ts';
import {
  type Argument,
  type Group,
  type OptionName,
  type OptionRule,
  options,
  type Values,
} from '../grammar/options.ts';
import { complain, type Findings, show } from '../problem.ts';
import { parseNumber } from './numbers.ts';

/** A line by the grammar: its command, options and bare words. */
export interface Reading {
  readonly command: CommandName;
  readonly argument: string | undefined;
  readonly values: Values;
  readonly words: readonly string[];
}

/** The state of reading one line. */
interface Reader {
  readonly words: readonly string[];
  readonly findings: Findings;
  /** Whether the line has --as-is, wherever it stands. */
  readonly isAsIs: boolean;
  next: number;
  readonly rest: string[];
}

/**
 * Reads words as ipvsadm does by popt: the first option is the command; short options may be joined (`-Ln`),
 * and an argument may follow at once (`-t10.0.0.1:80`), after a `=`, or as the next word; an optional one is
 * left out when that begins with a dash; bare words may stand anywhere; `--` ends the options. Undefined when
 * there is no command; anything wrong is among the problems.
 */
export function readWords(words: readonly string[], findings: Findings): Reading | undefined {
  const reader: Reader = { words, findings, isAsIs: words.includes('--as-is'), next: 0, rest: [] };
  const before = findings.problems.length;
  let command: CommandName | undefined;
  let argument: string | undefined;
  const values: Values = {};
  for (;;) {
    const read = nextOption(reader);
    if (read === undefined || read === 'unknown') {
      // popt stops at the first option it can't read, and so does this: what follows it has no certain
      // meaning.
      if (read === undefined && command === undefined) missingCommand(findings);
      if (command === undefined || read === 'unknown') return undefined;
      break;
    }
    const { found, argument: taken } = read;
    if ('command' in found) {
      if (command !== undefined) {
        complain(
          findings,
          found.written,
          `there is a command already, ${written(command)}; one line has one`,
        );
        return undefined;
      }
      // popt's reader prints these two at once and ends, whatever follows: `-version` is `-v`.
      if (found.command === 'help' || found.command === 'version') {
        return { command: found.command, argument: undefined, values, words: [] };
      }
      command = found.command;
      argument = commandArgument(found, taken, findings);
    } else if (command === undefined) {
      missingCommand(findings);
      return undefined;
    } else {
      take(values, found, taken, reader);
    }
  }
  const reading = { command, argument, values, words: reader.rest };
  checkWords(reading, findings);
  if (findings.problems.length === before) checkLegality(reading, findings);
  return reading;
}

function missingCommand(findings: Findings): void {
  complain(
    findings,
    undefined,
    'the first option must be a command: -A, -E, -D, -a, -e, -d, -L, -C, -Z, -R, -S or --set, for example',
    255,
  );
}

/** An option with what it took; 'unknown' after a complaint; undefined at the end. */
function nextOption(reader: Reader): { found: Match; argument: string | undefined } | 'unknown' | undefined {
  const { words, findings } = reader;
  while (reader.next < words.length) {
    const word = words[reader.next++]!;
    if (word.length < 2 || word.charCodeAt(0) !== 45) {
      reader.rest.push(word);
      continue;
    }
    const found = byName.get(word);
    if (found !== undefined) return withArgument(reader, found, undefined);
    if (word === '--') {
      reader.rest.push(...words.slice(reader.next));
      reader.next = words.length;
      return undefined;
    }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const long = equals === -1 ? undefined : byName.get(word.slice(0, equals));
      if (long !== undefined) return withArgument(reader, long, word.slice(equals + 1));
      return unknown(word, findings);
    }
    return shortOption(reader, word);
  }
  return undefined;
}

/** The first of several short options in one word. The others are put where they will be read next. */
function shortOption(
  reader: Reader,
  word: string,
): { found: Match; argument: string | undefined } | 'unknown' {
  const found = byName.get(word.slice(0, 2));
  if (found === undefined) return unknown(word, reader.findings);
  const rest = word.slice(2);
  if (found.rule.argument !== undefined || rest.startsWith('=')) {
    return withArgument(reader, found, rest.startsWith('=') ? rest.slice(1) : rest);
  }
  const remaining = [`-${rest}`, ...reader.words.slice(reader.next)];
  Object.assign(reader, { words: remaining, next: 0 });
  return { found, argument: undefined };
}

function withArgument(
  reader: Reader,
  found: Match,
  joined: string | undefined,
): { found: Match; argument: string | undefined } | 'unknown' {
  const { argument } = found.rule;
  if (argument === undefined) {
    if (joined === undefined) return { found, argument: undefined };
    complain(reader.findings, found.written, 'takes no argument', 255);
    return 'unknown';
  }
  if (joined !== undefined) return { found, argument: joined };
  const following = reader.words[reader.next];
  const optional = 'optional' in found.rule && found.rule.optional;
  if (optional && (following === undefined || following.startsWith('-'))) {
    return { found, argument: undefined };
  }
  if (following === undefined) {
    complain(reader.findings, found.written, `needs an argument, ${expected(argument)}`, 255);
    return 'unknown';
  }
  reader.next++;
  return { found, argument: following };
}

function unknown(word: string, findings: Findings): 'unknown' {
  const start = word.split('=')[0]!;
  const near = [...byName.keys()].filter(name => name.startsWith(start));
  const hint = near.length > 0 && near.length < 5 ? `; is it ${near.join(' or ')}?` : '';
  complain(findings, undefined, `there is no option ${show(word)}${hint}`, 255);
  return 'unknown';
}

/** What an argument must be, in words. */
export function expected(argument: Argument): string {
  switch (argument.kind) {
    case 'number':
      return `a whole number from ${argument.least} to ${argument.most}`;
    case 'choice':
      return argument.choices.join(' or ');
    case 'list':
      return `names with commas between, of ${argument.choices.join(', ')}`;
    default:
      return argument.name.startsWith('host') ? argument.name : `the ${argument.name}`;
  }
}

function commandArgument(found: Match, argument: string | undefined, findings: Findings): string | undefined {
  const rule = found.rule.argument;
  if (rule?.kind === 'choice' && argument !== undefined && !rule.choices.includes(argument)) {
    complain(findings, found.written, `expected ${expected(rule)}, not ${show(argument)}`);
  }
  return argument;
}

/** Keeps an option with its argument, if that is right. */
function take(
  values: Values,
  { option, rule, written: name }: Match & { option: OptionName },
  argument: string | undefined,
  { isAsIs, findings }: Reader,
): void {
  if (option === 'ipv6' && values['fwmark-service'] === undefined) {
    complain(findings, name, 'comes after -f MARK; an address has its own family');
    return;
  }
  // ipvsadm allows these two again and again, as they say nothing new.
  if (values[option] !== undefined && option !== 'ipv6' && option !== 'sort') {
    complain(findings, name, 'is there twice');
    return;
  }
  const kind = rule.argument;
  if (argument === undefined || kind === undefined) {
    assign(values, option, true);
  } else if (kind.kind === 'number') {
    const [least, most] = (isAsIs && kind.asIs) || [kind.least, kind.most];
    const number = parseNumber(argument);
    if (number === undefined || number < least || number > most) {
      complain(findings, name, `expected ${expected({ ...kind, least, most })}, not ${show(argument)}`);
    }
    assign(values, option, number ?? least);
  } else {
    if (kind.kind === 'choice' && !kind.choices.includes(argument)) {
      const number = isAsIs && kind.asIs !== undefined ? parseNumber(argument) : undefined;
      const isNumber = number !== undefined && number >= kind.choices.length && number <= (kind.asIs ?? 0);
      if (!isNumber) complain(findings, name, `expected ${expected(kind)}, not ${show(argument)}`);
    }
    assign(values, option, argument);
  }
}

/** The grammar's data gives each option its type; this is where its reader keeps to it. */
function assign(values: Values, option: OptionName, value: string | number | true): void {
  (values as Record<string, string | number | true>)[option] = value;
}

function checkWords({ command, words }: Reading, findings: Findings): void {
  const wanted = (commands[command] as CommandRule).words ?? [];
  if (words.length > wanted.length) {
    complain(
      findings,
      undefined,
      `${show(words[wanted.length]!)} belongs to no option${wanted.length > 0 ? `; ${written(command)} takes ${wanted.join(' ')}` : ''}`,
    );
  } else if (words.length < wanted.length) {
    complain(findings, written(command), `needs ${wanted.length} numbers, ${wanted.join(' ')}`);
  }
}

const legal: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(commands).map(([name, rule]) => [name, new Set<string>(rule.takes)]),
);

/** What may go with a command, what must, and what not with one another. */
function checkLegality({ command, values }: Reading, findings: Findings): void {
  const rule: CommandRule = commands[command];
  const groups = new Map<Group, OptionName>();
  const takes = legal.get(command)!;
  for (const name in values) {
    const option = name as OptionName;
    if (!takes.has(option)) {
      const list = rule.takes.map(written).join(' ');
      complain(
        findings,
        written(option),
        `does not go with ${written(command)}, which takes ${list || 'no options'}`,
      );
    }
    const { group }: OptionRule = options[option];
    if (group === undefined) continue;
    const other = groups.get(group);
    if (other !== undefined) {
      complain(findings, written(option), `there is a ${group} already, ${written(other)}`);
    }
    groups.set(group, option);
  }
  for (const need of rule.needs ?? []) {
    if (need in options ? need in values : groups.has(need as Group)) continue;
    const how = need in options ? written(need as OptionName) : groupOptions(need as Group).join(', ');
    complain(findings, written(command), `needs a ${need in options ? need : `${need},`} ${how}`);
  }
  checkOneOf(rule, values, groups, findings);
}

function checkOneOf(
  { oneOf = [] }: CommandRule,
  values: Values,
  groups: ReadonlyMap<Group, OptionName>,
  findings: Findings,
): void {
  if (oneOf.length === 0) return;
  const present: OptionName[] = [];
  for (const option of oneOf) {
    const { group }: OptionRule = options[option];
    const name = group === undefined ? option : groups.get(group);
    if (name !== undefined && name in values) present.push(name);
  }
  if (present.length > 1) {
    complain(findings, written(present[1]!), `does not go with ${written(present[0]!)}: list one at a time`);
  }
}
