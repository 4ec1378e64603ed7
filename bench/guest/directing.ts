import { setTimeout as sleep } from 'node:timers/promises';
import type { Ipvs } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import type { Directing } from '../records.ts';
import { type Checked, startChecked } from './checked.ts';
import { startChecker, targetOf } from './checking.ts';
import type { Library } from './library.ts';
import { tableOf } from './table.ts';

/** Milliseconds after which a check without an answer has failed. */
const TIMEOUT = 2000;

/** The servers that die, each of a service of its own. */
const DYING = 3;

/**
 * A monitor's checks, and those of a director over as many: what they cost here. Then servers die, each after a
 * check that it passed: the time until weight 0 beyond an interval and a timeout is the director's own.
 */
export async function measureDirecting(
  library: Library,
  netns: string,
  size: Size,
  interval: number,
): Promise<Directing> {
  const checked = await startChecked();
  try {
    const greeting = Array.from({ length: DYING }, (_, i) => targetOf(i * size.destinations));
    for (const address of greeting) checked.greet(address);
    const task = { main: library.main, size, port: checked.port, interval, timeout: TIMEOUT, greeting };
    const monitor = startChecker({ ...task, netns: undefined });
    const alone = await monitor.measured;
    await monitor.end();
    const director = startChecker({ ...task, netns });
    const directed = await director.measured;
    const { Ipvs } = (await import(library.main)) as typeof import('../../lib/index.ts');
    const ipvs = new Ipvs({ netns });
    const times = await Promise.all(
      greeting.map((address, i) => timeOf(ipvs, checked, tableOf(size).services[i]!, address)),
    );
    await director.end();
    await ipvs.close();
    return { kind: 'director', size, alone, directed, deaths: times.map(time => time - interval - TIMEOUT) };
  } finally {
    checked.end();
  }
}

/** Milliseconds from the last check that a server passed until it had weight 0, or was no more. */
async function timeOf(
  ipvs: Ipvs,
  checked: Checked,
  service: ReturnType<typeof tableOf>['services'][number],
  address: string,
): Promise<number> {
  const died = await checked.fallSilent(address);
  while (true) {
    const row = (await ipvs.destinations(service)).find(one => one.address === address);
    if ((row?.weight ?? 0) === 0) return Date.now() - died;
    await sleep(5);
  }
}
