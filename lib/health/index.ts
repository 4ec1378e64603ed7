/**
 * Health checks, for IPVS and for anything else: of themselves they need neither a kernel with IPVS nor the
 * addon.
 *
 * @module ipvs/health
 */

export type { InvalidArgumentError } from '../model/arguments.ts';
export type { NetworkNamespace } from '../namespace.ts';
export type { Clock } from './clock.ts';
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
