import type { CallOptions } from '../calls/options.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import type { DesiredEntry } from './desired.ts';
import { beginsToRefuse } from './refusing.ts';
import { type Drainer, isRemoval } from './removals.ts';
import { resultsOf, resultsOfAdditions, send, sendAdditions, sendSteps, type Wire } from './send.ts';
import type { AppliedStep, Step } from './types.ts';

/** The kernel, as steps are carried out on it. */
export interface Kernel extends Omit<Wire, 'round'> {
  /** Drains what is to be removed. Without, it is removed at once. */
  readonly drainer?: Drainer | undefined;
  /** Tells drains of a destination that it is wanted again. */
  readonly giveBack: (step: Step) => void;
}

/** A kernel in one round of an apply. */
interface RoundKernel extends Kernel, Wire {}

/** What there is to do. */
export interface Work {
  /** New services, and where their records are: what comes first. */
  readonly additions?: readonly DesiredEntry[];
  readonly records?: Uint32Array;
  readonly steps: readonly Step[];
  /** As `Draft` has them. */
  readonly reliant: ReadonlySet<string>;
}

const noRecords = new Uint32Array();

/** Errors that say that the table is not what it was read as: another program wrote. */
const conflicts: ReadonlySet<string | undefined> = new Set<IpvsErrorCode>([
  'ERR_IPVS_SERVICE_EXISTS',
  'ERR_IPVS_SERVICE_NOT_FOUND',
  'ERR_IPVS_DESTINATION_EXISTS',
  'ERR_IPVS_DESTINATION_NOT_FOUND',
  'ERR_IPVS_OUTCOME_UNKNOWN',
]);

/** Whether a step failed because another program wrote meanwhile: planning again may help. */
export function isConflict({ error }: AppliedStep): boolean {
  return error instanceof IpvsError && conflicts.has(error.code);
}

/** What came of a round's work. */
export interface Outcome {
  /** New services all of whose records were done: nobody has made their steps. */
  readonly added: readonly DesiredEntry[];
  /** What came of all else, in its order. */
  readonly results: readonly AppliedStep[];
}

/**
 * Carries out steps. One that fails keeps none of the others back, but those that would make no sense without
 * it: the destinations of a service that could not be added, and losses of a service that has nothing to take
 * their place.
 */
export async function runSteps(
  kernel: RoundKernel,
  { additions = [], records = noRecords, steps, reliant }: Work,
  options: CallOptions,
): Promise<Outcome> {
  const gains = steps.filter(step => !isLoss(step));
  const losses = steps.filter(isLoss);
  for (const step of gains) kernel.giveBack(step);
  const parts = await sendAdditions(kernel, additions, records, options);
  const sent = await sendSteps(kernel, gains, options, parts.length);
  const added = await resultsOfAdditions(kernel, parts, records);
  const gained = leaveOutOrphans([...added, ...(await resultsOf(kernel, sent))]);
  const held = servicesToHold(reliant, gained);
  const { round } = kernel;
  const wanted = losses.filter(step => !held.has(serviceKey(step.service)));
  const kept = losses.filter(step => held.has(serviceKey(step.service)));
  const lost = await sendLosses(kernel, wanted, options);
  const reason = 'nothing that should take its place could be added';
  return {
    added: added.length === 0 ? additions : [],
    results: gained.concat(
      lost,
      kept.map(step => ({ step, outcome: 'left-out', round, reason })),
    ),
  };
}

/** Lowers weights and removes, with a drain before each removal where drains are wanted. */
async function sendLosses(
  kernel: RoundKernel,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly AppliedStep[]> {
  const { drainer, round } = kernel;
  if (drainer === undefined) return send(kernel, steps, options);
  const lowered = await send(
    kernel,
    steps.filter(step => step.kind === 'change-destination'),
    options,
  );
  const removed = await drainer.drain(steps.filter(isRemoval));
  const ready = removed.flatMap(result => ('ready' in result ? [result.step] : []));
  const concluded = removed.flatMap(result => ('ready' in result ? [] : [{ ...result, round }]));
  const standing = new Set(
    concluded.filter(({ outcome }) => outcome !== 'done').map(({ step }) => serviceKey(step.service)),
  );
  const last = steps.filter(step => step.kind === 'change-service');
  const wanted = last.filter(({ service }) => !standing.has(serviceKey(service)));
  const kept = last.filter(({ service }) => standing.has(serviceKey(service)));
  const reason = 'a destination stays at weight 0, whose clients it would refuse';
  return [
    ...lowered,
    ...concluded,
    ...(await send(kernel, [...ready, ...wanted], options)),
    ...kept.map((step): AppliedStep => ({ step, outcome: 'left-out', round, reason })),
  ];
}

/** Whether a step takes something away. */
function isLoss(step: Step): boolean {
  switch (step.kind) {
    case 'remove-service':
      return true;
    case 'remove-destination':
      return step.reason !== 'order';
    case 'change-service':
      return beginsToRefuse(step);
    case 'change-destination':
      return step.changes.weight !== undefined && step.changes.weight.to < step.changes.weight.from;
    default:
      return false;
  }
}

/** Destinations whose service could not be added did not fail for anything of their own. */
function leaveOutOrphans(results: readonly AppliedStep[]): readonly AppliedStep[] {
  const missing = new Set(
    results
      .filter(result => result.step.kind === 'add-service' && result.outcome === 'failed')
      .map(({ step }) => serviceKey(step.service)),
  );
  if (missing.size === 0) return results;
  const reason = 'its service could not be added';
  return results.map(result => {
    const { step, outcome, round } = result;
    const isOrphan = outcome === 'failed' && step.kind === 'add-destination';
    return isOrphan && missing.has(serviceKey(step.service))
      ? { step, outcome: 'left-out', round, reason }
      : result;
  });
}

/** Services that nothing may be taken from: what should take its place could not be added. */
function servicesToHold(reliant: ReadonlySet<string>, gained: readonly AppliedStep[]): ReadonlySet<string> {
  const held = new Set(reliant);
  if (held.size === 0) return held;
  for (const { step, outcome } of gained) {
    if (outcome === 'done' && takesConnections(step)) held.delete(serviceKey(step.service));
  }
  return held;
}

function takesConnections(step: Step): boolean {
  const { kind } = step;
  return (kind === 'add-destination' || kind === 'change-destination') && (step.spec.weight ?? 1) > 0;
}
