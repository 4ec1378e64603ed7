// Makes each call of the addon's fail, one at a time, in scenes of its use on a booted kernel: npm run test:failures.
//
//   walk.ts [--brief] [SCENE…]

import { parseArgs } from 'node:util';
import { walk } from './run.ts';
import { type SceneName, scenes } from './scenes.ts';

const { values, positionals } = parseArgs({
  options: { brief: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter(name => !(name in scenes));
if (unknown.length > 0) {
  console.error(`unknown scene ${unknown.join(', ')}: known are ${Object.keys(scenes).join(', ')}`);
  process.exit(2);
}
const chosen = (positionals.length > 0 ? positionals : Object.keys(scenes)) as SceneName[];

/** Milliseconds from one line of progress to the next. */
const PACE = 15_000;
let told = Number.NEGATIVE_INFINITY;

function progress(scene: string, place: number, of: number): void {
  if (place > 1 && performance.now() - told < PACE) return;
  told = performance.now();
  console.log(`failures: ${scene}, ${place} of ${of}`);
}

let tried = 0;
let seen = 0;
let failed = 0;
// In full each scene has a process of its own, and every call counts anew.
for (const together of values.brief ? [chosen] : chosen.map(name => [name])) {
  const start = performance.now();
  const outcome = await walk(
    together,
    values.brief,
    defect => console.log(`  ${defect.replaceAll('\n', '\n    ')}`),
    progress,
  );
  tried += outcome.tried;
  seen += outcome.seen;
  failed += outcome.defects.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `${together.join(', ')}: ${outcome.tried} failures, ${outcome.seen} seen by the caller, ${seconds} s`,
  );
}
console.log(`${tried} failures tried, ${seen} of them seen by the caller; ${failed} defects`);
process.exitCode = failed > 0 || tried === 0 ? 1 : 0;
