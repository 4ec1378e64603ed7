import type { Check } from '../report/report.ts';
import { servers } from './hosts.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import { tally, times } from './trial.ts';

const BUSY = 'server-4';
const HELD = 16;
const DRAWS = 160;
/** The chance of the busy server in one draw. */
const SHARE = 2 / 5;

// ip_vs_twos.c: draws two servers by weight, possibly the same twice, and takes the one with less connections
// for its weight. A draw is a number from 0 to 4, both included, for four servers of weight 1: 0 and 1 are
// the first in the list, which is the one that was added last. So the busy server is drawn with 2/5, and used
// only when it is drawn twice: with 4/25. That 160 such connections give it none has a probability of 8e-13,
// and that they give it 64 or more 3e-13.
const twos: Scheduler = {
  name: 'twos',
  title: 'power of two choices',
  about:
    'Draws two servers and takes the less busy one: almost as even as looking at all of them, and many directors that know nothing of each other do not all pick the same one.',
  weights: [1, 1, 1, 1],
  // A check of chances cannot be certain to fail.
  needs: ['held-connections'],
  async show(trial): Promise<readonly Check[]> {
    const others = servers.map(({ name }) => name).filter(name => name !== BUSY);
    for (const name of others) await trial.setWeight(name, 0);
    await trial.hold(times(HELD));
    for (const name of others) await trial.setWeight(name, 1);
    const answers = await trial.atOnce(times(DRAWS));
    trial.chart(answers);
    const counts = tally(answers);
    const busy = counts.at(-1)!;
    const passed = answers.length === DRAWS && busy > 0 && busy < DRAWS * SHARE;
    const detail = `${counts.join(', ')}; one draw would give ${BUSY} about ${DRAWS * SHARE}`;
    return [{ what: SchedulerCheck.twos, passed, detail }];
  },
};

/** Schedulers that decide by chance. */
export const byChance: readonly Scheduler[] = [twos];
