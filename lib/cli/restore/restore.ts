import { callsOf, type Ipvs } from '../../client.ts';
import type { IpvsError } from '../../model/errors.ts';
import { withNames } from '../../rules/names.ts';
import type { Diagnostic } from '../../rules/problem.ts';
import type { RuleCommand, RuleLine } from '../../rules/types.ts';
import { execute } from '../execute/execute.ts';
import { advise, isUnavailable } from '../explain.ts';
import type { Shell } from '../terminal.ts';
import { withModule } from '../with-client.ts';
import { clearLine, readSteps, type Step, type Steps, writeOf } from './steps.ts';
import { tellProblems, tellWarnings } from './tell.ts';

/** The exit status where the kernel refused lines: ipvsadm's, where it was the last of them. */
export const REFUSED = 255;

/**
 * Does what lines say, and returns the exit status. All are read before the first is done, so that a file
 * with a mistake in it changes nothing. A name that has no address now is no mistake of the file: its line
 * fails as one does that the kernel refuses, and the others are done. `clear` removes all services first.
 */
export function restoreText(text: string, shell: Shell, clear = false): Promise<number> {
  return withModule(shell, async ipvs => {
    const { steps, problems, warnings, read } = await withNames(names => readSteps(text, { names }));
    tellWarnings(warnings, shell);
    if (!problems.every(({ unresolved }) => unresolved)) {
      return tellProblems(problems, 'nothing was done', shell);
    }
    const all = clear ? [{ line: clearLine }, ...steps] : steps;
    const failures = await doSteps(ipvs, all, read, shell);
    return tellFailures(failures, problems, shell);
  });
}

/** A line that the kernel refused. */
export interface Failure {
  readonly line: number;
  readonly error: IpvsError;
}

/** Tells of lines that were not done, and returns the exit status. */
export function tellFailures(
  failures: readonly Failure[],
  problems: readonly Diagnostic[],
  shell: Shell,
): number {
  const failed = [...problems, ...failures.map(({ line, error }) => ({ line, message: advise(error) }))].sort(
    (a, b) => a.line - b.line,
  );
  for (const { line, message } of failed) shell.complain(line === 0 ? message : `line ${line}: ${message}`);
  return failed.length === 0 ? 0 : REFUSED;
}

/** Why the kernel refused a line, by the status of its record. Throws what no line could escape. */
export async function failureOf(
  ipvs: Ipvs,
  line: number,
  command: RuleCommand,
  status: number,
): Promise<Failure> {
  const error = await callsOf(ipvs).errorOf(writeOf(command)!, status);
  if (isUnavailable(error)) throw error;
  return { line, error: error as IpvsError };
}

/** At most this many steps are on their way at once: a bound on the memory that commands take. */
const WINDOW = 16_384;

/**
 * Does steps in their order, without waiting for one before the next is sent. A line that fails does not keep
 * back the others, as in ipvsadm. Rejects where no command could do any better.
 */
async function doSteps(
  ipvs: Ipvs,
  steps: readonly Step[],
  read: Steps['read'],
  shell: Shell,
): Promise<readonly Failure[]> {
  let failures: readonly Failure[] = [];
  for (let start = 0; start < steps.length; start += WINDOW) {
    const doing = steps
      .slice(start, start + WINDOW)
      .map(step => ('records' in step ? writeRecords(ipvs, step, read) : doLine(ipvs, step.line, shell)));
    for (const failed of await Promise.all(doing)) failures = failures.concat(failed);
  }
  return failures;
}

async function doLine(ipvs: Ipvs, { line, command }: RuleLine, shell: Shell): Promise<readonly Failure[]> {
  try {
    await execute(ipvs, command, shell);
    return [];
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return [{ line, error: error as IpvsError }];
  }
}

async function writeRecords(
  ipvs: Ipvs,
  { records, lines }: Extract<Step, { readonly records: unknown }>,
  read: Steps['read'],
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const statuses = await callsOf(ipvs).writeAll({ command: 'NEW_SERVICE' }, records, lines.length);
  for (let i = 0; i < statuses.length; i++) {
    if (statuses[i] === 0) continue;
    // The record alone does not tell what it was about as well as the line does.
    const line = lines[i]!;
    failures.push(await failureOf(ipvs, line, read(line), statuses[i]!));
  }
  return failures;
}
