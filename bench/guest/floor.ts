import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Size } from '../plan.ts';
import type { Measurement, Task } from '../records.ts';
import type { Contestant } from './contestant.ts';
import { runInside } from './namespaces.ts';

const MILLISECOND = 1e6; // in nanoseconds

interface FloorOutput {
  readonly measurements: readonly Measurement[];
  /** The most memory that the program took, in KiB. */
  readonly peak: number;
  /** Milliseconds for each row in each of `fit`'s rounds, by the size of the chunks. */
  readonly chunks: ReadonlyMap<number, readonly number[]>;
}

/** Runs floor.c, which measures itself, and returns what it printed. */
export async function runFloor(
  program: string,
  netns: string,
  mode: string,
  { services, destinations }: Size,
  rounds = 1,
): Promise<FloorOutput> {
  const numbers = [services, destinations, rounds].map(String);
  const output = await runInside(netns, [program, mode, ...numbers]);
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

/** A contestant that is a writing mode of floor.c, with a process for each run. */
export function floorWriter(program: string, name: string, task: Task, mode: string, size: Size): Contestant {
  let most = 0;
  return {
    name,
    task,
    javaScript: false,
    slow: false,
    async run(netns) {
      const { measurements, peak } = await runFloor(program, netns, mode, size);
      most = Math.max(most, peak);
      return measurements;
    },
    end: async () => ({ start: 0, peak: most }),
  };
}

/** Starts a process of the floor that stays, as a program that polls does, and reads on demand. */
function startReader(program: string, netns: string, mode: string, { services, destinations }: Size) {
  const command = ['netns', 'exec', netns, program, mode, String(services), String(destinations), '-'];
  const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the floor ended before its turn');
    return value.split(' ').slice(1).map(Number) as [number, number];
  };
  return {
    async read(): Promise<Measurement> {
      child.stdin.write('\n');
      const [wall, cpu] = await next();
      return { wall: wall / MILLISECOND, cpu: cpu / MILLISECOND };
    },
    /** Ends the process and returns the most memory that it took, in KiB. */
    async end(): Promise<number> {
      child.stdin.end();
      return (await next())[0];
    },
  };
}

/** A contestant that is a reading mode of floor.c, with a process for each table. */
export function floorReader(program: string, task: Task, mode: string, size: Size): Contestant {
  let reader: ReturnType<typeof startReader> | undefined;
  let where = '';
  let most = 0;
  const leave = async () => {
    if (reader !== undefined) most = Math.max(most, await reader.end());
    reader = undefined;
  };
  return {
    name: 'floor',
    task,
    javaScript: false,
    slow: false,
    async run(netns) {
      if (netns !== where) await leave();
      where = netns;
      reader ??= startReader(program, netns, mode, size);
      return [await reader.read()];
    },
    async end() {
      await leave();
      return { start: 0, peak: most };
    },
  };
}
