import type { KnownScheduler } from '../../../lib/index.ts';
import type { Check } from '../report/report.ts';
import type { Trial } from './trial.ts';

/** A step of the lab that can be left out. */
export type SchedulerStep = 'weights' | 'held-connections' | 'leaving-server';

/** A scheduler of the kernel, with the traffic that tells it from the others. */
export interface Scheduler {
  readonly name: KnownScheduler;
  /** The words that its name abbreviates. */
  readonly title: string;
  /** Its behaviour, and its use. */
  readonly about: string;
  /** The weights of server-1, server-2 and so on. */
  readonly weights: readonly number[];
  /** The network that clients ask for, where the scheduler decides by that. Default: the virtual IP. */
  readonly sites?: string;
  /** The steps without which nothing is shown. */
  readonly needs?: readonly SchedulerStep[];
  /** Makes the traffic and judges which servers it went to. */
  show(trial: Trial): Promise<readonly Check[]>;
}

/** The checks' names. */
export const SchedulerCheck = {
  answered: 'every connection is answered',
  counters: 'IPVS counted each connection for the server that had it',
  rr: 'rr: servers take turns, whatever their weights and connections',
  wrr: 'wrr: turns are as many as weights, whatever the connections',
  lc: 'lc: new connections go where the fewest are, whatever the weights',
  wlc: 'wlc: new connections go where the fewest are for the weight',
  sed: 'sed: the heaviest server is used first though others are idle',
  nq: 'nq: idle servers are used first, then it is as with sed',
  fo: 'fo: the heaviest server has all until it is taken out',
  ovf: 'ovf: the heaviest server has all until it is full, the next what flows over',
  shSticks: 'sh: a client stays with its server',
  shMoves: 'sh: many clients change servers when one leaves',
  mhSticks: 'mh: a client stays with its server',
  mhMoves: 'mh: hardly any but its own clients change servers when one leaves',
  dh: 'dh: an address always has the same server',
  lblc: 'lblc: an address moves from an overloaded server to an idle one, and stays there',
  lblcr: 'lblcr: an address of an overloaded server gets another one as well, and uses both',
  twos: 'twos: a busy server has less than one draw would give it, and not nothing',
} as const;

/** The steps that can be left out, each with the checks that must fail without it. */
export const proofs: Readonly<Record<SchedulerStep, readonly string[]>> = {
  weights: [
    SchedulerCheck.wrr,
    SchedulerCheck.wlc,
    SchedulerCheck.sed,
    SchedulerCheck.nq,
    SchedulerCheck.fo,
    SchedulerCheck.ovf,
    SchedulerCheck.lblc,
    SchedulerCheck.lblcr,
  ],
  // wlc is not among them: to it a closed connection counts too, as a 256th of an open one.
  'held-connections': [
    SchedulerCheck.lc,
    SchedulerCheck.sed,
    SchedulerCheck.nq,
    SchedulerCheck.ovf,
    SchedulerCheck.lblc,
    SchedulerCheck.lblcr,
  ],
  'leaving-server': [SchedulerCheck.shMoves, SchedulerCheck.mhMoves],
};
