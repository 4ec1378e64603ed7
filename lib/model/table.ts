import type { Destination } from './destination.ts';
import type { Service } from './service.ts';

/** A service together with its destinations. */
export type ServiceWithDestinations<T extends number | bigint = number> = Service<T> & {
  readonly destinations: readonly Destination<T>[];
};
