/** What is wrong with a line of rules. */
export interface RuleProblem {
  /** Counted from 1. */
  readonly line: number;
  /** The option as one writes it, where the problem is one option's. */
  readonly option?: string;
  /** What was found and what was expected. */
  readonly message: string;
}

/** Rules that could not be read: a SyntaxError that knows every bad line. */
export interface RulesError extends SyntaxError {
  /**
   * Lines of rules can't be read, by `parseRules()` or `parseCommands()`.
   *
   * To do: Mend what `problems` lists, each with its line; `ipvs restore --check` says the same.
   */
  readonly code: 'ERR_IPVS_RULES';
  /** Every bad line, in the order of the lines. */
  readonly problems: readonly RuleProblem[];
}

/**
 * The exit status ipvsadm has for a problem: 2 where its own checks find it, 255 where popt does (an unknown
 * option, a missing argument) or where it leaves it to the kernel to refuse.
 */
export type ProblemStatus = 2 | 255;

/** A problem, and the exit status that goes with it. */
export interface Diagnostic extends RuleProblem {
  readonly status: ProblemStatus;
  /**
   * Nothing is wrong with the line but that a name in it has no address or port, on this machine and at this
   * time.
   */
  readonly unresolved?: true;
}

/** Collects what reading one line finds. */
export interface Findings {
  readonly line: number;
  /** Reasons why the line can't be taken. */
  readonly problems: Diagnostic[];
  /** What is taken, and hardly meant like that. */
  readonly warnings: RuleProblem[];
}

/** Nothing found yet in a line. */
export function noFindings(line: number): Findings {
  return { line, problems: [], warnings: [] };
}

function problemAt({ line }: Findings, option: string | undefined, message: string): RuleProblem {
  return {
    line,
    ...(option !== undefined && { option }),
    message: option === undefined ? message : `${option}: ${message}`,
  };
}

/** Adds a problem. */
export function complain(
  findings: Findings,
  option: string | undefined,
  message: string,
  status: ProblemStatus = 2,
): void {
  findings.problems.push({ ...problemAt(findings, option, message), status });
}

/** Adds the problem that a name stands for nothing. */
export function complainUnresolved(findings: Findings, option: string, message: string): void {
  findings.problems.push({ ...problemAt(findings, option, message), status: 2, unresolved: true });
}

/** Adds a warning. */
export function warn(findings: Findings, option: string, message: string): void {
  findings.warnings.push(problemAt(findings, option, message));
}

const SHOWN = 60;

/** A word as messages show it: short, on one line, and without what a terminal would act on. */
export function show(word: string): string {
  const short = word.length > SHOWN ? `${word.slice(0, SHOWN)}…` : word;
  return `'${short.replace(/[^\x20-\x7e…]/g, escaped)}'`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const LISTED = 20;

/** The error for all problems of a text. */
export function rulesError(problems: readonly Diagnostic[]): RulesError {
  const lines = problems.slice(0, LISTED).map(({ line, message }) => `line ${line}: ${message}`);
  if (problems.length > LISTED) lines.push(`and ${problems.length - LISTED} more`);
  const error = new SyntaxError(lines.join('\n'));
  return Object.assign(error, {
    code: 'ERR_IPVS_RULES' as const,
    problems: problems.map(({ status: _, unresolved: __, ...problem }) => problem),
  });
}
