import type { TargetHealth } from '../health/types.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { AppliedStep } from '../reconcile/types.ts';
import type { AdminState, WeightReason } from './policy/decide.ts';
import type { Problem } from './types.ts';

/** What all events have. */
interface Timed {
  /** The clock's milliseconds. */
  readonly time: number;
}

/** An event about a service. */
interface OfService extends Timed {
  /** The service it is about. */
  readonly service: ServiceId;
}

/** An event about a destination. */
interface OfDestination extends OfService {
  /** The destination of the service. */
  readonly destination: DestinationId;
}

/** A desired state was taken. */
export interface DesiredEvent extends Timed {
  /** Which event it is. */
  readonly type: 'desired';
  /** What its source calls it. */
  readonly revision: string | undefined;
  /** How many services it has. */
  readonly services: number;
  /** How many destinations they have together. */
  readonly destinations: number;
}

/** A desired state was refused; the one before stays. */
export interface RefusedEvent extends Timed {
  /** Which event it is. */
  readonly type: 'refused';
  /** What its source calls it. */
  readonly revision: string | undefined;
  /** Why: each mistake in a line, or the limit. */
  readonly message: string;
}

/** A check of a destination changed its state. */
export interface HealthEvent extends OfDestination {
  /** Which event it is. */
  readonly type: 'health';
  /** The check's name. */
  readonly check: string;
  /** What it says now. */
  readonly health: TargetHealth;
}

/** A destination is to have another weight. */
export interface WeightEvent extends OfDestination {
  /** Which event it is. */
  readonly type: 'weight';
  /** The weight before; 0 where it was not in the table. */
  readonly from: number;
  /** The weight that it is to have. */
  readonly to: number;
  /** Why it is to have that. */
  readonly reason: WeightReason;
}

/** A service went up or down, or another tier takes its connections. */
export interface ServiceEvent extends OfService {
  /** Which event it is. */
  readonly type: 'service';
  /** Whether a tier has what it needs. */
  readonly isUp: boolean;
  /** The tier that takes connections. */
  readonly tier: number;
}

/** Too many servers of a service fail, so that some stay in; or that is over. */
export interface PanicEvent extends OfService {
  /** Which event it is. */
  readonly type: 'panic';
  /** Those that stay in though they fail. None: it is over. */
  readonly kept: readonly DestinationId[];
}

/** So many checks failed at once that their failures are not believed for a while; or that is over. */
export interface SuspicionEvent extends Timed {
  /** Which event it is. */
  readonly type: 'suspicion';
  /** How many checks' failures are not believed. 0: it is over. */
  readonly held: number;
  /** How many checks there are. */
  readonly of: number;
}

/** The table was changed. */
export interface AppliedEvent extends Timed {
  /** Which event it is. */
  readonly type: 'applied';
  /** What was done, and what came of it. */
  readonly steps: readonly AppliedStep[];
  /** Whether all of it succeeded. */
  readonly isConverged: boolean;
  /** How long it took, in milliseconds. */
  readonly duration: number;
}

/** Another program has changed the table. */
export interface DriftEvent extends Timed {
  /** Which event it is. */
  readonly type: 'drift';
  /** What it takes to undo that, a text for each row. */
  readonly rows: readonly string[];
  /** Whether it was undone. */
  readonly isRepaired: boolean;
}

/** A destination that is not desired any more was drained, and goes. */
export interface DrainedEvent extends OfDestination {
  /** Which event it is. */
  readonly type: 'drained';
  /** Whether it was idle; else its time was up. */
  readonly isIdle: boolean;
  /** Its connections at the end. */
  readonly connections: number;
}

/** An operator said something about a destination, or took it back. */
export interface AdminEvent extends OfDestination {
  /** Which event it is. */
  readonly type: 'admin';
  /** What was said; 'ready' where nothing is. */
  readonly admin: AdminState;
  /** The weight that was given; undefined where none is. */
  readonly weight: number | undefined;
}

/** Something keeps the director from its work, or does not any more. */
export interface ProblemEvent extends Timed {
  /** Which event it is. */
  readonly type: 'problem';
  /** What it is. */
  readonly problem: Problem;
  /** Whether it is over. */
  readonly isOver: boolean;
}

/** The reader was too slow: events that came before the next one are lost to it. */
export interface LeftOutEvent extends Timed {
  /** Which event it is. */
  readonly type: 'left-out';
  /** How many they are. */
  readonly count: number;
}

/** What happened, by `type`. */
export type DirectorEvent =
  | DesiredEvent
  | RefusedEvent
  | HealthEvent
  | WeightEvent
  | ServiceEvent
  | PanicEvent
  | SuspicionEvent
  | AppliedEvent
  | DriftEvent
  | DrainedEvent
  | AdminEvent
  | ProblemEvent
  | LeftOutEvent;

/** An event before it has its time. */
export type Happening = DirectorEvent extends infer E
  ? E extends { readonly time: number }
    ? Omit<E, 'time'>
    : never
  : never;
