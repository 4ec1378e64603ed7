import type { Complete } from './complete.ts';
import type { DestinationId } from './identity.ts';
import type { Stats } from './stats.ts';

/**
 * How packets reach the real server: 'masquerade' (VS/NAT) rewrites addresses both ways; 'direct' (VS/DR) and 'tunnel' (VS/TUN) leave
 * them alone, and replies bypass the director; 'local' is the director itself; 'bypass' sends on to the original address.
 */
export type Forwarding = 'masquerade' | 'direct' | 'tunnel' | 'local' | 'bypass';

/** The encapsulation of a tunnel. Since Linux 5.2 (gue, gre), checksums since 5.3. */
export type Tunnel =
  | { readonly type: 'ipip' }
  | {
      readonly type: 'gue';
      /** The UDP port the real server decapsulates at, 1 to 65535. */
      readonly port: number;
      /** UDP checksum ('csum'), remote checksum offload ('remcsum'), or, by default, neither. */
      readonly checksum?: 'none' | 'csum' | 'remcsum' | undefined;
    }
  | { readonly type: 'gre'; readonly checksum?: 'none' | 'csum' | undefined };

/** Forwarding with what belongs to it: a tunnel's options only where there is a tunnel. */
type WithForwarding =
  | { readonly forwarding: 'tunnel' /** Default ipip. */; readonly tunnel?: Tunnel | undefined }
  | {
      /** Default 'direct', as ipvsadm's. */
      readonly forwarding?: Exclude<Forwarding, 'tunnel'> | undefined;
      readonly tunnel?: undefined;
    };

interface Limits {
  /** The server's share among its peers, 0 to 65535; 0 takes it out of scheduling and leaves its connections alone. Default 1. */
  readonly weight?: number | undefined;
  /** At so many connections the server gets no new ones; 0, the default: no limit. Up to 2147483647. */
  readonly upperThreshold?: number | undefined;
  /** Below so many it gets new ones again; 0, the default: three quarters of the upper threshold. */
  readonly lowerThreshold?: number | undefined;
}

/** A destination to be added. */
export type DestinationSpec = DestinationId & Limits & WithForwarding;

/** What an update replaces; what it does not name stays as it is. A tunnel's options are replaced together. */
export type DestinationChanges = Limits & WithForwarding;

/** A destination as the kernel has it; `addDestination` takes it as it is. */
export type Destination<T extends number | bigint = number> = DestinationId &
  Complete<Limits> &
  (
    | { readonly forwarding: 'tunnel'; readonly tunnel: Tunnel }
    | { readonly forwarding: Exclude<Forwarding, 'tunnel'>; readonly tunnel?: undefined }
  ) & {
    /** Established connections, as of now. */
    readonly activeConnections: number;
    /** Other connections (closing, or UDP's), as of now. */
    readonly inactiveConnections: number;
    /** Clients bound to this server by persistence, as of now. */
    readonly persistentConnections: number;
    readonly stats: Stats<T>;
  };
