// Directs services as a file says: checks their servers over HTTP, has each take the connections that it should, and
// drains what the file no longer names. The file has what `ipvs list --json` prints; it is read again at SIGHUP, and
// a bad one changes nothing. Ends at SIGINT or SIGTERM, and leaves the table as it is.
//
//   node director.js FILE [PATH] [NETNS]

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Ipvs } from 'ipvs';
import { Director, type Revision } from 'ipvs/director';
import { httpCheck, tcpCheck } from 'ipvs/health';

const [file = 'services.json', path, netns] = process.argv.slice(2);
const end = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => end.abort());
process.on('SIGHUP', () => {}); // else it would end the program while the file is read

/** The whole desired state, each time that it may have changed: the director finds out what differs. */
async function* revisions(signal: AbortSignal): AsyncGenerator<Revision> {
  for (let revision = 1; !signal.aborted; revision++) {
    yield { desired: JSON.parse(await readFile(file, 'utf8')), revision: `reading ${revision}` };
    await once(process, 'SIGHUP', { signal }).catch(() => {});
  }
}

await using ipvs = new Ipvs({ netns });
await using director = new Director({
  ipvs,
  owner: 'example',
  source: revisions,
  checks: [path === undefined ? tcpCheck() : httpCheck({ path })],
  defaults: { policy: { interval: 2000, rise: 2, fall: 2 }, slowStart: 30_000 },
});
const events = director.events({ signal: end.signal });
director.start().catch(error => console.error(error.message));
for await (const event of events) {
  if (event.type === 'problem' && !event.isOver) console.error(event.problem.message);
  if (event.type === 'weight') console.log(event.destination.address, event.from, event.to, event.reason);
}
