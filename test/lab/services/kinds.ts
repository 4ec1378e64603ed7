import { firewallMark } from './firewall-mark.ts';
import type { ServiceKind } from './kind.ts';
import { persistence, persistenceByNetwork } from './persistence.ts';
import { sctp } from './sctp.ts';
import { sip } from './sip.ts';
import { tcp, tcpOverIpv6 } from './tcp.ts';
import { thresholds } from './thresholds.ts';
import { onePacket, udp } from './udp.ts';
import { weightZero } from './weight-zero.ts';

/** Every kind of service, in the order of showing. */
export const kinds: readonly ServiceKind[] = [
  tcp,
  tcpOverIpv6,
  sctp,
  udp,
  onePacket,
  persistence,
  persistenceByNetwork,
  firewallMark,
  sip,
  weightZero,
  thresholds,
];
