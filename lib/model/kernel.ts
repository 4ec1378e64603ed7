import type { Complete } from './complete.ts';

/** The kernel's IPVS. */
export interface Info {
  /** '1.2.1' in every kernel since 2008: no guide to what it can do. */
  readonly version: string;
  /**
   * Buckets of the connection table. From 7.1 on the namespace's own: 0 before its first service, then
   * growing and shrinking.
   */
  readonly connectionTableSize: number;
}

/**
 * After how many seconds without a packet the kernel forgets a connection: from 1 on. The most depends on the
 * kernel: 2147483 with HZ=1000, 8589934 with HZ=250, 21474836 with HZ=100.
 */
export interface Timeouts {
  /** An established TCP connection; the kernel's default is 900. */
  readonly tcp: number;
  /** A TCP connection after a FIN; 120. */
  readonly tcpFin: number;
  /** A UDP conversation; 300. */
  readonly udp: number;
}

/** A master sends its connections to backups by multicast. A director can be both. */
export type DaemonRole = 'master' | 'backup';

/** A sync daemon to be started. */
export interface DaemonSpec {
  /** One of each may run in a network namespace. */
  readonly role: DaemonRole;
  /** The network interface to multicast on, in the client's namespace. */
  readonly interface: string;
  /**
   * 0 to 4294967295, default 0. A backup takes only messages of its own id; 0 takes all. Messages have room for
   * 0 to 255: of a master's number above it they have the lowest 8 bits, and a backup with such a one takes none.
   */
  readonly syncId?: number | undefined;
  /** The longest message in bytes, 1 to 65507. Default: what fits the interface's MTU. */
  readonly maxLength?: number | undefined;
  /** The multicast group, IPv4 or IPv6. Default 224.0.0.81. */
  readonly group?: string | undefined;
  /** The UDP port, 1 to 65535; thread i uses port + i (setting sync_ports). Default 8848. */
  readonly port?: number | undefined;
  /** 1 to 255, default 1: the local network. */
  readonly ttl?: number | undefined;
}

/** A running sync daemon, with the values that the kernel took: it adjusts `maxLength` to the interface. */
export type Daemon = Complete<DaemonSpec>;
