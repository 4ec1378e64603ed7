/**
 * Values of the kernel's interface, with their names there. Source: include/uapi/linux/ip_vs.h unless said otherwise; a unit test compares them
 * with that header.
 */

/** AF_INET and AF_INET6. */
export const Family = { ipv4: 2, ipv6: 10 } as const;

/** IPPROTO_*. */
export const ProtocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;

/** IP_VS_SVC_F_*; the scheduler's own three bits are SCHED1 to SCHED3. */
export const ServiceFlag = {
  persistent: 0x1,
  onePacket: 0x4,
  sched1: 0x8,
  sched2: 0x10,
  sched3: 0x20,
  allScheduler: 0x8 | 0x10 | 0x20,
} as const;

/** IP_VS_CONN_F_*: the forwarding methods. */
export const ForwardingNumber = { masquerade: 0, local: 1, tunnel: 2, direct: 3, bypass: 4 } as const;

/** IP_VS_CONN_F_TUNNEL_TYPE_*. */
export const TunnelNumber = { ipip: 0, gue: 1, gre: 2 } as const;

/** IP_VS_TUNNEL_ENCAP_FLAG_*. */
export const ChecksumNumber = { none: 0, csum: 1, remcsum: 2 } as const;

/** IP_VS_STATE_*. */
export const DaemonRoleNumber = { master: 1, backup: 2 } as const;

/** The longest persistence and connection timeout that ipvsadm and keepalived accept, 31 days; the kernel's counter wraps later. */
export const MAX_TIMEOUT = 31 * 86_400;

/** The largest weight: the kernel takes more, but its schedulers multiply weights in 32 bits. ipvsadm's limit too. */
export const MAX_WEIGHT = 65_535;

/** The largest connection threshold: INT_MAX, which kernels from 6.1 on enforce and 5.10 does not. */
export const MAX_THRESHOLD = 0x7fff_ffff;

/** Scheduler, engine and interface names: 16 bytes with the closing NUL (IP_VS_SCHEDNAME_MAXLEN, IFNAMSIZ). */
export const MAX_NAME = 15;
