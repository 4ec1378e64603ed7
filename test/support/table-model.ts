import {
  type DestinationSpec,
  destinationKey,
  type ServiceSpec,
  type Step,
  serviceKey,
  type TableEntry,
} from '../../lib/index.ts';

/** Why the kernel refuses a change. */
export type Refusal = 'EEXIST' | 'ENOENT' | 'ESRCH';

interface Entry {
  service: ServiceSpec;
  readonly destinations: Map<string, DestinationSpec>;
}

/**
 * A model of the kernel's table (net/netfilter/ipvs/ip_vs_ctl.c). SET replaces everything, a destination that
 * is added comes behind all others, and changes of an absent row or additions of a present one are refused.
 */
export class TableModel {
  readonly #entries = new Map<string, Entry>();

  constructor(table: readonly TableEntry[] = []) {
    for (const service of table) this.#put(service);
  }

  #put({ destinations, ...service }: TableEntry): void {
    const rows = destinations.map(row => [destinationKey(row), row] as const);
    this.#entries.set(serviceKey(service), { service, destinations: new Map(rows) });
  }

  /** The table, each service with its destinations in the order they were added. */
  snapshot(): TableEntry[] {
    return [...this.#entries.values()].map(({ service, destinations }) => ({
      ...service,
      destinations: [...destinations.values()],
    }));
  }

  /** Carries a step out, ignoring the values that the step expects to find. */
  apply(step: Step): Refusal | undefined {
    const key = serviceKey(step.service);
    const entry = this.#entries.get(key);
    if (step.kind === 'add-service') {
      if (entry !== undefined) return 'EEXIST';
      this.#put({ ...step.spec, destinations: [] });
      return undefined;
    }
    if (entry === undefined) return 'ESRCH';
    switch (step.kind) {
      case 'change-service':
        entry.service = step.spec;
        return undefined;
      case 'remove-service':
        this.#entries.delete(key);
        return undefined;
      default:
        return this.#applyToDestination(entry.destinations, step);
    }
  }

  #applyToDestination(
    destinations: Entry['destinations'],
    step: Extract<Step, { readonly destination: unknown }>,
  ): Refusal | undefined {
    const key = destinationKey(step.destination);
    const present = destinations.get(key);
    if (step.kind === 'add-destination') {
      if (present !== undefined) return 'EEXIST';
      destinations.set(key, step.spec);
      return undefined;
    }
    if (present === undefined) return 'ENOENT';
    if (step.kind === 'remove-destination') destinations.delete(key);
    else destinations.set(key, step.spec);
    return undefined;
  }

  /** Whether a service has a destination that takes connections. */
  hasTaker(key: string): boolean {
    const rows = this.#entries.get(key)?.destinations.values() ?? [];
    return [...rows].some(({ weight = 1 }) => weight > 0);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }
}
