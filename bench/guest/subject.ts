/**
 * The measured process: the library, and as little else as possible. Its argument is the library's main file.
 * Its parent sends one request at a time.
 */
import { pathToFileURL } from 'node:url';
import type { Ipvs } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import type { Measurement } from '../records.ts';
import { loadParts } from './build.ts';
import { writeAlways } from './contention.ts';
import type { Answer, Request } from './messages.ts';
import { measure, watch } from './stopwatch.ts';
import { rowsOf } from './table.ts';
import { works } from './work.ts';

type Library = typeof import('../../lib/index.ts');

const main = pathToFileURL(process.argv[2]!);
const library = (await import(main.href)) as Library;
const parts = await loadParts(main);

/** Options of the clients: an emulated machine needs more than the default timeout for a large table. */
const options = { timeout: 600_000 };

let netns = '';
let client: Ipvs | undefined;
let run: (() => Promise<unknown>) | undefined;
let runs = 0;

/** Makes a client for a new namespace, with its thread and first socket ready. */
async function open(name: string): Promise<void> {
  if (name === netns) return;
  await client?.close();
  netns = name;
  run = undefined;
  client = new library.Ipvs({ netns, ...options });
  await client.info();
}

/**
 * Whether a work reads. A read profits from what its client knows of the table, a write only from compiled
 * code.
 */
function isRead(name: string): boolean {
  const { task } = works[name]!;
  return task === 'read' || task === 'services';
}

async function doWork(name: string, size: Size, watched: boolean): Promise<Measurement> {
  const made = run === undefined;
  run ??= works[name]!.prepare(client!, size, parts);
  // No garbage is collected here on purpose: V8 would forget the shapes of objects that are not in use, with
  // the code that was compiled for them.
  const measured = await (watched ? watch : measure)(run);
  const first = runs++ === 0 ? 'process' : made && isRead(name) ? 'table' : undefined;
  return first === undefined ? measured : { ...measured, first };
}

/**
 * The rows to read before reads count as those of a warm program: V8 compiles in steps, most of them by then.
 */
const WARM_ROWS = 250_000;

/** Reads, unmeasured, until the program is warm. */
async function warmUp(name: string, size: Size): Promise<void> {
  if (!isRead(name)) return;
  for (let rows = 0; rows < WARM_ROWS; rows += rowsOf(size)) await run!();
}

async function heapAfterReads(name: string, size: Size, reads: number): Promise<number[]> {
  const read = works[name]!.prepare(client!, size, parts);
  const used: number[] = [];
  const note = () => {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage(); // `external` includes array buffers
    used.push(heapUsed + external);
  };
  for (let i = 0; i < reads / 5; i++) await read();
  note();
  for (let part = 0; part < 5; part++) {
    for (let i = 0; i < reads / 5; i++) await read();
    note();
  }
  return used;
}

async function answer(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'list': {
      const ipvs = new library.Ipvs();
      const names = Object.keys(works).filter(name => works[name]!.isSupported(ipvs, parts));
      await ipvs.close();
      return names;
    }
    case 'run': {
      await open(request.netns);
      const measured = await doWork(request.work, request.size, request.watched);
      if (measured.first === 'process') await warmUp(request.work, request.size);
      return measured;
    }
    case 'heap':
      await open(request.netns);
      return heapAfterReads(request.work, request.size, request.reads);
    case 'contend':
      await open(request.netns);
      return writeAlways(client!, request.size, request.duration, request.pause);
    case 'memory':
      return process.resourceUsage().maxRSS;
  }
}

process.on('message', (request: Request) => {
  const reply = (message: Answer) => process.send!(message);
  answer(request).then(
    value => reply({ value }),
    (error: unknown) =>
      reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
