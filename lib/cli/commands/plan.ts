import { styleText } from 'node:util';
import { formatPlan, type Paint, type Tone } from '../../reconcile/format.ts';
import type { Plan, PlanData } from '../../reconcile/types.ts';
import { type Arguments, isGiven, misuse, type Run } from '../arguments.ts';
import { tellWarnings } from '../restore/tell.ts';
import type { Shell } from '../terminal.ts';
import { type Work, withModule } from '../with-client.ts';
import { isPlan, readDesiredFile, tellDesired } from './desired-file.ts';
import { inOptions, planOptionsOf } from './desired-options.ts';

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

/** Says what would be done for what a file says. */
export const run: Run = async (given, shell) => {
  const work = await prepare(given, shell);
  // Where there is no kernel to ask, `withModule` returns what means changes here.
  let status = 1;
  await withModule(shell, async ipvs => {
    status = await work(ipvs);
    return status;
  });
  return status;
};

/** Reads what is desired; what is returned says what would be done for it. */
async function prepare(given: Arguments, shell: Shell): Promise<Work> {
  const options = planOptionsOf(given);
  expectOneForm(given);
  const file = await readDesiredFile(given.words[0]!, shell);
  const { content, warnings } = file;
  if (isPlan(content)) throw misuse('the file is a plan already; `ipvs apply` carries it out');
  tellWarnings(warnings, shell);
  return async ipvs => {
    try {
      const plan = await ipvs.plan(content, options);
      const shown = inOurWords(plan);
      if (isGiven(given, 'json')) shell.print(`${JSON.stringify(plan, undefined, 2)}\n`);
      else if (isGiven(given, 'commands')) {
        shell.print(linesOf(plan.commands()));
        // The lines alone do not tell; `apply` would do none of them.
        for (const { message } of shown.refusals) shell.complain(`refused: ${message}`);
      } else shell.print(`${formatPlan(shown, painterOf(shell))}\n`);
      return plan.steps.length === 0 ? 0 : CHANGES;
    } catch (error) {
      tellDesired(error, file, shell);
      return 1;
    }
  };
}

/** Throws where two forms of output are asked for. */
export function expectOneForm(given: Arguments): void {
  if (isGiven(given, 'json') && isGiven(given, 'commands')) {
    throw misuse('--json does not go with --commands: the plan is written in one form');
  }
}

export function linesOf(commands: readonly string[]): string {
  return commands.map(line => `${line}\n`).join('');
}

/** A plan whose refusals name options of the command. */
function inOurWords(plan: Plan): PlanData {
  const refusals = plan.refusals.map(refusal => ({ ...refusal, message: inOptions(refusal.message) }));
  return { ...plan, refusals };
}
