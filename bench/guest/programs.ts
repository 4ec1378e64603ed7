import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Size, SizePlan } from '../plan.ts';
import type { Measurement, Task } from '../records.ts';
import type { Contestant } from './contestant.ts';
import type { Library } from './library.ts';
import { runInside } from './namespaces.ts';
import { rulesOf } from './table.ts';

const MILLISECOND = 1e6; // in nanoseconds

/** The C programs' place. */
export interface Programs {
  readonly floor: string;
  readonly stopwatch: string;
}

interface FloorOutput {
  readonly measurements: readonly Measurement[];
  /** The most memory it took, in KiB. */
  readonly peak: number;
  /** Of `fit`: milliseconds for each row, by the size of the chunks. */
  readonly chunks: ReadonlyMap<number, readonly number[]>;
}

/** Runs floor.c, which measures itself. */
export async function runFloor(
  programs: Programs,
  netns: string,
  mode: string,
  { services, destinations }: Size,
  rounds = 1,
): Promise<FloorOutput> {
  const numbers = [services, destinations, rounds].map(String);
  const output = await runInside(netns, [programs.floor, mode, ...numbers]);
  const measurements: Measurement[] = [];
  const chunks = new Map<number, number[]>();
  let peak = 0;
  for (const line of output.trimEnd().split('\n')) {
    const [label, ...numbers] = line.split(' ');
    const [first = 0, second = 0, , third = 0] = numbers.map(Number);
    if (label === 'peak') peak = first;
    else if (label === 'fit') chunks.set(first, [...(chunks.get(first) ?? []), second / third / MILLISECOND]);
    else measurements.push({ wall: first / MILLISECOND, cpu: second / MILLISECOND });
  }
  return { measurements, peak, chunks };
}

/** One of floor.c's modes as a contestant. */
export function floorContestant(
  programs: Programs,
  name: string,
  task: Task,
  mode: string,
  size: Size,
): Contestant {
  let most = 0;
  return {
    name,
    task,
    javaScript: false,
    slow: false,
    async run(netns) {
      const { measurements, peak } = await runFloor(programs, netns, mode, size);
      most = Math.max(most, peak);
      return measurements;
    },
    end: async () => ({ start: 0, peak: most }),
  };
}

/** A whole process, from its start to its end. */
function processContestant(
  { stopwatch }: Programs,
  name: string,
  task: Task,
  command: readonly string[],
  done: () => void,
): Contestant {
  let most = 0;
  return {
    name,
    task,
    javaScript: false,
    slow: true,
    async run(netns) {
      const output = await runInside(netns, [stopwatch, ...command]);
      const [wall = 0, cpu = 0, peak = 0, status] = output.trim().split(' ').map(Number);
      if (status !== 0) throw new Error(`${command.join(' ')} ended with status ${status}`);
      most = Math.max(most, peak);
      return [{ wall: wall / MILLISECOND, cpu: cpu / MILLISECOND }];
    },
    end: async () => {
      done();
      return { start: 0, peak: most };
    },
  };
}

/** ipvsadm, and our command beside it, where half a millisecond a row can be waited for. */
export function commandContestants(
  programs: Programs,
  { main }: Library,
  size: SizePlan,
): readonly Contestant[] {
  if (!size.slowPrograms) return [];
  const ipvs = join(dirname(main), 'ipvs.cjs');
  const rules = join(tmpdir(), `ipvs-bench-${process.pid}.rules`);
  writeFileSync(rules, rulesOf(size));
  const list = (name: string, command: string) =>
    processContestant(programs, `${name} -Ln --stats`, 'read', [command, '-Ln', '--stats'], () => {});
  const restore = (name: string, command: string) =>
    processContestant(programs, name, 'add', ['sh', '-c', `${command} <${rules}`], () =>
      rmSync(rules, { force: true }),
    );
  return [
    list('ipvsadm', 'ipvsadm'),
    list('ipvs', ipvs),
    restore('ipvsadm-restore', 'ipvsadm-restore'),
    restore('ipvs -R', `${ipvs} -R`),
  ];
}
