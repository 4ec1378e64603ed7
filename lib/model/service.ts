import type { AddressServiceId, FwmarkServiceId, ServiceId } from './identity.ts';
import { serviceIdKeys } from './identity.ts';
import { keysOf } from './numbers.ts';
import type { SchedulerFlag, SchedulerName } from './scheduler.ts';
import type { Stats } from './stats.ts';

/** The scheduler of a service that names none, as ipvsadm's. */
export const DEFAULT_SCHEDULER = 'wlc';

/**
 * The seconds that a persistent service remembers its clients when it names no timeout: ipvsadm's code has
 * 360, its manual 300.
 */
export const DEFAULT_PERSISTENCE = 360;

/** Sends all connections of one client to the same destination. */
export interface Persistence {
  /**
   * Seconds that a client is remembered after its last connection, 0 to 42949672. Default 360, as ipvsadm's.
   * The kernel counts in ticks of 32 bits: above 4294967 some kernels (HZ=1000), above 17179869 most (HZ=250)
   * remember less.
   */
  readonly timeout?: number | undefined;
  /**
   * Which clients count as one: a prefix length (IPv4 0 to 32, IPv6 1 to 128), or an IPv4 netmask. Default:
   * each address for itself. Reads back as a prefix length, or as a netmask where its bits are not
   * contiguous.
   */
  readonly granularity?: number | string | undefined;
  /**
   * A persistence engine that looks into packets; the kernel has 'sip', for UDP services: datagrams of one
   * Call-ID go to one server. It compares the client's address under `granularity` as well (ip_vs_pe_sip.c):
   * a call that several addresses speak of needs granularity 0. And it is asked about new connections only:
   * without `onePacket` a socket's later calls go where its first went.
   */
  readonly engine?: 'sip' | (string & {}) | undefined;
}

/** How a service is balanced: all of it but its identity. */
export interface ServiceConfig {
  /** How connections are spread. Default `wlc`, as ipvsadm's. */
  readonly scheduler?: SchedulerName | undefined;
  /** Default none. */
  readonly schedulerFlags?: readonly SchedulerFlag[] | undefined;
  /**
   * One-packet scheduling: every datagram is balanced for itself. Has an effect on UDP only. Default false.
   */
  readonly onePacket?: boolean | undefined;
  /** Default: not persistent. */
  readonly persistence?: Persistence | undefined;
  /**
   * What a service that is not persistent keeps of a persistence: other programs leave such values, and the
   * kernel keeps them without a use. Timeout 0 by default. Not beside `persistence`. `{}` keeps nothing, and a
   * service that keeps nothing is read without this field.
   */
  readonly dormantPersistence?: Persistence | undefined;
}

/** A service to be added. */
export type ServiceSpec = (AddressServiceId | FwmarkServiceId) & ServiceConfig;

/** What was found out of a type, `never` being nothing. */
type Found<T> = [T] extends [never] ? unknown : T;

/**
 * What `addService` takes: a `ServiceSpec`, or one whose type has lost which fields of an identity go
 * together. TypeScript makes all of them optional in `Omit<ServiceSpec, 'persistence'>` and its like: only
 * such a type has a protocol, `P`, and a mark, `M`. Where one of them was not found the strict type holds, so
 * that a destination is not taken for a service.
 */
export type ServiceSpecLike<P, M> = { readonly protocol?: Found<P>; readonly fwmark?: Found<M> } & ([
  P,
] extends [never]
  ? ServiceSpec
  : [M] extends [never]
    ? ServiceSpec
    : { readonly [K in keyof ServiceSpec]?: ServiceSpec[K] | undefined });

/** A persistence as the kernel has it. */
type KnownPersistence = Persistence & {
  readonly timeout: number;
  readonly granularity: number | string;
};

/** A service as the kernel has it; `addService` takes it as it is. */
export type Service<T extends number | bigint = number> = ServiceId & {
  /** 'none' where there is none. */
  readonly scheduler: SchedulerName;
  /** Empty: none. */
  readonly schedulerFlags: readonly SchedulerFlag[];
  /** True of any protocol that it was set for; has an effect on UDP only. */
  readonly onePacket: boolean;
  /** Absent: not persistent. */
  readonly persistence?: KnownPersistence;
  /** Absent: nothing is left of a persistence. */
  readonly dormantPersistence?: KnownPersistence;
  /** As of at most 2 seconds ago. */
  readonly stats: Stats<T>;
};

/**
 * What an update replaces; what it does not name stays as it is. A whole `Service` or `ServiceSpec` is taken
 * as well: its identity must be that of the service, its statistics are not looked at. Scheduler and flags go
 * together: a `scheduler` without `schedulerFlags` clears them, whichever it is, and flags with a scheduler's
 * name (`sh-port`) want that `scheduler` beside them.
 */
export interface ServiceChanges extends Omit<ServiceConfig, 'persistence'> {
  /**
   * Persistence, merged with what the service has: naming only `timeout` keeps granularity and engine. null
   * ends it, and so does `engine: null` for the engine alone.
   */
  readonly persistence?:
    | (Omit<Persistence, 'engine'> & { readonly engine?: Persistence['engine'] | null })
    | null
    | undefined;
}

export const persistenceKeys = keysOf<Persistence>({ timeout: true, granularity: true, engine: true });

/**
 * What a service to be added may have: an observed service is a spec too, whose other fields are not looked
 * at.
 */
export const serviceKeys = new Set([
  ...serviceIdKeys,
  ...keysOf<ServiceConfig>({
    scheduler: true,
    schedulerFlags: true,
    onePacket: true,
    persistence: true,
    dormantPersistence: true,
  }),
  'stats',
  'destinations',
]);
