import { dirname } from 'node:path';
import type { CommandPlan, Size } from '../plan.ts';
import type { CommandRuns } from '../records.ts';
import { runFloor } from './floor.ts';
import type { Library } from './library.ts';
import { linkAsNpm, type Programs, runProcess } from './programs.ts';

/** A command line, as one that a script or a health daemon runs again and again. */
interface Step {
  readonly words: string;
  /** What ipvsadm is held against, where that has other words. */
  readonly theirs?: string;
  /** Whether it leaves the table empty. */
  readonly clears?: boolean;
}

const SERVICE = '-t 10.255.0.1:80';

/** The single writes, each of which the next one undoes. */
const writes: readonly Step[] = [
  { words: `-A ${SERVICE} -s rr` },
  { words: `-E ${SERVICE} -s wrr` },
  { words: `-a ${SERVICE} -r 10.255.1.1:80 -m -w 1` },
  { words: `-e ${SERVICE} -r 10.255.1.1:80 -m -w 0` },
  { words: `-d ${SERVICE} -r 10.255.1.1:80` },
  { words: `-D ${SERVICE}` },
  { words: '-Z' },
  { words: '-C', clears: true },
];

/** The steps of a small table, and those of a large one, in which a write is lost among the rows. */
const steps: Readonly<Record<CommandPlan['what'], readonly Step[]>> = {
  all: [{ words: '-Ln' }, { words: '-Ln --stats' }, { words: '-Sn' }, ...writes],
  lists: [
    { words: '-Ln' },
    { words: '-Ln --stats' },
    { words: '-Ln --rate' },
    { words: '-Sn' },
    { words: 'list', theirs: '-Ln' },
  ],
};

/**
 * Runs command lines by ipvsadm and by this package's command, in a namespace that is empty. Each program
 * runs all lines before it is the other's turn, as the lines depend on one another.
 */
export async function measureCommands(
  programs: Programs,
  { main }: Library,
  netns: string,
  plan: CommandPlan,
): Promise<readonly CommandRuns[]> {
  const ipvs = linkAsNpm(dirname(dirname(main)));
  const size: Size = { services: plan.services, destinations: plan.destinations };
  await runFloor(programs.floor, netns, 'add', size);
  const found = steps[plan.what].map(step => ({ step, ours: [] as number[], theirs: [] as number[] }));
  for (let round = 0; round < plan.rounds; round++) {
    const turns = ['ours', 'theirs'] as const;
    for (const whose of round % 2 === 0 ? turns : turns.toReversed()) {
      for (const { step, ...walls } of found) {
        const command =
          whose === 'ours'
            ? [ipvs, ...step.words.split(' ')]
            : ['ipvsadm', ...(step.theirs ?? step.words).split(' ')];
        const { wall } = await runProcess(programs, netns, command);
        walls[whose].push(wall);
        if (step.clears) await runFloor(programs.floor, netns, 'add', size);
      }
    }
  }
  return found.map(({ step, ours, theirs }) => ({
    kind: 'command',
    command: step.words.replace(` ${SERVICE}`, ''),
    size,
    ours,
    theirs,
  }));
}
