import { styleText } from 'node:util';
import type { Ipvs } from '../../client.ts';
import type { Paint, Tone } from '../../reconcile/format.ts';
import { formatPlan } from '../../reconcile/format.ts';
import type { Plan, PlanData } from '../../reconcile/types.ts';
import type { Arguments } from '../arguments.ts';
import { isGiven, misuse } from '../arguments.ts';
import { tellWarnings } from '../restore/tell.ts';
import type { Shell } from '../terminal.ts';
import { isPlan, readDesiredFile, tellDesired } from './desired-file.ts';
import { inOptions, planOptionsOf } from './desired-options.ts';

/** What a command does once it has a client; returns the exit status. */
export type Work = (ipvs: Ipvs) => Promise<number>;

/** The exit status where something is to be done, as diff and terraform have it. */
const CHANGES = 2;

const styles: Readonly<Record<Tone, 'green' | 'yellow' | 'red'>> = {
  add: 'green',
  change: 'yellow',
  remove: 'red',
  warning: 'yellow',
  refusal: 'red',
};

/** Colours on a terminal. */
export function painterOf(shell: Shell): Paint {
  if (shell.colours !== true) return (_, text) => text;
  return (tone, text) => styleText(styles[tone], text, { validateStream: false });
}

/** Reads what is desired; what is returned says what would be done for it. */
export async function preparePlan(given: Arguments, shell: Shell): Promise<Work> {
  const options = planOptionsOf(given);
  const file = await readDesiredFile(given.words[0]!, shell);
  const { content, warnings } = file;
  if (isPlan(content)) throw misuse('the file is a plan already; `ipvs apply` carries it out');
  tellWarnings(warnings, shell);
  return async ipvs => {
    try {
      const plan = await ipvs.plan(content, options);
      if (isGiven(given, 'json')) shell.print(`${JSON.stringify(plan, undefined, 2)}\n`);
      else if (isGiven(given, 'commands'))
        shell.print(
          plan
            .commands()
            .map(line => `${line}\n`)
            .join(''),
        );
      else shell.print(`${formatPlan(inOurWords(plan), painterOf(shell))}\n`);
      return plan.steps.length === 0 ? 0 : CHANGES;
    } catch (error) {
      tellDesired(error, file, shell);
      return 1;
    }
  };
}

/** A plan whose refusals name options of the command. */
function inOurWords(plan: Plan): PlanData {
  const refusals = plan.refusals.map(refusal => ({ ...refusal, message: inOptions(refusal.message) }));
  return { ...plan, refusals };
}
