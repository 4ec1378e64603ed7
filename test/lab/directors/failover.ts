import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Ipvs } from '../../../lib/index.ts';
import {
  type Download,
  dropDownloads,
  hurryDownloads,
  type Received,
  receivedAtEnd,
  receivedSoFar,
  startDownload,
} from '../hosts/download.ts';
import type { Network } from '../hosts/network.ts';
import type { Peer } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Report } from '../report/report.ts';
import { directors, loseVirtualIp, ports, takeVirtualIp, virtual } from './directors-hosts.ts';

/** The stage of both cases of the lab. */
export interface Stage {
  readonly scope: Scope;
  readonly report: Report;
  readonly network: Network;
  readonly client: Peer;
  /** The servers' processes in the order of `servers`. */
  readonly peers: readonly Peer[];
  /** The directors' clients in the order of `directors`. */
  readonly clients: readonly [Ipvs, Ipvs];
  /** Whether the virtual IP moves at all. */
  readonly moves: boolean;
}

/** The fate of the downloads when the virtual IP moved. */
export interface Failover {
  readonly downloads: readonly Download[];
  /** The bytes of each download when the virtual IP moved. */
  readonly before: readonly number[];
  readonly after: readonly Received[];
  /** The number of downloads that the second director knew before it got the virtual IP. */
  readonly known: number;
}

/** The file: twenty chunks a second, and far too many to end before the virtual IP has moved. */
export const file = { size: 2_000_000, chunk: 1000, interval: 50 } as const;
const DOWNLOADS = 4;

/** The number of bytes after which a download is well under way. */
const UNDER_WAY = 10 * file.chunk;
/** Milliseconds without a byte after which a client gives up, and for other short waits. */
const PATIENCE = 30_000;
/** Milliseconds for downloads to break off, and for a master's messages to come. */
const MOMENT = 8000;
const STEP = 250;

/** Moves the virtual IP from the first director to the second amid downloads. */
export async function failOver(stage: Stage, expectSync: boolean): Promise<Failover> {
  const { client, network, report, clients, peers } = stage;
  const downloads: Download[] = [];
  while (downloads.length < DOWNLOADS) {
    downloads.push(
      await startDownload(client, {
        address: virtual,
        port: ports.file,
        size: file.size,
        patience: PATIENCE,
      }),
    );
  }
  const begun = downloads.map(({ server, port }) => `port ${port} from ${server}`);
  report.step(`${downloads.length} downloads of ${file.size / 1000} kB begin: ${begun.join(', ')}`);
  await until(stage, 'until each is well under way', PATIENCE, async () => {
    return (await receivedSoFar(client, downloads)).every(({ received }) => received >= UNDER_WAY);
  });
  const known = async () => (await connectionsOf(clients[1], downloads, 'sync')).length;
  if (expectSync) {
    // Where nothing is to come a short wait will do. A master keeps its messages for up to two seconds.
    await until(stage, `until ${directors[1].name} knows them`, MOMENT, async () => {
      return (await known()) === downloads.length;
    });
  }
  const knownBefore = await known();
  report.step(`${directors[1].name} knows ${knownBefore} of ${downloads.length} connections`);

  const before = (await receivedSoFar(client, downloads)).map(({ received }) => received);
  if (stage.moves) {
    await loseVirtualIp(network, directors[0].name);
    await takeVirtualIp(network, directors[1].name);
  }
  await until(stage, 'to see whether they go on', MOMENT, async () => {
    const now = await receivedSoFar(client, downloads);
    return now.every(
      ({ received, failure }, i) => failure !== undefined || received >= before[i]! + UNDER_WAY,
    );
  });
  for (const peer of peers) await hurryDownloads(peer);
  const after = await receivedAtEnd(client, downloads);
  // The servers do not know yet that no client listens.
  for (const peer of peers) await dropDownloads(peer);
  return { downloads, before, after, known: knownBefore };
}

/** The connections of downloads that a director knows, with their origins. */
async function connectionsOf(
  ipvs: Ipvs,
  downloads: readonly Download[],
  origin: Connection['origin'],
): Promise<readonly Connection[]> {
  const clientPorts = new Set(downloads.map(({ port }) => port));
  const found: Connection[] = [];
  for await (const connection of ipvs.connections({ origin: true })) {
    if (connection.origin === origin && clientPorts.has(connection.client.port)) found.push(connection);
  }
  return found;
}

async function until(
  { scope, report }: Stage,
  what: string,
  patience: number,
  met: () => Promise<boolean>,
): Promise<void> {
  const start = performance.now();
  const progress = report.progress(`waiting ${what}`);
  while (!(await met()) && performance.now() - start < patience) {
    await sleep(STEP, undefined, { signal: scope.signal });
    progress.tick();
  }
  progress.done(`${((performance.now() - start) / 1000).toFixed(1)} s`);
}
