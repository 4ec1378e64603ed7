/**
 * Values of the kernel's interface, with their names there. Source: include/uapi/linux/ip_vs.h unless said
 * otherwise; a unit test compares them with that header.
 */

/** AF_INET and AF_INET6. */
export const Family = { ipv4: 2, ipv6: 10 } as const;

/** IPPROTO_*. */
export const ProtocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;

/** IP_VS_SVC_F_*, but IP_VS_SVC_F_HASHED, 0x2, which is the kernel's own and never crosses the codec. */
export const ServiceFlag = {
  persistent: 0x1,
  onePacket: 0x4,
  sched1: 0x8,
  sched2: 0x10,
  sched3: 0x20,
} as const;

/**
 * The bits of a service's flags that no field of its own stands for: SCHED1 to SCHED3, and those that have no
 * name.
 */
export const SCHEDULER_FLAGS = 0xffff_fff8;

/** The bits of a service's flags that the kernel keeps and gives no meaning. */
export const UNNAMED_FLAGS = 0xffff_ffc0;

/** IP_VS_CONN_F_*: the forwarding methods. */
export const ForwardingNumber = { masquerade: 0, local: 1, tunnel: 2, direct: 3, bypass: 4 } as const;

/** IP_VS_CONN_F_TUNNEL_TYPE_*. */
export const TunnelNumber = { ipip: 0, gue: 1, gre: 2 } as const;

/** IP_VS_TUNNEL_ENCAP_FLAG_*. */
export const ChecksumNumber = { none: 0, csum: 1, remcsum: 2 } as const;

/** IP_VS_STATE_*. */
export const DaemonRoleNumber = { master: 1, backup: 2 } as const;

/** The largest protocol number: the kernel takes any of 16 bits from netlink, though it balances three. */
export const MAX_PROTOCOL = 0xffff;

/** The largest forwarding method: the kernel masks it with IP_VS_CONN_F_FWD_MASK. */
export const MAX_FORWARDING = 7;

/** The largest tunnel type. */
export const MAX_TUNNEL_TYPE = 0xff;

/** The longest timeout of a connection that ipvsadm and keepalived accept, 31 days. */
export const MAX_TIMEOUT = 31 * 86_400;

/**
 * The longest timeout of a connection: INT_MAX ticks at HZ=100. The kernel refuses what its own HZ makes more
 * of (EINVAL).
 */
export const MAX_CONNECTION_TIMEOUT = 21_474_836;

/**
 * The longest persistence timeout: the kernel counts it in ticks of 32 bits, and this is what one with HZ=100
 * can hold. With HZ=250 it wraps above 17179869 seconds, with HZ=1000 above 4294967.
 */
export const MAX_PERSISTENCE = 42_949_672;

/** The largest weight, INT_MAX: the kernel refuses negative ones. */
export const MAX_WEIGHT = 0x7fff_ffff;

/**
 * The largest connection threshold. Kernels from 6.1 on refuse what is above INT_MAX (EINVAL); 5.10 takes it.
 */
export const MAX_THRESHOLD = 0xffff_ffff;

/**
 * Scheduler, engine and interface names: 16 bytes with the closing NUL (IP_VS_SCHEDNAME_MAXLEN, IFNAMSIZ).
 */
export const MAX_NAME = 15;

/** Whether the kernel can hold a name and a line of rules can say it: ASCII without spaces. */
export function isName(name: string): boolean {
  return name.length <= MAX_NAME && /^[!-~]+$/.test(name);
}
