import { callsOf, type Ipvs } from '../../client.ts';
import type { IpvsError } from '../../model/errors.ts';
import { withNames } from '../../rules/names.ts';
import { type RuleLine, readLines } from '../../rules/parse/lines.ts';
import type { Diagnostic } from '../../rules/problem.ts';
import { execute } from '../execute/execute.ts';
import { advise, isUnavailable } from '../explain.ts';
import type { Shell } from '../terminal.ts';
import { withModule } from '../with-client.ts';
import { readSteps, type Step, type Steps, writeOf } from './steps.ts';

/**
 * Does what lines say. All are read before the first is done, so that a file with a mistake in it changes nothing. `refused` is the status for
 * lines that the kernel refused.
 */
export async function restoreText(
  text: string,
  { check, refused }: { readonly check: boolean; readonly refused: number },
  shell: Shell,
): Promise<number> {
  if (check) {
    const { problems } = await withNames(names => readLines(text, { names }));
    return tellProblems(problems, shell);
  }
  return withModule(shell, async ipvs => {
    const { steps, problems, read } = await withNames(names => readSteps(text, { names }));
    if (problems.length > 0) return tellProblems(problems, shell);
    const failures = await doSteps(ipvs, steps, read, shell);
    for (const { line, error } of failures) shell.complain(`line ${line}: ${advise(error)}`);
    return failures.length === 0 ? 0 : refused;
  });
}

/** Tells what is wrong with each line, and gives back the exit status. */
function tellProblems(problems: readonly Diagnostic[], shell: Shell): number {
  if (problems.length === 0) return 0;
  shell.complain(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  const lines = new Set(problems.map(({ line }) => line)).size;
  shell.complain(`${lines} bad ${lines === 1 ? 'line' : 'lines'}; nothing was done`);
  return problems[0]!.status;
}

/** A line that the kernel refused. */
interface Failure {
  readonly line: number;
  readonly error: IpvsError;
}

/** So many steps are on their way at once: a bound on the memory that commands take. */
const WINDOW = 16_384;

/**
 * Does steps in their order, without waiting for one before the next is sent. A line that fails does not keep back the others, as in
 * ipvsadm. Rejects where no command could do any better.
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
  const calls = callsOf(ipvs);
  const failures: Failure[] = [];
  const statuses = await calls.writeAll({ command: 'NEW_SERVICE' }, records, lines.length);
  for (let i = 0; i < statuses.length; i++) {
    if (statuses[i] === 0) continue;
    // The record alone does not tell what it was about as well as the line does.
    const line = lines[i]!;
    const error = await calls.errorOf(writeOf(read(line))!, statuses[i]!);
    if (isUnavailable(error)) throw error;
    failures.push({ line, error: error as IpvsError });
  }
  return failures;
}
