import type { Check } from '../report/report.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import { inOrder, times } from './trial.ts';

const weights = [4, 2, 1, 1];

// ip_vs_fo.c: the greatest weight, never mind how many connections.
const fo: Scheduler = {
  name: 'fo',
  title: 'weighted failover',
  about:
    'Everything to the heaviest server. When that is taken out, to the next: the others are its reserve.',
  weights,
  async show(trial): Promise<readonly Check[]> {
    const before = await trial.hold(times(6));
    await trial.setWeight('server-1', 0);
    const after = await trial.hold(times(2));
    trial.chart([...before, ...after]);
    const passed = inOrder([...before, ...after]) === '1 1 1 1 1 1 2 2';
    return [
      { what: SchedulerCheck.fo, passed, detail: `${inOrder(before)}, then without it ${inOrder(after)}` },
    ];
  },
};

// ip_vs_ovf.c: the greatest weight among those whose active connections are not more than their weight, so
// each takes one more than that.
const ovf: Scheduler = {
  name: 'ovf',
  title: 'weighted overflow',
  about:
    'Everything to the heaviest server until it has more connections than its weight, then to the next: servers are used, and paid for, only when they are needed.',
  weights,
  async show(trial): Promise<readonly Check[]> {
    const filling = await trial.hold(times(8));
    await trial.release('server-1');
    const after = await trial.hold(times(1));
    trial.chart([...filling, ...after]);
    const passed = inOrder([...filling, ...after]) === '1 1 1 1 1 2 2 2 1';
    return [
      {
        what: SchedulerCheck.ovf,
        passed,
        detail: `${inOrder(filling)}, then ${inOrder(after)} as it was empty again`,
      },
    ];
  },
};

/** Schedulers that rank servers by weight. */
export const byRank: readonly Scheduler[] = [fo, ovf];
