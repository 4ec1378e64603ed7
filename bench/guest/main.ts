/**
 * The benchmark's program inside the bed. Runs the contestants of one size after another, interleaved, each
 * building its table in a network namespace of its own. Prints one record a line (records.ts), and its
 * progress on standard error. Its one argument is the job as JSON.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Job } from '../job.ts';
import { type Size, type SizePlan, sizeName, usual } from '../plan.ts';
import type { BenchRecord, Measurement, Task } from '../records.ts';
import { measureCommands } from './commands.ts';
import type { Contestant } from './contestant.ts';
import { measureDirecting } from './directing.ts';
import { floorReader, floorWriter, runFloor } from './floor.ts';
import { libraryContestants, nameOf, startSubject } from './library.ts';
import { addNamespace, removeNamespace } from './namespaces.ts';
import { commandContestants } from './programs.ts';
import { rowsOf } from './table.ts';

const job = JSON.parse(process.argv[2]!) as Job;
const { plan, programs, libraries } = job;

function emit(record: BenchRecord): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** The contestants of a size. A new one only has to be named here. */
async function contestantsOf(size: SizePlan): Promise<readonly Contestant[]> {
  const ours: Contestant[] = [];
  for (const library of libraries) ours.push(...(await libraryContestants(library, size)));
  return [
    floorReader(programs.floor, 'read', 'read', size),
    floorReader(programs.floor, 'services', 'services', size),
    floorWriter(programs.floor, 'floor', 'add', 'add', size),
    floorWriter(programs.floor, 'floor', 'one', 'one', size),
    floorWriter(programs.floor, 'floor, no ack asked', 'one', 'bare', size),
    ...ours,
    ...commandContestants(programs, libraries[0]!, size),
  ];
}

/** A list that begins at another element each time, so that no contestant is always first. */
function rotate<T>(list: readonly T[], by: number): readonly T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** The contestants that take part in a repetition: all in every third, only the fast ones in between. */
function participants(contestants: readonly Contestant[], repetition: number): readonly Contestant[] {
  return repetition % 3 === 0 ? contestants : contestants.filter(({ slow }) => !slow);
}

/**
 * Calls `use` with a namespace and removes it afterwards. The table is emptied first, since the kernel's own
 * clean-up would fall into later measurements.
 */
async function withNamespace(use: (netns: string) => Promise<void>): Promise<void> {
  const netns = addNamespace();
  try {
    await use(netns);
  } finally {
    await runFloor(programs.floor, netns, 'flush', { services: 0, destinations: 0 });
    await removeNamespace(netns);
  }
}

/** The number of operations after which V8 has compiled what it will compile. */
const WARM_OPERATIONS = 40_000;

/** Milliseconds between two single writes, as of a program that follows its servers' health closely. */
const PAUSE = 10;

/** Rounds of `fit`, each of which reads a thousand destinations. */
const FIT_ROUNDS = 15;

const nothing = async () => {};

/** The number of turns so far, in each of which contestants run right after one another. */
let turns = 0;

async function measureSize(size: SizePlan): Promise<void> {
  const contestants = await contestantsOf(size);
  const doing = (...tasks: readonly Task[]) => contestants.filter(({ task }) => tasks.includes(task));
  const readers = doing('read', 'services');
  const { services, destinations } = size;

  const note = (contestant: Contestant, measurements: readonly Measurement[], turn: number) => {
    const { name, task } = contestant;
    const operations = task === 'services' ? services : rowsOf(size);
    for (const measurement of measurements) {
      emit({
        kind: 'sample',
        task,
        contestant: name,
        size: { services, destinations },
        operations,
        turn,
        ...measurement,
      });
    }
  };

  const readAll = async (netns: string, round: number) => {
    for (let read = 0; read < size.reads; read++) {
      const turn = ++turns;
      for (const reader of rotate(participants(readers, read), round + read)) {
        note(reader, await reader.run(netns, false), turn);
      }
    }
    const turn = ++turns;
    for (const reader of readers) if (reader.javaScript) note(reader, await reader.run(netns, true), turn);
  };

  const add = async (
    writer: Contestant,
    watched: boolean,
    then: (netns: string) => Promise<void> = nothing,
  ) => {
    let measured: readonly Measurement[] = [];
    await withNamespace(async netns => {
      measured = await writer.run(netns, watched);
      await then(netns);
    });
    return measured;
  };

  for (let round = 0; round < size.rounds; round++) {
    say(`${sizeName(size)}, round ${round + 1} of ${size.rounds}`);
    // Contestants of one task run right after one another, since the ratio is what counts.
    for (let write = 0; write < size.writes; write++) {
      for (const writers of [doing('add'), doing('one')]) {
        const turn = ++turns;
        for (const writer of rotate(participants(writers, write), round + write)) {
          const reads = writer.task === 'add' && writer === writers[0] && write === 0;
          note(writer, await add(writer, false, reads ? netns => readAll(netns, round) : nothing), turn);
          if (round > 0 || write > 0 || !writer.javaScript) continue;
          for (let made = rowsOf(size); made < WARM_OPERATIONS; made += rowsOf(size))
            await add(writer, false);
        }
      }
    }
  }
  for (const writer of doing('add', 'one')) {
    if (writer.javaScript) note(writer, await add(writer, true), ++turns);
  }
  for (const contestant of contestants) {
    const { name, task } = contestant;
    emit({
      kind: 'memory',
      task,
      contestant: name,
      size: { services, destinations },
      ...(await contestant.end()),
    });
  }
}

