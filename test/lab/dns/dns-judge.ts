import type { Reply } from '../hosts/peer.ts';
import type { Check } from '../report/report.ts';
import { type Site, sites } from './dns-hosts.ts';

/** The reply to a request, and the address that DNS gave for it. */
export type Visit = Reply & { readonly address: string };

/** The observations of a run. */
export interface DnsObservation {
  /** The requests while all directors were there. */
  readonly before: readonly Visit[];
  /** The kernel's counts of connections after those, of each site's servers in their order. */
  readonly counted: readonly (readonly number[])[];
  /** The requests after the loss of a director. */
  readonly during: readonly Visit[];
  /** The requests after DNS was told of the loss. */
  readonly after: readonly Visit[];
}

/** The checks' names in proofs and verdicts. */
export const DnsCheck = {
  answered: 'every request is answered',
  directors: 'each director gets exactly its third',
  servers: 'in each pool rr gives each server its half',
  loss: "one director's loss costs exactly its third of the requests",
  recovery: 'without its record every request is answered again',
  takeover: 'the other two then share everything',
} as const;

/** Judges three directors under one name, one of which is lost. */
export function judgeDns(observation: DnsObservation, lost: Site): readonly Check[] {
  const { before, counted, during, after } = observation;
  const byDirector = counted.map(servers => servers.reduce((sum, connections) => sum + connections, 0));
  const failed = during.filter(isFailure);
  const atLost = failed.filter(({ address }) => address === lost.virtual).length;
  const others = sites.filter(site => site !== lost);
  return [
    answered(DnsCheck.answered, before),
    {
      what: DnsCheck.directors,
      passed: byDirector.every((connections, i) => {
        return connections === before.length / sites.length && connections === answeredBy(sites[i]!, before);
      }),
      detail: shares(sites, byDirector),
    },
    {
      what: DnsCheck.servers,
      passed: counted.every((servers, i) =>
        servers.every((connections, j) => {
          const { name } = sites[i]!.servers[j]!;
          return (
            connections === byDirector[i]! / servers.length &&
            connections === before.filter(({ server }) => server === name).length
          );
        }),
      ),
      detail: counted
        .flatMap((servers, i) => servers.map((count, j) => `${sites[i]!.servers[j]!.name} ${count}`))
        .join(', '),
    },
    {
      what: DnsCheck.loss,
      passed: failed.length === during.length / sites.length && atLost === failed.length,
      detail: `${failed.length} of ${during.length} failed, ${atLost} of them at ${lost.director}`,
    },
    answered(DnsCheck.recovery, after),
    {
      what: DnsCheck.takeover,
      passed: others.every(site => answeredBy(site, after) === after.length / others.length),
      detail: shares(
        others,
        others.map(site => answeredBy(site, after)),
      ),
    },
  ];
}

function isFailure({ failure }: Visit): boolean {
  return failure !== undefined;
}

/** The number of requests that a site's own servers answered. */
function answeredBy({ servers }: Site, visits: readonly Visit[]): number {
  return visits.filter(({ server }) => servers.some(({ name }) => name === server)).length;
}

function answered(what: string, visits: readonly Visit[]): Check {
  const good = visits.filter(visit => !isFailure(visit)).length;
  const failure = visits.find(isFailure)?.failure;
  return {
    what,
    passed: good === visits.length,
    detail: `${good} of ${visits.length}${failure === undefined ? '' : `; first failure: ${failure}`}`,
  };
}

function shares(of: readonly Site[], counts: readonly number[]): string {
  return of.map(({ director }, i) => `${director} ${counts[i]}`).join(', ');
}
