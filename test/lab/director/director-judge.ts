import type { Check } from '../report/report.ts';
import type { Asked } from './load.ts';

/** The observations of a run. Times are as performance.now() counts. */
export interface DirectorObservation {
  readonly asked: readonly Asked[];
  /** When the server died. */
  readonly died: number;
  /** When its weight in the kernel was 0; undefined: it never was. */
  readonly out: number | undefined;
  /** From when on no request may fail: since it is out, or, where it never was, since it should have been. */
  readonly from: number;
  /** When it was well again. */
  readonly well: number;
  /** When it had its weight again; undefined: it never had. */
  readonly back: number | undefined;
}

/** The checks' names in proofs and verdicts. */
export const DirectorCheck = {
  out: 'the dead server is taken out',
  quiet: 'once it is out no request fails',
  back: 'the server is used again when it is back',
} as const;

/** Judges what became of a server that died and came back. */
export function judgeDirector(
  { asked, died, out, from, well, back }: DirectorObservation,
  server: string,
): readonly Check[] {
  const during = asked.filter(({ start }) => start > from && start < well);
  const failed = during.filter(({ failure }) => failure !== undefined);
  const after = back === undefined ? [] : asked.filter(one => one.start > back && one.server === server);
  return [
    {
      what: DirectorCheck.out,
      passed: out !== undefined,
      detail: out === undefined ? 'never' : `${((out - died) / 1000).toFixed(1)} s after its death`,
    },
    {
      what: DirectorCheck.quiet,
      passed: during.length > 0 && failed.length === 0,
      detail: `${failed.length} of ${during.length} failed`,
    },
    {
      what: DirectorCheck.back,
      passed: after.length > 0,
      detail:
        back === undefined
          ? 'never'
          : `${((back - well) / 1000).toFixed(1)} s after it was well; it answered ${after.length} requests since`,
    },
  ];
}
