import type { Reply } from '../hosts/peer.ts';
import type { Check } from '../report/report.ts';
import { type Failover, file } from './failover.ts';

/** The observations of a run. */
export interface DirectorsObservation {
  readonly without: Failover;
  readonly withSync: Failover;
  /** The second director's count of packets of downloads that it sent on. */
  readonly packetsAfter: number;
  /** The replies to new requests after the move, and the second director's count of them. */
  readonly replies: readonly Reply[];
  readonly connectionsAfter: number;
}

/** The checks' names. */
export const DirectorsCheck = {
  lost: 'without sync, the move breaks every download off',
  known: 'with sync, the second director knows every connection before it needs to',
  finished: 'with sync, every download comes to its end, whole',
  carried: 'the second director sends on the packets of connections that it did not see begin',
  fresh: 'new connections go through the second director',
} as const;

export function judgeDirectors(observation: DirectorsObservation): readonly Check[] {
  const { without, withSync, packetsAfter, replies, connectionsAfter } = observation;
  const answered = replies.filter(({ failure }) => failure === undefined).length;
  return [
    {
      what: DirectorsCheck.lost,
      passed: without.known === 0 && finished(without) === 0,
      detail: tell(without),
    },
    {
      what: DirectorsCheck.known,
      passed: withSync.known === withSync.downloads.length,
      detail: `${withSync.known} of ${withSync.downloads.length}`,
    },
    {
      what: DirectorsCheck.finished,
      passed: finished(withSync) === withSync.downloads.length,
      detail: tell(withSync),
    },
    {
      what: DirectorsCheck.carried,
      passed: packetsAfter > 0,
      detail: `${packetsAfter} packets`,
    },
    {
      what: DirectorsCheck.fresh,
      passed: answered === replies.length && connectionsAfter === replies.length,
      detail: `${answered} of ${replies.length} answered, ${connectionsAfter} of them through it`,
    },
  ];
}

function finished({ after }: Failover): number {
  return after.filter(({ received, intact }) => intact && received === file.size).length;
}

function tell(failover: Failover): string {
  const failure = failover.after.find(one => one.failure !== undefined)?.failure;
  const end = `${finished(failover)} of ${failover.downloads.length} are whole`;
  return failure === undefined ? end : `${end}; first failure: ${failure}`;
}
