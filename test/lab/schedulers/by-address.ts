import type { Check } from '../report/report.ts';
import { clients, servers } from './hosts.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import { type Answer, inOrder, type Trial } from './trial.ts';

/** The weight of each server, which is overloaded when it has more than two connections. */
const weights = [2, 2, 2, 2];
const SITES = 8;

/** An address of a /24 network. */
function siteOf(network: string, number: number): string {
  return network.replace(/0\/24$/, String(number));
}

/** Requests of `count` clients, from the client of number `first` on, for one site. */
function crowd(first: number, count: number, to: string) {
  return clients.slice(first, first + count).map(from => ({ from, to }));
}

const dhSites = '192.0.2.0/24';

// ip_vs_dh.c: the address hashed into a table of 256 places, which servers fill in turn; neither weights nor
// connections matter.
const dh: Scheduler = {
  name: 'dh',
  title: 'destination hashing',
  about:
    'The server is found by hashing the address asked for. For transparent web caches: whatever is fetched of a site is then in one cache.',
  weights,
  sites: dhSites,
  async show(trial): Promise<readonly Check[]> {
    const sites = Array.from({ length: SITES }, (_, i) => siteOf(dhSites, i + 1));
    // No client asks for two sites: at a server two such connections from one port would be the same.
    const seen = await trial.atOnce(sites.flatMap((to, i) => crowd(i, 1, to)));
    const again = await trial.atOnce(sites.flatMap((to, i) => crowd(SITES + i, 1, to)));
    const busy = await trial.hold(crowd(2 * SITES, 4, sites[0]!));
    trial.chart([...seen, ...again, ...busy]);
    const used = servers.filter(({ name }) => seen.includes(name)).length;
    const same = sites.filter((_, i) => seen[i] !== undefined && seen[i] === again[i]).length;
    return [
      {
        what: SchedulerCheck.dh,
        passed:
          same === sites.length &&
          used > 1 &&
          busy.length === 4 &&
          busy.every(answer => answer !== undefined && answer === seen[0]),
        detail: `${same} of ${sites.length} addresses, on ${used} servers; one that gets busy: ${inOrder(busy)}`,
      },
    ];
  },
};

/**
 * Asks for one site until its server has three connections, more than its weight, while others have less than
 * half of theirs. Then asks once more, when that server has none again.
 */
async function showOverload(trial: Trial, network: string, what: string, expected: 'first' | 'second') {
  const site = siteOf(network, 1);
  const filling = await trial.hold(crowd(0, 4, site));
  const [first, , , second] = filling;
  if (first !== undefined) await trial.release(first);
  const [after] = await trial.hold(crowd(4, 1, site));
  trial.chart([...filling, after]);
  const moved = second !== undefined && inOrder(filling) === inOrder([first, first, first, second]);
  const wanted: Answer = expected === 'first' ? first : second;
  return [
    {
      what,
      passed: moved && first !== second && after === wanted,
      detail: `${inOrder(filling)}, then ${inOrder([after])} when the first server was empty again`,
    },
  ];
}

const lblcSites = '198.51.100.0/24';

// ip_vs_lblc.c: a table has the server of each address that was asked for. The address gets another one, the
// least loaded, when its own has more active connections than its weight while another one's are less than
// half its weight.
const lblc: Scheduler = {
  name: 'lblc',
  title: 'locality-based least connection',
  about:
    'An address stays with the server it was given, the least loaded then, until that is overloaded: caches that are used well, and evenly.',
  weights,
  sites: lblcSites,
  show: trial => showOverload(trial, lblcSites, SchedulerCheck.lblc, 'second'),
};

const lblcrSites = '203.0.113.0/24';

// ip_vs_lblcr.c: the table has a set of servers for each address, of which the least loaded is used. Overload
// adds one; the most loaded is dropped when the set has not changed for net.ipv4.vs.lblcr_expiration, a day.
const lblcr: Scheduler = {
  name: 'lblcr',
  title: 'locality-based least connection with replication',
  about:
    'As lblc, but an address whose server is overloaded gets another one as well and uses both: for what everybody asks for.',
  weights,
  sites: lblcrSites,
  show: trial => showOverload(trial, lblcrSites, SchedulerCheck.lblcr, 'first'),
};

/** Schedulers that decide by the address asked for. */
export const byAddress: readonly Scheduler[] = [dh, lblc, lblcr];
