import type { AddressServiceId, FwmarkServiceId } from './identity.ts';
import type { Scheduler, SchedulerSpec } from './scheduler.ts';
import type { Stats } from './stats.ts';

/** The scheduler of a service that names none, as ipvsadm's. */
export const DEFAULT_SCHEDULER = 'wlc';

/** The seconds a persistent service remembers its clients where it names no timeout, as ipvsadm's code (its manual says 300). */
export const DEFAULT_PERSISTENCE = 360;

/** Sends all connections of one client to the same destination. */
export interface Persistence {
  /** Seconds a client is remembered after its last connection, 1 to 2678400 (31 days). Default 360, as ipvsadm's. */
  readonly timeout?: number | undefined;
  /**
   * Which clients count as one: a prefix length (IPv4 0 to 32, IPv6 1 to 128), or for IPv4 a netmask of contiguous bits. Default:
   * each address for itself. Reads back as a prefix length.
   */
  readonly granularity?: number | string | undefined;
  /**
   * A persistence engine that looks into packets; the kernel has 'sip', for UDP services: datagrams of one Call-ID go to one server. It compares
   * the client's address under `granularity` as well (ip_vs_pe_sip.c): a call that several addresses speak of needs granularity 0. And it is asked
   * about new connections only: without `onePacket` a socket's later calls go where its first went.
   */
  readonly engine?: 'sip' | (string & {}) | undefined;
}

/** One-packet scheduling: every datagram is balanced for itself. For UDP, and marks. */
type WithOnePacket =
  | ((AddressServiceId & { readonly protocol: 'udp' }) & { readonly onePacket?: boolean | undefined })
  | ((AddressServiceId & { readonly protocol: 'tcp' | 'sctp' }) & { readonly onePacket?: false | undefined })
  | (FwmarkServiceId & { readonly onePacket?: boolean | undefined });

/** A service to be added. */
export type ServiceSpec = WithOnePacket & SchedulerSpec & { readonly persistence?: Persistence | undefined };

/** A service as the kernel has it; `addService` takes it as it is. */
export type Service<T extends number | bigint = number> = WithOnePacket & {
  readonly onePacket: boolean;
} & Scheduler & {
    /** Absent: not persistent. */
    readonly persistence?: Persistence & { readonly timeout: number; readonly granularity: number | string };
    readonly stats: Stats<T>;
  };

/** What an update replaces; what it does not name stays as it is. */
export type ServiceChanges = {
  /**
   * Persistence, merged with what the service has: naming only `timeout` keeps granularity and engine. null ends it, and so does
   * `engine: null` for the engine alone.
   */
  readonly persistence?:
    | (Omit<Persistence, 'engine'> & { readonly engine?: string | null | undefined })
    | null
    | undefined;
  readonly onePacket?: boolean | undefined;
} & SchedulerSpec;
