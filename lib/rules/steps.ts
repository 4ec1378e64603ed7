import * as writes from '../writes.ts';
import type { RuleCommand } from './command.ts';
import { type ParsedLines, type ParseOptions, type RuleLine, readLine } from './parse.ts';
import type { Found } from './problem.ts';
import { recordLines } from './shapes.ts';

/** What is to be done at once: records that the kernel gets as they are, or a command that takes more than that. */
export type Step =
  /** One record after another, and the line of each, counted from 1. */
  { readonly records: Uint8Array; readonly lines: Uint32Array } | { readonly line: RuleLine };

/** All that lines say, in their order, and all that is wrong with them. */
export interface Steps {
  readonly steps: readonly Step[];
  readonly problems: ParsedLines['problems'];
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

/** Reads lines for the kernel: as `readLines`, but it makes records of them wherever it can, which takes a fraction of the time. */
export function readSteps(text: string, { names }: ParseOptions = {}): Steps {
  const steps: Step[] = [];
  const problems: Found[] = [];
  const readText = (line: string) => readLine(line, 0, line.length, { line: 1, found: [] }, names);
  const { bytes, lines, rest, place } = recordLines(text, line => writeOf(readText(line)));
  const each = bytes.length / lines.length;
  let taken = 0;
  const takeBefore = (line: number) => {
    const start = taken;
    while (taken < lines.length && lines[taken]! < line) taken++;
    if (taken === start) return;
    steps.push({
      records: bytes.subarray(start * each, taken * each),
      lines: lines.subarray(start, taken),
    });
  };
  for (const line of rest) {
    const [start, end] = place(line);
    const command = readLine(text, start, end, { line, found: problems }, names);
    if (command === undefined) continue;
    takeBefore(line);
    steps.push({ line: { line, command } });
  }
  takeBefore(Number.POSITIVE_INFINITY);
  return { steps, problems, read: line => readLine(text, ...place(line), { line, found: [] }, names)! };
}
