/**
 * Linux Virtual Server for Node.js: the kernel's layer-4 load balancer over netlink, without running a
 * program.
 *
 * @module ipvs
 */

export type { CallOptions, ConnectionsOptions, ReadOptions } from './calls/options.ts';
export { Ipvs } from './client.ts';
export type { Undrained, UndrainOptions } from './drain/drain.ts';
export type { DrainCounts, Drained, DrainOptions, DrainProgress, DrainTrap } from './drain/types.ts';
export type { AddressFamily } from './model/address.ts';
export type { InvalidArgumentError } from './model/arguments.ts';
export { isCheckPath } from './model/check-path.ts';
export type { Changes } from './model/complete.ts';
export type {
  Destination,
  DestinationChanges,
  DestinationConfig,
  DestinationSpec,
  Forwarding,
  Tunnel,
} from './model/destination.ts';
export { IpvsError, type IpvsErrorCode, type IpvsErrorDetails } from './model/errors.ts';
export {
  type AddressServiceId,
  type DestinationId,
  destinationKey,
  type FwmarkServiceId,
  type Protocol,
  type ServiceId,
  serviceKey,
} from './model/identity.ts';
export type { Daemon, DaemonRole, DaemonSpec, Info, Timeouts } from './model/kernel.ts';
export { lint } from './model/lint/lint.ts';
export type { LintCode, LintWarning } from './model/lint/warning.ts';
export type { KnownScheduler, SchedulerFlag, SchedulerName } from './model/scheduler.ts';
export type { Persistence, Service, ServiceChanges, ServiceConfig, ServiceSpec } from './model/service.ts';
export type { Counters, Stats } from './model/stats.ts';
export type { ServiceWithDestinations, TableEntry } from './model/table.ts';
export type { NetworkNamespace } from './namespace.ts';
export type { IpvsOptions } from './options.ts';
export type { Connection, Endpoint } from './proc/connections.ts';
export type { SchedulerModule } from './proc/schedulers.ts';
export type { Settings } from './proc/settings.ts';
export type { DesiredError, DesiredProblem } from './reconcile/problems.ts';
export type {
  AddDestinationStep,
  AddServiceStep,
  Allowed,
  Applied,
  AppliedStep,
  ApplyDrainOptions,
  ApplyOptions,
  ApplyPlanOptions,
  Change,
  ChangeDestinationStep,
  ChangeServiceStep,
  DestinationFields,
  FieldChanges,
  Owns,
  PersistenceFields,
  Plan,
  PlanData,
  PlanOptions,
  PlanRefusal,
  PlanScope,
  PlanWarning,
  RemoveDestinationStep,
  RemoveServiceStep,
  ServiceFields,
  Step,
  StepKind,
} from './reconcile/types.ts';
export {
  type FormatOptions,
  formatRules,
  type ListOptions,
  type NameFormatter,
  type NameResolver,
  type ParseOptions,
  parseCommands,
  parseRules,
  type RuleCommand,
  type RuleLine,
  type RuleProblem,
  type RulesError,
  resolveNames,
  type ServiceRules,
} from './rules/index.ts';
export type {
  CounterColumns,
  DestinationSample,
  Sample,
  SampleColumn,
  SampleColumns,
  ServiceSample,
} from './statistics/sample.ts';
export type { Sampler } from './statistics/sampler.ts';
export type { SamplerOptions } from './statistics/sampler-options.ts';
export type { DestinationOfService, TopologyChange, WatchEvent, WatchOptions } from './statistics/watch.ts';
