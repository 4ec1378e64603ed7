import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EMPTY_PROGRAM, type SizePlan } from '../plan.ts';
import type { Task } from '../records.ts';
import type { Contestant } from './contestant.ts';
import type { Library } from './library.ts';
import { runInside } from './namespaces.ts';
import { rulesOf } from './table.ts';

const MILLISECOND = 1e6; // in nanoseconds

/** The paths of the C programs. */
export interface Programs {
  readonly floor: string;
  readonly stopwatch: string;
}

/** Runs a program from its start to its end. Times in milliseconds, memory in KiB. Throws where it fails. */
export async function runProcess({ stopwatch }: Programs, netns: string, command: readonly string[]) {
  const output = await runInside(netns, [stopwatch, ...command]);
  const [wall = 0, cpu = 0, peak = 0, status] = output.trim().split(' ').map(Number);
  if (status !== 0) throw new Error(`${command.join(' ')} ended with status ${status}`);
  return { wall: wall / MILLISECOND, cpu: cpu / MILLISECOND, peak };
}

/** A contestant that is a whole process, measured from its start to its end. */
function processContestant(
  programs: Programs,
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
      const { peak, ...measurement } = await runProcess(programs, netns, command);
      most = Math.max(most, peak);
      return [measurement];
    },
    end: async () => {
      done();
      return { start: 0, peak: most };
    },
  };
}

/** Links a package's command as npm does, since people run it so and the link costs time. */
export function linkAsNpm(packageFolder: string): string {
  const modules = join(mkdtempSync(join(tmpdir(), 'ipvs-bench-')), 'node_modules');
  const link = join(modules, '.bin/ipvs');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(packageFolder, join(modules, 'ipvs'));
  symlinkSync('../ipvs/dist/ipvs', link);
  return link;
}

/** The contestants ipvsadm and our command, where the plan has time for half a millisecond a row. */
export function commandContestants(
  programs: Programs,
  { main }: Library,
  size: SizePlan,
): readonly Contestant[] {
  if (!size.slowPrograms) return [];
  const ipvs = linkAsNpm(dirname(dirname(main)));
  const rules = join(tmpdir(), `ipvs-bench-${process.pid}.rules`);
  writeFileSync(rules, rulesOf(size));
  const empty = join(tmpdir(), `ipvs-bench-${process.pid}.cjs`);
  writeFileSync(empty, '#!/usr/bin/env node\n', { mode: 0o755 });
  const list = (name: string, command: string) =>
    processContestant(programs, `${name} -Ln --stats`, 'read', [command, '-Ln', '--stats'], () => {});
  const restore = (name: string, command: string) =>
    processContestant(programs, name, 'add', ['sh', '-c', `${command} <${rules}`], () =>
      rmSync(rules, { force: true }),
    );
  return [
    list('ipvsadm', 'ipvsadm'),
    list('ipvs', ipvs),
    // No program of Node.js takes less.
    processContestant(programs, EMPTY_PROGRAM, 'read', [empty], () => rmSync(empty, { force: true })),
    restore('ipvsadm-restore', 'ipvsadm-restore'),
    restore('ipvs -R', `${ipvs} -R`),
  ];
}
