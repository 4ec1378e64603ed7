import type { ServiceId } from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Bar, Check } from '../report/report.ts';
import { servers } from './addresses.ts';
import { type LiveCounts, type Stage, showServices } from './stage.ts';

/** Replies by what they are replies to. */
export type Seen<Part extends string> = Readonly<Record<Part, readonly Reply[]>>;

/** A kind of service: what it is for, how it is set up, and what its traffic must come to. */
export interface ServiceKind<Part extends string = string> {
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** The services it adds, by what they are found again. */
  services(stage: Stage): readonly ServiceId[];
  /** Why this machine cannot show it, if it cannot. */
  findLack?(stage: Stage): Promise<string | undefined>;
  setUp(stage: Stage): Promise<void>;
  traffic(stage: Stage): Promise<Seen<Part>>;
  /** Judges by the replies and by what IPVS counts then, of each server in the order of `servers`. */
  judge(seen: Seen<Part>, counts: readonly LiveCounts[]): readonly Check[];
}

/** Sets one kind of service up, has its traffic, and judges. */
export async function showKind(stage: Stage, kind: ServiceKind): Promise<readonly Check[]> {
  const { report } = stage;
  report.part(`${kind.name}: ${kind.about}`);
  const lack = await kind.findLack?.(stage);
  if (lack !== undefined) {
    report.step(`left out: ${lack}`);
    // Among the checks too, so that nobody takes it for shown.
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
