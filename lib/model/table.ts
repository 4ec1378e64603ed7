import type { Destination, DestinationSpec } from './destination.ts';
import type { Service, ServiceSpec } from './service.ts';

/** A service together with its destinations. */
export type ServiceWithDestinations<T extends number | bigint = number> = Service<T> & {
  /** In the order they were added. */
  readonly destinations: Destination<T>[];
};

/**
 * A service to be added with its destinations: what `snapshot()` and `parseRules()` return, and a program
 * puts together.
 */
export type TableEntry = ServiceSpec & {
  /** In the order in which they are added, which hashing schedulers look at. */
  readonly destinations: readonly DestinationSpec[];
};