/** Measures the heap over so many reads of a small table that a leak would show. */
async function measureHeap(): Promise<void> {
  const size: Size = { services: 5, destinations: 3 };
  const reads = plan.heapReads;
  say(`heap over ${reads.toLocaleString('en-US')} reads`);
  await withNamespace(async netns => {
    await runFloor(programs.floor, netns, 'add', size);
    for (const library of libraries) {
      for (const work of ['sampler.read()', 'snapshot()']) {
        const subject = startSubject(library);
        if ((await subject.ask('list', {})).includes(work)) {
          const used = await subject.ask('heap', { work, netns, size, reads });
          emit({ kind: 'heap', contestant: nameOf(library, work), reads, used });
        }
        await subject.end();
      }
    }
  });
}

/** Measures short and long lists in chunks of every size. */
async function measureFits(): Promise<void> {
  for (const destinations of plan.fits) {
    say(`chunks for ${destinations} destinations`);
    await withNamespace(async netns => {
      const size = { services: 1, destinations };
      await runFloor(programs.floor, netns, 'add', size);
      const { chunks } = await runFloor(programs.floor, netns, 'fit', size, FIT_ROUNDS);
      for (const [chunk, perDestination] of chunks)
        emit({ kind: 'fit', destinations, chunk, perDestination });
    });
  }
}

/** Measures single writes, alone and then beside a program that reads and changes a table of 10,000 rows. */
async function measureContention(): Promise<void> {
  say('writes beside another program');
  const duration = plan.contention;
  await withNamespace(async netns => {
    await runFloor(programs.floor, netns, 'add', usual);
    const lone = await runFloor(programs.floor, netns, 'lone', usual, duration / PAUSE);
    const walls = lone.measurements.map(({ wall }) => wall);
    const mean = walls.reduce((sum, wall) => sum + wall, 0) / walls.length;
    const floor = mean / (mean + PAUSE);
    for (const library of libraries) {
      const subject = startSubject(library);
      await subject.ask('contend', { netns, size: usual, duration, pause: 0 });
      const alone = await subject.ask('contend', { netns, size: usual, duration, pause: PAUSE });
      const churn = spawn(
        'ip',
        [
          'netns',
          'exec',
          netns,
          programs.floor,
          'churn',
          ...[usual.services, usual.destinations].map(String),
        ],
        { stdio: 'ignore' },
      );
      const ended = once(churn, 'exit');
      try {
        const contended = await subject.ask('contend', { netns, size: usual, duration, pause: PAUSE });
        emit({ kind: 'contention', contestant: nameOf(library, 'single writes'), floor, alone, contended });
      } finally {
        churn.kill('SIGKILL');
        await ended;
      }
      await subject.end();
    }
  });
}

/** The beginnings of processes: the libraries take turns. */
async function measureStarts(): Promise<void> {
  say(`the beginnings of ${plan.starts} processes`);
  const program = fileURLToPath(new URL('start.js', import.meta.url));
  await withNamespace(async netns => {
    const times = libraries.map(() => [[], [], []] as [number[], number[], number[]]);
    for (let start = 0; start < plan.starts; start++) {
      for (const [i, { main }] of libraries.entries()) {
        const { stdout } = spawnSync(process.execPath, [program, main, netns], { encoding: 'utf8' });
        for (const [part, time] of stdout.trim().split(' ').entries()) times[i]![part]!.push(Number(time));
      }
    }
    for (const [i, library] of libraries.entries()) {
      const [imported, called, written] = times[i]!;
      emit({ kind: 'start', contestant: nameOf(library, 'process'), imported, called, written });
    }
  });
}

/** Command lines of ipvsadm and of ours. */
async function measureAllCommands(): Promise<void> {
  for (const commands of plan.commands) {
    say(`command lines, ${sizeName(commands)}`);
    await withNamespace(async netns => {
      for (const record of await measureCommands(programs, libraries[0]!, netns, commands)) emit(record);
    });
  }
}

/** Milliseconds from one check to the next: as many as an emulated machine can make, and no more. */
const SLOW_INTERVAL = 25_000;

/** A director's checks beside a monitor's. */
async function measureDirector(size: Size): Promise<void> {
  say(`a director's checks, ${sizeName(size)}`);
  await withNamespace(async netns => emit(await measureDirecting(libraries[0]!, netns, size, SLOW_INTERVAL)));
}

spawnSync('modprobe', ['ip_vs']);
emit({ kind: 'machine', kernel: release(), node: process.version, processors: availableParallelism() });
for (const size of plan.sizes) await measureSize(size);
await measureFits();
if (plan.heapReads > 0) await measureHeap();
if (plan.contention > 0) await measureContention();
if (plan.starts > 0) await measureStarts();
if (plan.directed !== undefined) await measureDirector(plan.directed);
await measureAllCommands();
