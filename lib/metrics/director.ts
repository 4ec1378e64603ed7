import type { Family } from './format.ts';
import type { DirectorStatistics } from './types.ts';

/** A family with few series, and those. */
export type FewSeries = readonly [Family, readonly (readonly [labels: string, value: number])[]];

function family(type: Family['type'], name: string, help: string): Family {
  const unit = /_seconds(?:_total)?$/.test(name) ? ({ unit: 'seconds' } as const) : {};
  return { name: `ipvs_director_${name}`, type, help, ...unit };
}

const families = {
  generation: family('gauge', 'desired_generation', 'Number of the desired state that was taken over last.'),
  refused: family('counter', 'refused_total', 'Desired states that were refused.'),
  desiredTime: family('gauge', 'desired_timestamp_seconds', 'When the desired state was taken over.'),
  storeConnected: family(
    'gauge',
    'store_connected',
    'Whether the source of the desired state can be reached.',
  ),
  storeTime: family(
    'gauge',
    'store_timestamp_seconds',
    'When the source of the desired state was last heard of.',
  ),
  applies: family(
    'counter',
    'applies_total',
    'Times that the desired state was applied, by what came of it.',
  ),
  applyTime: family('counter', 'apply_seconds_total', 'Time that applying the desired state took.'),
  drift: family('counter', 'drift_total', 'Differences by the hands of others that were found.'),
  checks: family('counter', 'checks_total', 'Probes of the health of servers, by their result.'),
  checkTime: family('counter', 'check_seconds_total', 'Time that probes took.'),
  healthChanges: family(
    'counter',
    'health_changes_total',
    'Times that a check of a server began to pass or to fail.',
  ),
  held: family('gauge', 'held', 'Checks whose failure is not believed, since too many fail at once.'),
  lateFailures: family(
    'counter',
    'late_failures_total',
    'Failed probes that did not count, because the event loop was late.',
  ),
  drains: family('gauge', 'drains', 'Destinations that are being drained.'),
  drained: family('counter', 'drained_total', 'Drains that have ended.'),
  panic: family('gauge', 'panic', 'Services whose destinations are kept in although too many of them fail.'),
  eventLoopDelay: family('gauge', 'event_loop_delay_seconds', 'How late the event loop is.'),
} as const satisfies Record<Exclude<keyof DirectorStatistics, 'destinations'>, Family>;

/** Metrics of destinations of which a director tells. */
export const destinationFamilies = {
  up: { name: 'ipvs_destination_up', type: 'gauge', help: 'Whether checks of the destination pass.' },
  draining: {
    name: 'ipvs_destination_draining',
    type: 'gauge',
    help: 'Whether the destination is being drained.',
  },
} as const satisfies Record<string, Family>;

const MILLISECONDS = 1000;

/** What a director tells about itself as series; fields that are absent have none. */
export function directorSeries(statistics: DirectorStatistics): readonly FewSeries[] {
  const { applies, checks, storeConnected } = statistics;
  const one = (name: keyof typeof families, value: number | undefined, scale = 1): FewSeries[] =>
    value === undefined ? [] : [[families[name], [['', value / scale]]]];
  const byResult = (name: 'applies' | 'checks', counts: Readonly<Record<string, number>>): FewSeries => [
    families[name],
    Object.entries(counts).map(([result, value]) => [`{result="${result}"}`, value] as const),
  ];
  return [
    ...one('generation', statistics.generation),
    ...one('refused', statistics.refused),
    ...one('desiredTime', statistics.desiredTime, MILLISECONDS),
    ...one('storeConnected', storeConnected === undefined ? undefined : Number(storeConnected)),
    ...one('storeTime', statistics.storeTime, MILLISECONDS),
    ...(applies === undefined
      ? []
      : [byResult('applies', { converged: applies.converged, failed: applies.failed })]),
    ...one('applyTime', statistics.applyTime, MILLISECONDS),
    ...one('drift', statistics.drift),
    ...(checks === undefined
      ? []
      : [byResult('checks', { passed: checks.passed, failed: checks.failed, timed_out: checks.timedOut })]),
    ...one('checkTime', statistics.checkTime, MILLISECONDS),
    ...one('healthChanges', statistics.healthChanges),
    ...one('held', statistics.held),
    ...one('lateFailures', statistics.lateFailures),
    ...one('drains', statistics.drains),
    ...one('drained', statistics.drained),
    ...one('panic', statistics.panic),
    ...one('eventLoopDelay', statistics.eventLoopDelay, MILLISECONDS),
  ];
}
