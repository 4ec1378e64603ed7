import type { Check } from '../report/report.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import { type Answer, inOrder, type Trial, tally, times } from './trial.ts';

const weights = [4, 2, 1, 1];

// ip_vs_lc.c: the least of 256 × active + inactive connections.
const lc: Scheduler = {
  name: 'lc',
  title: 'least connection',
  about: 'Where the fewest connections are. For equal servers and connections that last.',
  weights,
  async show(trial): Promise<readonly Check[]> {
    const filling = await trial.hold(times(8));
    await trial.release('server-2');
    const after = await trial.hold(times(2));
    trial.chart([...filling, ...after]);
    const passed =
      tally(filling).join() === '2,2,2,2' && after.length === 2 && after.every(name => name === 'server-2');
    const detail = `${tally(filling).join(', ')}; then ${inOrder(after)} as server-2 had none`;
    return [{ what: SchedulerCheck.lc, passed, detail }];
  },
};

/**
 * Opens three rounds of four connections, all kept open. Which of two equal servers comes first is up to the
 * kernel, but not how many each has after a round.
 */
async function showRounds(
  trial: Trial,
  what: string,
  expected: readonly [string, string, string],
): Promise<readonly Check[]> {
  const rounds: (readonly Answer[])[] = [];
  for (const _ of expected) rounds.push(await trial.hold(times(4)));
  trial.chart(rounds.flat());
  const seen = rounds.map(answers => tally(answers).join(' '));
  const passed = seen.join() === expected.join();
  return [{ what, passed, detail: `in rounds of four ${seen.join(', then ')}` }];
}

// ip_vs_wlc.c: the least of (256 × active + inactive) / weight. An idle server has 0, whatever its weight.
// After 8 connections all have 1.
const wlc: Scheduler = {
  name: 'wlc',
  title: 'weighted least connection',
  about:
    'Where the fewest connections are for the weight. The default of ipvsadm and of this library; for servers of different strength and connections that last.',
  weights,
  show: trial => showRounds(trial, SchedulerCheck.wlc, ['1 1 1 1', '3 1 0 0', '1 1 1 1']),
};

// ip_vs_sed.c: the least of (active + 1) / weight: the load that the server would have with this connection.
// 1/4 of the heaviest is less than the 1/1 of an idle one.
const sed: Scheduler = {
  name: 'sed',
  title: 'shortest expected delay',
  about:
    'Where the load would be least with the new connection on it: a fast server that has work may still be sooner done than a slow one that has none.',
  weights,
  show: trial => showRounds(trial, SchedulerCheck.sed, ['3 1 0 0', '1 1 1 1', '3 1 0 0']),
};

// ip_vs_nq.c: the first without an active connection; when there is none, as ip_vs_sed.c. wlc too begins with
// the idle, but in the third round, from 4 2 1 1, it looks at 4/4 2/2 1/1 1/1, and nq at 5/4 3/2 2/1 2/1.
const nq: Scheduler = {
  name: 'nq',
  title: 'never queue',
  about:
    'An idle server if there is one, so that nobody waits while a server has nothing to do; otherwise as sed.',
  weights,
  show: trial => showRounds(trial, SchedulerCheck.nq, ['1 1 1 1', '3 1 0 0', '3 1 0 0']),
};

/** Schedulers that decide by the number of connections of a server. */
export const byLoad: readonly Scheduler[] = [lc, wlc, sed, nq];
