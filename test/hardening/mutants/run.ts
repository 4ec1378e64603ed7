// Changes the code in one place at a time, and counts the changes that no test notices.
//
//   npm run test:mutants -- [FOLDER | FILE]
//
// lib/model, lib/rules and lib/reconcile are changed by Stryker, and judged by unit tests (vitest.config.ts beside this
// file says which). What Stryker found before holds as long as neither the code nor a test of it has changed. native/,
// or a file of it, has the faults listed in faults/, judged by the native tests. Without a word: all of them.
//
// The report of Stryker's, with each mutant that survived, is .cache/mutants/report.html.

import { join } from 'node:path';
import { catchSignals } from '../../bed/signals.ts';
import { mutate } from './library.ts';
import { tryFaults } from './native.ts';
import { formatScores, type Score } from './score.ts';

const folders = ['lib/reconcile', 'lib/model', 'lib/rules'];

const stop = catchSignals();
const [place, ...more] = process.argv.slice(2).map(word => join(word).replace(/\/$/, ''));
if (more.length > 0) throw new RangeError('npm run test:mutants -- [FOLDER | FILE]');

const chosen = place === undefined ? folders : folders.flatMap(folder => within(folder, place) ?? []);
const scores: Score[] = [];
if (chosen.length > 0) scores.push(...(await mutate(chosen, stop.signal)));
if (place === undefined || place.split('/')[0] === 'native') {
  scores.push(...(await tryFaults(place ?? 'native', stop.signal)));
}
if (scores.length === 0) {
  throw new RangeError(
    `nothing is changed in ${place}: only ${folders.join(', ')} and what has faults of native/`,
  );
}
console.log(`\n${formatScores(scores)}`);

/** What of a folder is at a place: the folder itself, or the place where it is in the folder. */
function within(folder: string, place: string): string | undefined {
  if (folder === place || folder.startsWith(`${place}/`)) return folder;
  return place.startsWith(`${folder}/`) ? place : undefined;
}
