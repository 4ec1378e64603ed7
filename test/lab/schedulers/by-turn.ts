import type { Check } from '../report/report.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import { type Answer, inOrder, type Trial, tally, times } from './trial.ts';

/** The servers' weights, as if server-1 were four times as fast as server-3. */
const weights = [4, 2, 1, 1];
/** The number of turns of wrr after which each server has been used as often as its weight says. */
const PERIOD = 8;

/**
 * Whole periods, the first connection of which stays open: whoever counts connections would pass that server
 * over.
 */
async function periods(trial: Trial): Promise<readonly Answer[]> {
  const first = await trial.hold(times(1));
  return [...first, ...(await trial.inTurn(times(PERIOD * trial.rounds - 1)))];
}

// ip_vs_rr.c: the next in the list, from where it was. The list has the server that was added last first, so
// turns run 4 3 2 1.
const rr: Scheduler = {
  name: 'rr',
  title: 'round robin',
  about: 'Each server in its turn. For equal servers and short requests of equal cost.',
  weights,
  async show(trial): Promise<readonly Check[]> {
    const answers = await periods(trial);
    trial.chart(answers);
    const { length } = weights;
    const first = answers.slice(0, length);
    const passed =
      answers.length === PERIOD * trial.rounds &&
      tally(first).every(count => count === 1) &&
      answers.every((answer, i) => answer === first[i % length]);
    return [{ what: SchedulerCheck.rr, passed, detail: inOrder(answers) }];
  },
};

// ip_vs_wrr.c: rounds through the list, each for the servers of a certain weight and more: 4 and more, 3 and
// more, and so on. So in any eight connections in a row, wherever they begin, a server is used as often as
// its weight says.
const wrr: Scheduler = {
  name: 'wrr',
  title: 'weighted round robin',
  about: 'Turns too, but as many as a server’s weight. For servers of different strength.',
  weights,
  async show(trial): Promise<readonly Check[]> {
    const answers = await periods(trial);
    trial.chart(answers);
    const passed =
      answers.length === PERIOD * trial.rounds &&
      Array.from({ length: answers.length - PERIOD + 1 }, (_, i) =>
        tally(answers.slice(i, i + PERIOD)),
      ).every(counts => counts.join() === weights.join());
    return [{ what: SchedulerCheck.wrr, passed, detail: inOrder(answers) }];
  },
};

/** Schedulers that only take turns. */
export const byTurn: readonly Scheduler[] = [rr, wrr];
