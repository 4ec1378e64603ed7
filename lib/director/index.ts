/**
 * A director: checks the servers of services, and has each take the connections that it should. For programs that
 * run for long; `ipvs director` is one.
 *
 * @module ipvs/director
 */

export type { Clock } from '../health/clock.ts';
export type { CheckPolicy, Dial, NamedCheck, TargetHealth } from '../health/types.ts';
export { Director } from './director.ts';
export type {
  AdminEvent,
  AppliedEvent,
  DesiredEvent,
  DirectorEvent,
  DrainedEvent,
  DriftEvent,
  HealthEvent,
  LeftOutEvent,
  PanicEvent,
  ProblemEvent,
  RefusedEvent,
  ServiceEvent,
  SuspicionEvent,
  WeightEvent,
} from './event-types.ts';
export type { ReadEventsOptions } from './events.ts';
export type { AdminState, WeightReason } from './policy/decide.ts';
export type {
  CheckAt,
  Checking,
  CheckState,
  CloseOptions,
  DestinationState,
  DestinationStatistics,
  DirectedDestination,
  DirectedService,
  DirectorDrain,
  DirectorOptions,
  DirectorState,
  DirectorStatistics,
  Place,
  Problem,
  Revision,
  ServicePolicy,
  ServiceState,
  Source,
  SuspicionOptions,
} from './types.ts';
