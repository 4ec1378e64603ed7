import type { DestinationSpec, Tunnel } from '../model/destination.ts';
import { destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { Applied, PlanData, PlanWarning, Step } from './types.ts';

/** What a piece of a plan's text is about: a command may colour it. */
export type Tone = 'add' | 'change' | 'remove' | 'warning' | 'refusal';

/** Gives a piece of text its colour. */
export type Paint = (tone: Tone, text: string) => string;

const plain: Paint = (_, text) => text;

const signs = { add: '+', change: '~', remove: '-' } as const;

/**
 * A plan for people: by service what is added (+), changed (~) and removed (-), then a summary and what to
 * know.
 */
export function formatPlan(plan: PlanData, paint: Paint = plain): string {
  const { steps, warnings, refusals } = plan;
  const lines = groupLines(steps, paint);
  lines.push(steps.length === 0 ? 'Nothing to do: the table is as desired.' : `To do: ${summary(steps)}.`);
  lines.push(...warningLines(warnings, paint));
  for (const { message } of refusals) lines.push(paint('refusal', `refused: ${message}`));
  return lines.join('\n');
}

/** What was done, for people: as a plan says it. What was not is for the caller to tell. */
export function formatApplied({ steps, warnings }: Applied, paint: Paint = plain): string {
  const done = steps.filter(({ outcome }) => outcome === 'done').map(({ step }) => step);
  const lines = groupLines(done, paint);
  if (steps.length === 0) lines.push('Nothing to do: the table is as desired.');
  else lines.push(`Done: ${done.length === 0 ? 'nothing' : summary(done)}.`);
  return [...lines, ...warningLines(warnings, paint)].join('\n');
}

function groupLines(steps: readonly Step[], paint: Paint): string[] {
  return [...groupByService(steps).values()].flatMap(group => [...serviceLines(group, paint), '']);
}

function warningLines(warnings: readonly PlanWarning[], paint: Paint): readonly string[] {
  return warnings.map(({ service, message }) => paint('warning', `! ${serviceKey(service)}: ${message}`));
}

function groupByService(steps: readonly Step[]): Map<string, readonly Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const key = serviceKey(step.service);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [step]);
    else group.push(step);
  }
  return groups;
}

function serviceLines(steps: readonly Step[], paint: Paint): readonly string[] {
  const own = steps.find(({ kind }) => kind.endsWith('-service'));
  const others = steps.filter(step => step !== own).flatMap(step => destinationLines(step, paint));
  return [...ownLines(own, steps[0]!.service, paint), ...others];
}

function ownLines(step: Step | undefined, service: ServiceId, paint: Paint): readonly string[] {
  const key = serviceKey(service);
  switch (step?.kind) {
    case 'add-service':
      return [paint('add', `${signs.add} ${key} ${serviceText(step.spec)}`)];
    case 'change-service':
      return [paint('change', `${signs.change} ${key} ${changesText(step.changes)}`)];
    case 'remove-service':
      return [
        paint('remove', `${signs.remove} ${key} ${serviceText(step.spec)}`),
        ...step.destinations.map(spec => removedLine(spec, paint)),
      ];
    default:
      return [`  ${key}`];
  }
}

function destinationLines(step: Step, paint: Paint): readonly string[] {
  switch (step.kind) {
    case 'add-destination': {
      if (step.reason === 'order') return []; // the removal before it says so
      const key = destinationKey(step.destination);
      return [paint('add', `  ${signs.add} ${key} ${destinationText(step.spec)}`)];
    }
    case 'change-destination': {
      const key = destinationKey(step.destination);
      return [paint('change', `  ${signs.change} ${key} ${changesText(step.changes)}`)];
    }
    case 'remove-destination': {
      if (step.reason !== 'order') return [removedLine(step.spec, paint)];
      const key = destinationKey(step.destination);
      return [paint('change', `  ${signs.change} ${key} removed and added again, for its place`)];
    }
    default:
      return [];
  }
}

function removedLine(spec: DestinationSpec, paint: Paint): string {
  return paint('remove', `  ${signs.remove} ${destinationKey(spec)} ${destinationText(spec)}`);
}

function serviceText({ scheduler, schedulerFlags = [], persistence, onePacket }: ServiceSpec): string {
  return [
    scheduler,
    ...schedulerFlags,
    ...(persistence === undefined ? [] : [`persistence ${valueText(persistence)}`]),
    ...(onePacket ? ['one packet'] : []),
  ].join(', ');
}

function destinationText(spec: DestinationSpec): string {
  const { forwarding, tunnel, weight, upperThreshold = 0, lowerThreshold = 0 } = spec;
  const way = tunnel === undefined ? forwarding : `${forwarding} (${tunnelText(tunnel)})`;
  const limits = lowerThreshold === 0 ? `${upperThreshold}` : `${lowerThreshold} to ${upperThreshold}`;
  return [
    way,
    `weight ${weight}`,
    ...(upperThreshold === 0 && lowerThreshold === 0 ? [] : [`connections limited at ${limits}`]),
  ].join(', ');
}

function tunnelText(tunnel: Tunnel): string {
  return valueText(tunnel);
}

function changesText(changes: object): string {
  return Object.entries(changes as Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>)
    .map(([field, { from, to }]) => `${field}: ${valueText(from)} → ${valueText(to)}`)
    .join(', ');
}

/** A field's value in a few words: objects as their values, nothing as `none`. */
function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join('+');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([name, part]) => (name === 'type' ? String(part) : `${name} ${part}`))
    .join(' ');
}

function summary(steps: readonly Step[]): string {
  const parts = (['add', 'change', 'remove'] as const).flatMap(kind => {
    const own = steps.filter(step => step.kind.startsWith(`${kind}-`) && !isMove(step));
    if (own.length === 0) return [];
    const services = own.filter(({ kind: name }) => name.endsWith('-service')).length;
    const inServices = own.reduce(
      (count, step) => count + (step.kind === 'remove-service' ? step.destinations.length : 0),
      0,
    );
    return [`${kind} ${counts(services, own.length - services + inServices)}`];
  });
  const moved = steps.filter(isMove).length / 2;
  if (moved > 0) parts.push(`move ${counts(0, moved)}`);
  return parts.join('; ');
}

function isMove(step: Step): boolean {
  return 'reason' in step && step.reason === 'order';
}

function counts(services: number, destinations: number): string {
  return [
    ...(services === 0 ? [] : [`${services} ${services === 1 ? 'service' : 'services'}`]),
    ...(destinations === 0 ? [] : [`${destinations} ${destinations === 1 ? 'destination' : 'destinations'}`]),
  ].join(' and ');
}
