import type { Ipvs } from '../../client.ts';
import type { DrainOptions } from '../../drain/types.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { planCommands } from '../../reconcile/commands.ts';
import { formatApplied } from '../../reconcile/format.ts';
import type { Applied, AppliedStep } from '../../reconcile/types.ts';
import { type Arguments, isGiven, misuse, type Run } from '../arguments.ts';
import { tellWarnings } from '../restore/tell.ts';
import type { Shell } from '../terminal.ts';
import { type Work, withModule } from '../with-client.ts';
import { isPlan, readDesiredFile, tellDesired } from './desired-file.ts';
import { drainOptionsOf, planOptionsOf } from './desired-options.ts';
import { INTERRUPTED, whileDraining } from './draining.ts';
import { formatWarnings } from './list.ts';
import { expectOneForm, linesOf, painterOf } from './plan.ts';

/** Options that a plan was made with: those given when it is applied would be none. */
const ofPlans = ['owner', 'owns', 'allow', 'max-removals', 'keep-weights', 'exact-order'];

/** Options of a drain: without one they would be none, and connections be cut that they were to save. */
const ofDrains = ['deadline', 'idle-for', 'cut', 'set-fallback', 'set-settings'];

/** Makes the table what a file says. */
export const run: Run = async (given, shell) => withModule(shell, await prepare(given, shell));

/** Reads what is desired, or a plan; what is returned makes the table so. */
async function prepare(given: Arguments, shell: Shell): Promise<Work> {
  const { owner, owns, allow, maxRemovals, force, keepWeights, order } = planOptionsOf(given);
  expectOneForm(given);
  const drain = isGiven(given, 'drain') ? drainOptionsOf(given) : undefined;
  const idle = drain === undefined ? ofDrains.find(name => given.options[name] !== undefined) : undefined;
  if (idle !== undefined) throw misuse(`--${idle} goes with --drain: without it all is removed at once`);
  const file = await readDesiredFile(given.words[0]!, shell);
  const { content, warnings } = file;
  const surplus = isPlan(content) ? ofPlans.find(name => given.options[name] !== undefined) : undefined;
  if (surplus !== undefined) throw misuse(`the file is a plan: --${surplus} was said when it was made`);
  tellWarnings(warnings, shell);
  const work = (ipvs: Ipvs, draining?: Pick<DrainOptions, 'signal' | 'onProgress'>) => {
    const { signal, onProgress } = draining ?? {};
    const how = { force, signal, drain: drain && { ...drain, onProgress } };
    if (isPlan(content)) return ipvs.apply(content, how);
    return ipvs.apply(content, { owner, owns, allow, maxRemovals, keepWeights, order, ...how });
  };
  return async ipvs => {
    try {
      const left = 'what was drained stays at weight 0; the next apply goes on';
      const applied = await (drain === undefined
        ? work(ipvs)
        : whileDraining(shell, left, draining => work(ipvs, draining)));
      if (applied === undefined) return INTERRUPTED;
      tell(applied, given, shell);
      const odd = isPlan(content) ? '' : formatWarnings(content);
      if (odd !== '') shell.complain(odd);
      return applied.converged ? 0 : 1;
    } catch (error) {
      tellDesired(error, file, shell);
      return 1;
    }
  };
}

function tell(applied: Applied, given: Arguments, shell: Shell): void {
  if (isGiven(given, 'json')) {
    const steps = applied.steps.map(({ error, ...rest }) =>
      error === undefined ? rest : { ...rest, error: error.message },
    );
    shell.print(`${JSON.stringify({ ...applied, steps }, undefined, 2)}\n`);
    return;
  }
  if (isGiven(given, 'commands')) {
    const steps = applied.steps.filter(({ outcome }) => outcome === 'done').map(({ step }) => step);
    shell.print(linesOf(planCommands({ steps })));
  } else {
    shell.print(`${formatApplied(applied, painterOf(shell))}\n`);
  }
  const undone = applied.steps.filter(({ outcome }) => outcome !== 'done').map(undoneText);
  if (undone.length > 0) shell.complain(undone.join('\n'));
}

function undoneText({ step, outcome, error, reason }: AppliedStep): string {
  const what = outcome === 'failed' ? 'failed' : 'left out';
  const row = 'destination' in step ? `, destination ${destinationKey(step.destination)}` : '';
  return `${what}: ${step.kind} ${serviceKey(step.service)}${row}: ${error?.message ?? reason}`;
}
