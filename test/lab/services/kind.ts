import type { ServiceId } from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Bar, Check } from '../report/report.ts';
import { servers } from './addresses.ts';
import { type LiveCounts, type Stage, showServices } from './stage.ts';

/** Replies by the names of their requests. */
export type Seen<Part extends string> = Readonly<Record<Part, readonly Reply[]>>;

/** A kind of service: its use, its set-up, its traffic and the judgement. */
export interface ServiceKind<Part extends string = string> {
  readonly name: string;
  /** Its use. */
  readonly about: string;
  /** The identities of the services that it adds. */
  services(stage: Stage): readonly ServiceId[];
  /** The reason why this machine cannot show it; undefined where it can. */
  findLack?(stage: Stage): Promise<string | undefined>;
  setUp(stage: Stage): Promise<void>;
  traffic(stage: Stage): Promise<Seen<Part>>;
  /** Judges by the replies and IPVS's counts of each server, in the order of `servers`. */
  judge(seen: Seen<Part>, counts: readonly LiveCounts[]): readonly Check[];
}

/** Sets one kind of service up, makes its traffic, and judges. */
export async function showKind(stage: Stage, kind: ServiceKind): Promise<readonly Check[]> {
  const { report } = stage;
  report.part(`${kind.name}: ${kind.about}`);
  const lack = await kind.findLack?.(stage);
  if (lack !== undefined) {
    report.step(`left out: ${lack}`);
    // The reason is among the checks too, so that the kind does not pass for shown.
    return [{ what: `${kind.name}: left out`, passed: true, detail: lack }];
  }
  await kind.setUp(stage);
  const seen = await kind.traffic(stage);
  const counts = await showServices(stage, kind.services(stage));
  report.bars('Who answered', barsOf(seen));
  return kind.judge(seen, counts);
}

function barsOf(seen: Seen<string>): Bar[] {
  return Object.entries(seen).flatMap(([part, replies]) =>
    servers.map(({ name }) => ({
      label: `${part}: ${name}`,
      value: replies.filter(({ server }) => server === name).length,
    })),
  );
}
