import { Layout } from '../../addon/layout.ts';
import * as writes from '../../calls/writes.ts';
import { type ParsedLines, type ParseOptions, readLine } from '../../rules/parse/lines.ts';
import { noFindings } from '../../rules/problem.ts';
import type { RuleCommand, RuleLine } from '../../rules/types.ts';
import { recordLines } from './shapes.ts';

/**
 * What is to be done at once: records that the kernel gets as they are, or a command that takes more than
 * that.
 */
export type Step =
  /** One record after another, and the line of each, counted from 1. */
  { readonly records: Uint8Array; readonly lines: Uint32Array } | { readonly line: RuleLine };

/** What stands before the first line where the lines are to replace the table. */
export const clearLine: RuleLine = { line: 0, command: { command: 'clear' } };

/** All that lines say, in their order, and all that is wrong with them or odd. */
export interface Steps extends Pick<ParsedLines, 'problems' | 'warnings'> {
  readonly steps: readonly Step[];
  /** Reads a line again that was right. */
  read(line: number): RuleCommand;
}

/** The write that a command is, if its record can be made without looking at the table. */
export function writeOf(command: RuleCommand | undefined): writes.Write | undefined {
  switch (command?.command) {
    case 'add-service':
      return writes.addService(command.service);
    case 'delete-service':
      return writes.removeService(command.service);
    case 'add-server':
      return writes.addDestination(command.service, command.destination);
    case 'delete-server':
      return writes.removeDestination(command.service, command.destination);
    default:
      return undefined;
  }
}

/**
 * Reads lines for the kernel: as `readLines`, but it makes records of them wherever it can, which takes a
 * fraction of the time.
 */
export function readSteps(text: string, { names }: ParseOptions = {}): Steps {
  const steps: Step[] = [];
  const all = noFindings(0);
  const { records, lines, rest, place } = recordLines(text, line => {
    const findings = noFindings(1);
    const command = readLine(line, 0, line.length, findings, names);
    // Each line with a warning is told of, so that each is read.
    return findings.warnings.length > 0 ? undefined : writeOf(command);
  });
  let taken = 0;
  const take = (end: number) => {
    if (end === taken) return;
    steps.push({
      records: records.subarray(taken * Layout.bytes, end * Layout.bytes),
      lines: lines.subarray(taken, end),
    });
    taken = end;
  };
  for (const line of rest) {
    const command = readLine(text, ...place(line), { ...all, line }, names);
    if (command === undefined) continue;
    // Records of lines before this one come before it.
    let end = taken;
    while (end < lines.length && lines[end]! < line) end++;
    take(end);
    steps.push({ line: { line, command } });
  }
  take(lines.length);
  return { steps, ...all, read: line => readLine(text, ...place(line), noFindings(line), names)! };
}
