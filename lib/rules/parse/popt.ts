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
import { complain, type Problems, show } from '../problem.ts';

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
  readonly problems: Problems;
  next: number;
  readonly rest: string[];
}

/**
 * Reads words as ipvsadm does by popt: the first option is the command; short options may be joined (`-Ln`), and an argument may follow at
 * once (`-t10.0.0.1:80`), after a `=`, or as the next word; an optional one is left out when that begins with a dash; bare words may stand
 * anywhere; `--` ends the options. Undefined when there is no command; anything wrong is among the problems.
 */
export function readWords(words: readonly string[], problems: Problems): Reading | undefined {
  const reader: Reader = { words, problems, next: 0, rest: [] };
  const before = problems.found.length;
  let command: CommandName | undefined;
  let argument: string | undefined;
  const values: Values = {};
  for (;;) {
    const read = nextOption(reader);
    if (read === undefined || read === 'unknown') {
      // popt stops at the first option it can't read, and so does this: what follows it has no certain meaning.
      if (read === undefined && command === undefined) missingCommand(problems);
      if (command === undefined || read === 'unknown') return undefined;
      break;
    }
    const { found, argument: taken } = read;
    if ('command' in found) {
      if (command !== undefined) {
        complain(
          problems,
          found.written,
          `there is a command already, ${written(command)}; one line has one`,
        );
        return undefined;
      }
      command = found.command;
      argument = commandArgument(found, taken, problems);
    } else if (command === undefined) {
      missingCommand(problems);
      return undefined;
    } else {
      take(values, found, taken, problems);
    }
  }
  const reading = { command, argument, values, words: reader.rest };
  checkWords(reading, problems);
  if (problems.found.length === before) checkLegality(reading, problems);
  return reading;
}

function missingCommand(problems: Problems): void {
  complain(
    problems,
    undefined,
    'the first option must be a command: -A, -E, -D, -a, -e, -d, -L, -C, -Z, -R, -S or --set, for example',
    255,
  );
}

/** An option with what it took; 'unknown' after a complaint; undefined at the end. */
function nextOption(reader: Reader): { found: Match; argument: string | undefined } | 'unknown' | undefined {
  const { words, problems } = reader;
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
      return unknown(word, problems);
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
  if (found === undefined) return unknown(word, reader.problems);
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
    complain(reader.problems, found.written, 'takes no argument', 255);
    return 'unknown';
  }
  if (joined !== undefined) return { found, argument: joined };
  const following = reader.words[reader.next];
  const optional = 'optional' in found.rule && found.rule.optional;
  if (optional && (following === undefined || following.startsWith('-'))) {
    return { found, argument: undefined };
  }
  if (following === undefined) {
    complain(reader.problems, found.written, `needs an argument, ${expected(argument)}`, 255);
    return 'unknown';
  }
  reader.next++;
  return { found, argument: following };
}

function unknown(word: string, problems: Problems): 'unknown' {
  const start = word.startsWith('--') ? word.split('=')[0]! : undefined;
  const near = start === undefined ? [] : [...byName.keys()].filter(name => name.startsWith(start));
  const hint = near.length > 0 && near.length < 5 ? `; is it ${near.join(' or ')}?` : '';
  complain(problems, undefined, `there is no option ${show(word)}${hint}`, 255);
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

function commandArgument(found: Match, argument: string | undefined, problems: Problems): string | undefined {
  const rule = found.rule.argument;
  if (rule?.kind === 'choice' && argument !== undefined && !rule.choices.includes(argument)) {
    complain(problems, found.written, `expected ${expected(rule)}, not ${show(argument)}`);
  }
  return argument;
}

/** Keeps an option with its argument, if that is right. */
function take(
  values: Values,
  { option, rule, written: name }: Match & { option: OptionName },
  argument: string | undefined,
  problems: Problems,
): void {
  if (option === 'ipv6' && values['fwmark-service'] === undefined) {
    complain(problems, name, 'comes after -f MARK; an address has its own family');
    return;
  }
  // ipvsadm allows these two again and again, as they say nothing new.
  if (values[option] !== undefined && option !== 'ipv6' && option !== 'sort') {
    complain(problems, name, 'is there twice');
    return;
  }
  const kind = rule.argument;
  if (argument === undefined || kind === undefined) {
    assign(values, option, true);
  } else if (kind.kind === 'number') {
    const number = parseNumber(argument);
    if (number === undefined || number < kind.least || number > kind.most) {
      complain(problems, name, `expected ${expected(kind)}, not ${show(argument)}`);
    }
    assign(values, option, number ?? kind.least);
  } else {
    if (kind.kind === 'choice' && !kind.choices.includes(argument)) {
      complain(problems, name, `expected ${expected(kind)}, not ${show(argument)}`);
    }
    assign(values, option, argument);
  }
}

/** The grammar's data gives each option its type; this is where its reader keeps to it. */
function assign(values: Values, option: OptionName, value: string | number | true): void {
  (values as Record<string, string | number | true>)[option] = value;
}

/** A number of decimal digits alone. */
export function parseNumber(text: string): number | undefined {
  let number = 0;
  if (text.length === 0 || text.length > 12) return undefined;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}

function checkWords({ command, words }: Reading, problems: Problems): void {
  const wanted = (commands[command] as CommandRule).words ?? [];
  if (words.length > wanted.length) {
    complain(
      problems,
      undefined,
      `${show(words[wanted.length]!)} belongs to no option${wanted.length > 0 ? `; ${written(command)} takes ${wanted.join(' ')}` : ''}`,
    );
  } else if (words.length < wanted.length) {
    complain(problems, written(command), `needs ${wanted.length} numbers, ${wanted.join(' ')}`);
  }
}

const legal: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(commands).map(([name, rule]) => [name, new Set<string>(rule.takes)]),
);

/** What may go with a command, what must, and what not with one another. */
function checkLegality({ command, values }: Reading, problems: Problems): void {
  const rule: CommandRule = commands[command];
  const groups = new Map<Group, OptionName>();
  const takes = legal.get(command)!;
  for (const name in values) {
    const option = name as OptionName;
    if (!takes.has(option)) {
      const list = rule.takes.map(written).join(' ');
      complain(
        problems,
        written(option),
        `does not go with ${written(command)}, which takes ${list || 'no options'}`,
      );
    }
    const { group }: OptionRule = options[option];
    if (group === undefined) continue;
    const other = groups.get(group);
    if (other !== undefined) {
      complain(problems, written(option), `there is a ${group} already, ${written(other)}`);
    }
    groups.set(group, option);
  }
  for (const need of rule.needs ?? []) {
    if (need in options ? need in values : groups.has(need as Group)) continue;
    const how = need in options ? written(need as OptionName) : groupOptions(need as Group).join(', ');
    complain(problems, written(command), `needs a ${need in options ? need : `${need},`} ${how}`);
  }
  checkOneOf(rule, values, groups, problems);
}

function checkOneOf(
  { oneOf = [] }: CommandRule,
  values: Values,
  groups: ReadonlyMap<Group, OptionName>,
  problems: Problems,
): void {
  if (oneOf.length === 0) return;
  const there: OptionName[] = [];
  for (const option of oneOf) {
    const { group }: OptionRule = options[option];
    const name = group === undefined ? option : groups.get(group);
    if (name !== undefined && name in values) there.push(name);
  }
  if (there.length > 1) {
    complain(problems, written(there[1]!), `does not go with ${written(there[0]!)}: list one at a time`);
  }
}
