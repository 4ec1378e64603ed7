import type { Complete } from './complete.ts';
import { type DestinationId, destinationIdKeys } from './identity.ts';
import { keysOf } from './numbers.ts';
import type { Stats } from './stats.ts';

/** The forwarding of a destination that names none, as ipvsadm's. */
export const DEFAULT_FORWARDING = 'direct';

/** The weight of a destination that names none, as ipvsadm's. */
export const DEFAULT_WEIGHT = 1;

/**
 * How packets reach the real server: 'masquerade' (VS/NAT) rewrites addresses both ways; 'direct' (VS/DR) and
 * 'tunnel' (VS/TUN) leave them alone, and replies bypass the director; 'local' is the director itself;
 * 'bypass' sends on to the original address. The kernel takes 5 to 7 as well, which balance nothing; such a
 * row has the digit, `'5'`, and every method takes it.
 */
export type Forwarding = 'masquerade' | 'direct' | 'tunnel' | 'local' | 'bypass';

/**
 * The encapsulation of a tunnel. The kernel keeps fields that a type has no use for; of types and checksums
 * that it does not know, a row has the number: digits for the type (`'3'`), hexadecimal for the checksum's
 * bits (`'0x3'`).
 */
export interface Tunnel {
  /** IP in IP; UDP (gue, since Linux 5.2); GRE (since 5.3). */
  readonly type: 'ipip' | 'gue' | 'gre';
  /**
   * The UDP port that the real server decapsulates at, 0 to 65535. 'gue' needs one, no other type has a use
   * for it.
   */
  readonly port?: number | undefined;
  /**
   * UDP or GRE checksum ('csum'), remote checksum offload of 'gue' ('remcsum'), or, by default, neither.
   * Since 5.3.
   */
  readonly checksum?: 'none' | 'csum' | 'remcsum' | undefined;
}

/** How a destination is used: all of it but its identity. */
export interface DestinationConfig {
  /** Default 'direct', as ipvsadm's. */
  readonly forwarding?: Forwarding | undefined;
  /** Default ipip. Means something under forwarding 'tunnel' only; the kernel keeps it under any. */
  readonly tunnel?: Tunnel | undefined;
  /**
   * The server's share among its peers, 0 to 2147483647; 0 takes it out of scheduling and leaves its
   * connections alone. Default 1. Not every scheduler can use large ones: see `lint()`.
   */
  readonly weight?: number | undefined;
  /**
   * From this many connections on the server gets no new ones; 0, the default: no limit. Up to 4294967295;
   * kernels from 6.1 on refuse what is above 2147483647.
   */
  readonly upperThreshold?: number | undefined;
  /**
   * Below this many connections it gets new ones again; 0, the default: three quarters of the upper
   * threshold. Not above the upper threshold.
   */
  readonly lowerThreshold?: number | undefined;
}

/** A destination to be added. */
export interface DestinationSpec extends DestinationId, DestinationConfig {}

/**
 * What an update replaces; what it does not name stays as it is. Forwarding and tunnel go together: a
 * `forwarding` without a `tunnel` resets it. A whole `Destination` or `DestinationSpec` is taken as well: its
 * identity must be that of the destination, its statistics are not looked at.
 */
export type DestinationChanges = DestinationConfig;

/** A destination as the kernel has it; `addDestination` takes it as it is. */
export type Destination<T extends number | bigint = number> = DestinationId &
  Complete<Omit<DestinationConfig, 'forwarding' | 'tunnel'>> &
  (
    | { readonly forwarding: 'tunnel'; readonly tunnel: Tunnel }
    | {
        readonly forwarding: Exclude<Forwarding, 'tunnel'>;
        /** What the kernel keeps of a tunnel although the destination is none. Usually absent. */
        readonly tunnel?: Tunnel;
      }
  ) & {
    /** Established connections, as of now. */
    readonly activeConnections: number;
    /** Other connections (closing, or UDP's), as of now. */
    readonly inactiveConnections: number;
    /** Clients bound to this server by persistence, as of now. */
    readonly persistentConnections: number;
    /** As of at most 2 seconds ago. */
    readonly stats: Stats<T>;
  };

export const tunnelKeys = keysOf<Tunnel>({ type: true, port: true, checksum: true });

/**
 * What a destination to be added may have: an observed one is a spec too, whose other fields are not looked
 * at.
 */
export const destinationKeys = new Set([
  ...destinationIdKeys,
  ...keysOf<DestinationConfig>({
    forwarding: true,
    tunnel: true,
    weight: true,
    upperThreshold: true,
    lowerThreshold: true,
  }),
  'activeConnections',
  'inactiveConnections',
  'persistentConnections',
  'stats',
]);
