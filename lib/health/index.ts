/**
 * Health checks, for IPVS and for anything else: of themselves they need neither a kernel with IPVS nor the
 * addon.
 *
 * @module ipvs/health
 */

export type { InvalidArgumentError } from '../model/arguments.ts';
export type { NetworkNamespace } from '../namespace.ts';
export { type AgentCheckOptions, agentCheck } from './checks/agent.ts';
export { customCheck } from './checks/custom.ts';
export { type DnsCheckOptions, type DnsType, dnsCheck } from './checks/dns.ts';
export { type ExecCheckOptions, execCheck } from './checks/exec.ts';
export { type FileCheckOptions, fileCheck } from './checks/file.ts';
export { type HttpCheckOptions, type HttpsCheckOptions, httpCheck, httpsCheck } from './checks/http.ts';
export type { Pattern } from './checks/pattern.ts';
export { type TcpCheckOptions, tcpCheck } from './checks/tcp.ts';
export { type TlsCheckOptions, type TlsOptions, tlsCheck } from './checks/tls.ts';
export { type UdpCheckOptions, udpCheck } from './checks/udp.ts';
export type { Clock } from './clock.ts';
export { dial } from './dial.ts';
export { createMonitor } from './monitor.ts';
export type {
  Check,
  CheckAnswer,
  CheckContext,
  CheckDial,
  CheckPolicy,
  CheckResult,
  CheckTarget,
  Dial,
  DialOptions,
  Following,
  HealthState,
  Monitor,
  MonitorOptions,
  MonitorStatistics,
  NamedCheck,
  TargetHealth,
} from './types.ts';
