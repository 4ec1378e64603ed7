// Boots a kernel and soaks the library there: npm run soak.
//
//   run.ts [MINUTES] [--brief] [--heap FOLDER]
//
// Half an hour, or so many minutes; brief: 80 seconds. V8's heap is written to the folder as it is after half the time
// and at the end, for a comparison by a browser's developer tools; that takes memory, which then counts as native.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runOnBed } from '../../bed/bed.ts';
import { catchSignals } from '../../bed/signals.ts';

const { values, positionals } = parseArgs({
  options: { brief: { type: 'boolean', default: false }, heap: { type: 'string' } },
  allowPositionals: true,
});
const minutes = Number(positionals[0] ?? 30);
if (!(minutes > 0 && minutes <= 1440) || positionals.length > 1) {
  console.error('npm run soak -- [MINUTES] [--brief] [--heap FOLDER], of minutes up to 1440');
  process.exit(2);
}
const seconds = values.brief ? 80 : minutes * 60;
const heap = values.heap === undefined ? undefined : resolve(values.heap);
const program = join(import.meta.dirname, 'soak.ts');
const words = [program, String(seconds), ...(heap === undefined ? [] : ['--heap', heap])];
const stop = catchSignals();
const { exitStatus } = await runOnBed({
  command: [process.execPath, '--expose-gc', '--import', 'tsx', ...words],
  deadline: 2 * seconds + 300,
  signal: stop.signal,
  ...(heap === undefined ? {} : { outputDirectory: heap }),
});
process.exitCode = exitStatus;
