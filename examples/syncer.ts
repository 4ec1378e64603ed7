// Keeps services as a file says, in the manner of kube-proxy: at each change of the file, and every 30 seconds,
// should somebody else have written. The file has what `ipvs list --json` prints. What it no longer names goes,
// what others made stays. Ends at SIGINT or SIGTERM, and leaves the table as it is.
//
//   node syncer.js FILE [NETNS]

import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ipvs } from 'ipvs';

const [file = 'services.json', netns] = process.argv.slice(2);
const end = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());

await using ipvs = new Ipvs({ netns });
let wake = () => {};
// The folder, for editors and configuration managers put another file in the old one's place.
watch(dirname(file), { signal: end.signal }, (_, name) => name === basename(file) && wake());

while (!end.signal.aborted) {
  const changed = new Promise<void>(resolve => (wake = resolve));
  try {
    const { steps, converged } = await ipvs.apply(JSON.parse(await readFile(file, 'utf8')), {
      owner: 'syncer',
    });
    for (const { step, outcome, error } of steps) console.log(step.kind, outcome, error?.message ?? '');
    if (!converged) console.error('not everything could be done; once more at the next change');
  } catch (error) {
    // An unreadable file, a mistake in it, too many removals: the table stays as it was.
    console.error(`${file}: ${(error as Error).message}`);
  }
  await Promise.race([changed, sleep(30_000, undefined, { signal: end.signal }).catch(() => {})]);
}
