/**
 * Linux Virtual Server for Node.js: the kernel's layer-4 load balancer over netlink, without running a program.
 *
 * @packageDocumentation
 */
export type { AddressFamily } from './address.ts';
export type { CallOptions } from './call-options.ts';
export { Ipvs } from './client.ts';
export type { Connection, Endpoint } from './connections.ts';
export type { Daemon, DaemonRole, DaemonSpec } from './daemon.ts';
export {
  type Destination,
  type DestinationChanges,
  type DestinationId,
  type DestinationSpec,
  destinationKey,
  type Forwarding,
  type Tunnel,
} from './destination.ts';
export { IpvsError, type IpvsErrorCode, type IpvsErrorDetails } from './errors.ts';
export type { Changes } from './given.ts';
export type { Info } from './info.ts';
export type { MisuseError } from './misuse.ts';
export type { NetworkNamespace } from './namespace.ts';
export type { ConnectionsOptions, IpvsOptions, ReadOptions } from './options.ts';
export {
  type FormatOptions,
  formatRules,
  type ListOptions,
  type Names,
  type Naming,
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
  Sampler,
  SamplerOptions,
  ServiceSample,
} from './sampler.ts';
export type { GenericFlag, KnownScheduler, Scheduler, SchedulerSpec } from './scheduler.ts';
export {
  type AddressServiceId,
  type FwmarkServiceId,
  type Persistence,
  type Protocol,
  type Service,
  type ServiceChanges,
  type ServiceId,
  type ServiceSpec,
  serviceKey,
} from './service.ts';
export type { Settings } from './settings.ts';
export type { Counters, Stats } from './stats.ts';
export type { ServiceWithDestinations } from './table.ts';
export type { Timeouts } from './timeouts.ts';
export type { DestinationOfService, TopologyChange, WatchEvent, WatchOptions } from './watch.ts';
