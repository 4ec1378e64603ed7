import { validateString } from '../../model/arguments.ts';
import { written } from '../grammar/lookup.ts';
import {
  complain,
  type Diagnostic,
  type Findings,
  noFindings,
  type RuleProblem,
  rulesError,
} from '../problem.ts';
import type { NameResolver, RuleCommand, RuleLine } from '../types.ts';
import { buildCommand } from './build.ts';
import { readWords } from './popt.ts';
import { withoutProgram } from './program.ts';
import { splitWords } from './tokenize.ts';

/** What reading rules takes. */
export interface ParseOptions {
  /** Gives the names of hosts and ports their numbers. Without, names are errors. */
  readonly names?: NameResolver | undefined;
}

/** What reading lines found: the commands of those that can be taken, and what is wrong or odd with any. */
export interface ParsedLines {
  readonly lines: readonly RuleLine[];
  readonly problems: readonly Diagnostic[];
  readonly warnings: readonly RuleProblem[];
}

/** Calls `visit` with where each line starts and ends, and its number. */
function visitLines(text: string, visit: (start: number, end: number, line: number) => void): void {
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
  findings: Findings,
  names: NameResolver | undefined,
): RuleCommand | undefined {
  const { problems } = findings;
  const before = problems.length;
  const words = splitWords(text, start, end, findings);
  if (problems.length > before) return undefined;
  const options = withoutProgram(words, findings);
  if (options.length === 0 || problems.length > before) return undefined;
  const command = readCommand(options, findings, names);
  if (command === undefined || problems.length > before) return undefined;
  if (!notRules.has(command.command)) return command;
  complain(findings, written(command.command), 'cannot stand among rules', 255);
  return undefined;
}

/** Reads rules line by line and goes on after a bad one. */
export function readLines(text: string, { names }: ParseOptions = {}): ParsedLines {
  validateString('text', text);
  const lines: RuleLine[] = [];
  const all = noFindings(0);
  visitLines(text, (start, end, line) => {
    const command = readLine(text, start, end, { ...all, line }, names);
    if (command !== undefined) lines.push({ line, command });
  });
  return { lines, ...all };
}

const notRules: ReadonlySet<string> = new Set(['restore', 'help', 'version']);

/**
 * Reads one command, of a line or of the command line. What it returns is of no use when it has complained.
 */
export function readCommand(
  words: readonly string[],
  findings: Findings,
  names: NameResolver | undefined,
): RuleCommand | undefined {
  const { problems } = findings;
  const before = problems.length;
  const reading = readWords(words, findings);
  if (reading === undefined || problems.length > before) return undefined;
  return buildCommand(reading, findings, names);
}

/**
 * Reads lines in the language of ipvsadm-restore, any command of ipvsadm's, and returns what they say. Throws
 * a `RulesError` that names every bad line.
 *
 * @example
 * ```ts
 * for (const { line, command } of parseCommands('-C\n-A -t 10.0.0.1:80 -s rr\n')) {
 *   console.log(line, command.command); // 1 clear, 2 add-service
 * }
 * ```
 */
export function parseCommands(text: string, options: ParseOptions = {}): readonly RuleLine[] {
  const { lines, problems } = readLines(text, options);
  if (problems.length > 0) throw rulesError(problems);
  return lines;
}
