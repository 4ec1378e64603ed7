// Performs scenes in a process with the preloaded library, once for each call that can fail. Prints lines of JSON.
//
//   act.ts NETNS SCENE[,SCENE…] FIRST [--brief]
//
// FIRST is the first point to try, of those that `points` finds: the process of the points before may have crashed.

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Control, type FunctionName, openControl, type Site } from './control.ts';
import { faultsOf, isSlow, nameOf, trueCodes } from './faults.ts';
import { type SceneName, scenes } from './scenes.ts';
import { leftOver, perform, resetTable, resources } from './stage.ts';

/** What a line of the output says. */
export type Line =
  | { readonly trying: number; readonly what: string; readonly place: number; readonly of: number }
  | { readonly defects: readonly string[]; readonly what: string }
  | { readonly end: true; readonly tried: number; readonly missed: number; readonly seen: number };

interface Point {
  readonly function: FunctionName;
  readonly nth: number;
  readonly failure: number;
}

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/**
 * The failures to try. Every call fails once at least, and by each way at the first and last call of its site. Brief:
 * the first call of each site that is not in `known`, by one way.
 */
function points(sites: readonly Site[], brief: boolean, known: Set<string>): readonly Point[] {
  const last = new Map<string, number>();
  for (const { function: name, nth, site } of sites) last.set(`${name} ${site}`, nth);
  const found: Point[] = [];
  for (const [i, { function: name, nth, site }] of sites.entries()) {
    const key = `${name} ${site}`;
    const first = !known.has(key);
    known.add(key);
    const faults = faultsOf[name].filter(failure => !isSlow(failure) || (first && !brief));
    const usual = faults.filter(failure => !isSlow(failure));
    const one = [usual[i % usual.length]!];
    const chosen = brief ? (first ? one : []) : first || last.get(key) === nth ? faults : one;
    found.push(...chosen.map(failure => ({ function: name, nth, failure })));
  }
  return found;
}

/** Tries one point, and returns what is wrong; undefined where the call did not come this time. */
async function attempt(
  control: Control,
  netns: string,
  name: SceneName,
  point: Point,
  before: ReturnType<typeof resources>,
): Promise<{ readonly defects: readonly string[]; readonly seen: boolean } | undefined> {
  control.arm(point.function, point.nth, point.failure);
  let failed = false;
  const { errors, defects } = await perform(netns, scenes[name], () => {
    failed = control.disarm();
  });
  const left = await leftOver(before);
  await resetTable(netns);
  if (!failed) return undefined;
  const codes = trueCodes(point.function, point.failure);
  const untrue = errors.filter(error => {
    const { code = '' } = error as Error & { code?: string };
    // What follows from a write that failed: a service that was not added has no destinations.
    if (code.endsWith('_NOT_FOUND')) return false;
    return !codes.includes(code) && code !== nameOf(point.failure);
  });
  return {
    defects: [
      ...defects,
      ...(left === undefined ? [] : [left]),
      ...untrue.map(error => `an untrue error: ${(error as { code?: string }).code} ${error.stack}`),
    ],
    seen: errors.length > 0,
  };
}

const [netns = '', list = '', first = '0', ...rest] = process.argv.slice(2);
const brief = rest.includes('--brief');
const control = openControl(process.env['IPVS_FAILING_CALLS']!);
const stray: string[] = [];
process.on('unhandledRejection', error => stray.push(`an unhandled rejection: ${(error as Error)?.stack}`));
process.on('uncaughtException', error => stray.push(`an uncaught exception: ${error.stack}`));

const known = new Set<string>();
let number = 0;
let tried = 0;
let missed = 0;
let seen = 0;
await resetTable(netns);
for (const name of list.split(',') as SceneName[]) {
  // Modules, threads and descriptors that the process keeps come with the first times.
  for (let time = 0; time < 3; time++) {
    const { errors, defects } = await perform(netns, scenes[name]);
    if (errors.length + defects.length > 0) {
      say({ defects: [...errors.map(String), ...defects], what: `${name}, with nothing that fails` });
    }
    await resetTable(netns);
  }
  await sleep(50);
  const before = resources();
  control.record();
  let sites: readonly Site[] = [];
  await perform(netns, scenes[name], () => {
    sites = control.recorded();
  });
  await resetTable(netns);
  const chosen = points(sites, brief, known);
  for (const [place, point] of chosen.entries()) {
    if (number++ < Number(first)) continue;
    const what = `${name}: call ${point.nth} of ${point.function} fails with ${nameOf(point.failure)}`;
    say({ trying: number, what, place: place + 1, of: chosen.length });
    const outcome = await attempt(control, netns, name, point, before);
    if (outcome === undefined) missed++;
    else tried++;
    if (outcome?.seen) seen++;
    const defects = [...(outcome?.defects ?? []), ...stray.splice(0)];
    if (defects.length > 0) say({ defects, what });
  }
}
say({ end: true, tried, missed, seen });
control.close();
