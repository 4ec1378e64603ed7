import type { DrainProgress } from '../../../lib/index.ts';
import type { Check } from '../report/report.ts';
import type { Visit } from './visits.ts';

/** The observations of one replacement. */
export interface Replacement {
  /** The server that left. */
  readonly left: string;
  /** What its drain told, look by look. */
  readonly looks: readonly DrainProgress[];
  /** When the client's clock showed that it takes nothing new. */
  readonly quietFrom: number;
}

/** The observations of a run. */
export interface DrainObservation {
  readonly visits: readonly Visit[];
  readonly replacements: readonly Replacement[];
  /** The servers that answered when all was done. */
  readonly after: readonly string[];
}

/** The checks' names in proofs and verdicts. */
export const DrainCheck = {
  answered: 'every visit is answered to its end',
  patient: 'a server is removed when its last connection is gone, not before',
  quiet: 'a server that leaves gets no new visit',
  replaced: 'the new servers have taken over',
} as const;

/** Judges the replacement of all servers. */
export function judgeDrain(
  { visits, replacements, after }: DrainObservation,
  wanted: readonly string[],
): readonly Check[] {
  const failed = visits.filter(({ failure }) => failure !== undefined);
  const late = replacements.map(
    ({ left, quietFrom }) => visits.filter(one => one.server === left && one.start > quietFrom).length,
  );
  const first = failed[0]?.failure;
  return [
    {
      what: DrainCheck.answered,
      passed: failed.length === 0 && visits.length > 0,
      detail: `${visits.length - failed.length} of ${visits.length}${first === undefined ? '' : `; first failure: ${first}`}`,
    },
    {
      what: DrainCheck.patient,
      passed: replacements.every(
        ({ looks }) => looks.some(({ waitingFor }) => waitingFor > 0) && looks.at(-1)!.waitingFor === 0,
      ),
      detail: replacements
        .map(({ left, looks }) => `${left} ${looks.map(({ waitingFor }) => waitingFor).join(' ')}`)
        .join(', '),
    },
    {
      what: DrainCheck.quiet,
      passed: late.every(count => count === 0),
      detail: replacements.map(({ left }, i) => `${left} ${late[i]}`).join(', '),
    },
    {
      what: DrainCheck.replaced,
      passed: after.join() === wanted.join(),
      detail: after.join(', '),
    },
  ];
}
