import type { CallOptions } from '../calls/options.ts';
import type { DrainOptions } from '../drain/types.ts';
import type { DestinationSpec, Forwarding, Tunnel } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';

/** The version of a plan's JSON. Another one is refused by `apply()`. */
export const PLAN_FORMAT = 1;

/** What a field has, and what it is to have. null: none. */
export interface Change<T> {
  /** What the table has. */
  readonly from: T;
  /** What is desired. */
  readonly to: T;
}

/** Persistence with every default filled in. */
export interface PersistenceFields {
  readonly timeout: number;
  readonly granularity: number | string;
  readonly engine?: string;
}

/** What can be changed of a service without removing it. */
export interface ServiceFields {
  readonly scheduler: string;
  readonly schedulerFlags: readonly string[];
  readonly onePacket: boolean;
  readonly persistence: PersistenceFields | null;
  /** Compared only where the desired state names it: what the kernel has no use for is no difference. */
  readonly dormantPersistence: PersistenceFields | null;
}

/** What can be changed of a destination without removing it. */
export interface DestinationFields {
  readonly forwarding: Forwarding;
  readonly tunnel: Tunnel | null;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** The fields that differ, each with its old and its new value. */
export type FieldChanges<T> = { readonly [K in keyof T]?: Change<T[K]> };

/** A service that is missing. Its destinations follow as steps of their own. */
export interface AddServiceStep {
  readonly kind: 'add-service';
  readonly service: ServiceId;
  readonly spec: ServiceSpec;
}

/** A service that differs. The kernel changes it in place: connections and counters live on. */
export interface ChangeServiceStep {
  readonly kind: 'change-service';
  readonly service: ServiceId;
  readonly changes: FieldChanges<ServiceFields>;
  /** The service as it is to be. */
  readonly spec: ServiceSpec;
}

/** A service that nobody wants any more, with all its destinations. */
export interface RemoveServiceStep {
  readonly kind: 'remove-service';
  readonly service: ServiceId;
  /** The service as it was. */
  readonly spec: ServiceSpec;
  /** The destinations that go with it. */
  readonly destinations: readonly DestinationSpec[];
}

/** A destination that is missing. */
export interface AddDestinationStep {
  readonly kind: 'add-destination';
  readonly service: ServiceId;
  readonly destination: DestinationId;
  readonly spec: DestinationSpec;
  /** It was removed by the step before this one, to get another place among its service's destinations. */
  readonly reason?: 'order';
}

/** A destination that differs. The kernel changes it in place: connections and counters live on. */
export interface ChangeDestinationStep {
  readonly kind: 'change-destination';
  readonly service: ServiceId;
  readonly destination: DestinationId;
  readonly changes: FieldChanges<DestinationFields>;
  /** The destination as it is to be. */
  readonly spec: DestinationSpec;
  /** The weight in `spec` is only what was found: `keepWeights` leaves it to whoever sets it meanwhile. */
  readonly keepsWeight?: true;
}

/** A destination that nobody wants any more. */
export interface RemoveDestinationStep {
  readonly kind: 'remove-destination';
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /** The destination as it was. */
  readonly spec: DestinationSpec;
  /** The step behind this one adds it again, for another place among its service's destinations. */
  readonly reason?: 'order';
}

/** One change of the table. */
export type Step =
  | AddServiceStep
  | ChangeServiceStep
  | RemoveServiceStep
  | AddDestinationStep
  | ChangeDestinationStep
  | RemoveDestinationStep;

/** What a step does. */
export type StepKind = Step['kind'];

/** Something that is no reason to stop, and that whoever applies the plan should know. */
export interface PlanWarning {
  /**
   * `lint`'s codes about what is desired (not of an apply, which has no time for that), and: `order-differs`
   * (only removing and adding again would give a hashing scheduler the desired order), `order-restored`
   * (steps do that), `forwarding-changes` (connections that exist keep the old way).
   */
  readonly code: string;
  readonly service: ServiceId;
  readonly destination?: DestinationId;
  /** One sentence, with the place. */
  readonly message: string;
}

/** How many destinations a plan is about. */
export interface PlanScope {
  /** Services in scope that are in the table. */
  readonly services: number;
  /** Their destinations. */
  readonly destinations: number;
  /** How many of those destinations the plan removes. */
  readonly removals: number;
}

/** A limit that a plan exceeds. */
export interface PlanRefusal {
  /** The option that the limit comes from; `force` lifts that of `maxRemovals`. */
  readonly limit: 'allow' | 'maxRemovals';
  /** What the plan does and what it may do, with the numbers. */
  readonly message: string;
}

/** The data of a plan: what its JSON has. */
export interface PlanData {
  /** Rises when the JSON of plans changes. */
  readonly formatVersion: typeof PLAN_FORMAT;
  /** Whom the services belong to, where `owner` was given. */
  readonly owner?: string;
  /** With `owner`: the services that it desires, which `apply()` claims for it, those without a step too. */
  readonly services?: readonly ServiceId[];
  /** What there is to do, in the order in which it is done. Empty: the table is as desired. */
  readonly steps: readonly Step[];
  /** What is no reason to stop, in the order of the desired state. */
  readonly warnings: readonly PlanWarning[];
  /** How much there is, and how much of it goes. */
  readonly scope: PlanScope;
  /** Why `apply()` would refuse this plan as a whole, if it would. */
  readonly refusals: readonly PlanRefusal[];
}

/** What is to be done to make a table what it should be. Plain data, with two ways to write it. */
export interface Plan extends PlanData {
  /**
   * For people: `+` adds, `~` changes, `-` removes, by service; then what to know about it.
   *
   * @example
   * ```ts
   * const plan = await ipvs.plan([{ ...web, destinations: [{ ...server, weight: 5 }] }]);
   * console.log(`${plan}`);
   * ```
   */
  toString(): string;
  /**
   * The steps as lines that `ipvsadm -R` and `ipvs restore` read, one for each. Lines that only the latter reads
   * end in a comment that says so.
   *
   * @example
   * ```ts
   * const plan = await ipvs.plan([{ ...web, destinations: [{ ...server, weight: 5 }] }]);
   * process.stdout.write(plan.commands().map(line => `${line}\n`).join('')); // for ipvs -R
   * ```
   */
  commands(): string[];
}

/**
 * Which services are the caller's although the desired state does not name them: what is not desired of these
 * goes.
 */
export type Owns =
  | 'everything'
  | {
      /** Addresses and prefixes of services: `10.0.0.0/8`, `fd00::/64`, `192.0.2.1`. */
      readonly addresses?: readonly string[] | undefined;
      /** The first and the last firewall mark. */
      readonly marks?: readonly [from: number, to: number] | undefined;
    }
  | ((service: ServiceId) => boolean);

/** The kinds of changes that `allow` names. */
export type Allowed = 'add' | 'change' | 'remove';

/** What is the caller's to change, and within which limits. */
export interface PlanOptions {
  /**
   * Services that are the caller's besides those that the desired state names. A desired service that is not
   * among them is an error. Default: those that the desired state names, and (with `owner`) those that it
   * named before.
   */
  readonly owns?: Owns | undefined;
  /**
   * The caller's name, under which the services that it applied are remembered: in /run/ipvs, for this
   * network namespace, as long as the kernel's table lives. What it no longer wants goes, what others made
   * stays. 1 to 64 letters, digits, dots, dashes and underscores, not a dot first.
   */
  readonly owner?: string | undefined;
  /**
   * The desired state is only a part of the caller's: what `owner` applied before and is not named stays, and
   * stays the owner's. Only the services that are named are read, if they are 1000 or fewer. Not with `owns`.
   */
  readonly partial?: boolean | undefined;
  /** The kinds of changes that may be made. A plan that has others is refused as a whole. Default: all. */
  readonly allow?: readonly Allowed[] | undefined;
  /**
   * How many destinations may be removed at most, those of removed services too; a plan that removes more is
   * refused as a whole: `refusals` of the plan tell why, and `apply()` rejects. Default: half of those in scope.
   */
  readonly maxRemovals?: number | undefined;
  /** Lifts the limit of `maxRemovals`. */
  readonly force?: boolean | undefined;
  /**
   * Leaves the weights of destinations that are there as they are: somebody else, a health checker, sets
   * them.
   */
  readonly keepWeights?: boolean | undefined;
  /**
   * 'exact' restores the order of a service's destinations by removing and adding again, one at a time:
   * hashing schedulers look at it. That cuts their connections where the setting expire_nodest_conn is 1.
   * Default 'keep': only said, as a warning.
   */
  readonly order?: 'keep' | 'exact' | undefined;
}

/** How `apply()` drains what it removes: as `drain()` does, and always to the end. */
export type ApplyDrainOptions = Omit<DrainOptions, 'signal' | 'timeout' | 'then'>;

/** What `apply()` takes besides. */
export interface ApplyOptions extends PlanOptions, CallOptions {
  /**
   * Drains what is removed, those of a service that goes too: weight 0, and removed when its connections are
   * gone. The apply is done when all drains are. A destination whose weight 0 would refuse clients (a hashing
   * scheduler without fallback) is removed at once instead. Default: everything is removed at once.
   */
  readonly drain?: ApplyDrainOptions | undefined;
}

/** What `apply()` takes besides a plan: all else was said when the plan was made. */
export interface ApplyPlanOptions extends CallOptions {
  /** Lifts the limit of `maxRemovals` that the plan was made with. */
  readonly force?: boolean | undefined;
  /** As `ApplyOptions` has it. */
  readonly drain?: ApplyDrainOptions | undefined;
}

/** What came of one step. */
export interface AppliedStep {
  /** As the plan has it. */
  readonly step: Step;
  /**
   * 'left-out': nothing was sent, or what was sent did not fit any more because another program had written
   * meanwhile, and a later round took its place. Also a removal whose drain gave up: its destination is at
   * weight 0.
   */
  readonly outcome: 'done' | 'failed' | 'left-out';
  /** Counted from 1. */
  readonly round: number;
  /** Why it failed. */
  readonly error?: Error;
  /** Why it was left out. */
  readonly reason?: string;
}

/** What came of a desired state, or of a plan. */
export interface Applied {
  /**
   * The table is as desired, as far as the kernel's answers tell: nothing failed, and nothing was left
   * undone.
   */
  readonly converged: boolean;
  /**
   * How often the table was read and planned for; more than once where another program wrote meanwhile. At
   * most 3.
   */
  readonly rounds: number;
  /**
   * Every step of every round, in order. Empty: there was nothing to do. Those of new services are put together
   * when this is first read, and not before.
   */
  readonly steps: readonly AppliedStep[];
  /** Those of the plans, of every round. */
  readonly warnings: readonly PlanWarning[];
}
