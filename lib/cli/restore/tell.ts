import type { Diagnostic, RuleProblem } from '../../rules/problem.ts';
import type { Shell } from '../terminal.ts';

/**
 * Tells what is wrong with lines, and returns the exit status: the first problem's, or 0 where there is none.
 */
export function tellProblems(problems: readonly Diagnostic[], outcome: string, shell: Shell): number {
  if (problems.length === 0) return 0;
  shell.complain(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  const lines = new Set(problems.map(({ line }) => line)).size;
  shell.complain(`${lines} bad ${lines === 1 ? 'line' : 'lines'}; ${outcome}`);
  return problems[0]!.status;
}

/** Tells what is odd about lines that are taken. */
export function tellWarnings(warnings: readonly RuleProblem[], shell: Shell): void {
  if (warnings.length === 0) return;
  shell.complain(warnings.map(({ line, message }) => `line ${line}: warning: ${message}`).join('\n'));
}
