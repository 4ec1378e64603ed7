// Boots a kernel and soaks the library there: npm run soak.
//
//   run.ts [MINUTES] [--brief] [--only ACTOR] [--heap FOLDER] [--leak N]
//
// Half an hour, or so many minutes; brief: one minute. Only actors whose names begin with a word act: whose fault a
// defect is, shows. V8's heap is written to the folder as it is after half the time and at the end, for a comparison by
// a browser's developer tools; that takes memory, which then counts. A leak is planted, of each Nth block that the addon
// frees, to see the soak fail.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runOnBed } from '../../bed/bed.ts';
import { catchSignals } from '../../bed/signals.ts';

const { values, positionals } = parseArgs({
  options: {
    brief: { type: 'boolean', default: false },
    heap: { type: 'string' },
    leak: { type: 'string', default: '0' },
    only: { type: 'string' },
  },
  allowPositionals: true,
});
const minutes = Number(positionals[0] ?? 30);
if (!(minutes > 0 && minutes <= 1440) || positionals.length > 1) {
  console.error(
    'npm run soak -- [MINUTES] [--brief] [--only ACTOR] [--heap FOLDER] [--leak N], of minutes up to 1440',
  );
  process.exit(2);
}
const seconds = values.brief ? 60 : minutes * 60;
const heap = values.heap === undefined ? undefined : resolve(values.heap);
const counting = join(import.meta.dirname, '../../../native/build/counting-malloc.so');
const stop = catchSignals();
const { exitStatus } = await runOnBed({
  command: [
    ...['env', `LD_PRELOAD=${counting}`, `IPVS_LEAK_EVERY=${values.leak}`],
    ...[process.execPath, '--expose-gc', '--import', 'tsx'],
    ...[join(import.meta.dirname, 'soak.ts'), String(seconds)],
    ...(heap === undefined ? [] : ['--heap', heap]),
    ...(values.only === undefined ? [] : ['--only', values.only]),
  ],
  deadline: 2 * seconds + 300,
  signal: stop.signal,
  ...(heap === undefined ? {} : { outputDirectory: heap }),
});
process.exitCode = exitStatus;
