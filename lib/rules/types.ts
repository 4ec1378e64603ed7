import type { DestinationSpec } from '../model/destination.ts';
import type { DestinationId, Protocol, ServiceId } from '../model/identity.ts';
import type { DaemonRole, DaemonSpec, Timeouts } from '../model/kernel.ts';
import type { ServiceSpec } from '../model/service.ts';

/**
 * Where names come from. Without, hosts and ports must be numbers.
 *
 * @example
 * ```ts
 * const names = { host: () => '10.0.0.1', port: () => 80 };
 * console.log(parseRules('-A -t web:http -s rr', { names })); // 10.0.0.1, port 80
 * ```
 */
export interface NameResolver {
  /** The IPv4 address of a host; undefined when there is none. */
  host(name: string): string | undefined;
  /** The port of a service; undefined when there is none. */
  port(name: string, protocol: Protocol): number | undefined;
}

/** How a list is to be shown. */
export interface ListOptions {
  /** Addresses and ports as numbers, not names. */
  readonly numeric: boolean;
  /**
   * What is shown of a service and its destinations; ipvsadm takes the first of these when there are several.
   */
  readonly columns: 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info' | 'usual';
  /** Whole numbers, not thousands or millions. */
  readonly exact: boolean;
  /** Sorted as ipvsadm sorts, not in the kernel's order. */
  readonly sort: boolean;
}

/** A service with its destinations, as rules say it and `addService` and `addDestination` take it. */
export type ServiceRules = ServiceSpec & {
  /** In the order of the rules. */
  readonly destinations: DestinationSpec[];
};

/** A line of rules: what it says, and where it stands. */
export interface RuleLine {
  /** Counted from 1. */
  readonly line: number;
  /** What it says. */
  readonly command: RuleCommand;
}

/** One line of rules as plain data. */
export type RuleCommand =
  | { readonly command: 'add-service' | 'edit-service'; readonly service: ServiceSpec }
  | { readonly command: 'delete-service'; readonly service: ServiceId }
  | {
      readonly command: 'add-server' | 'edit-server';
      readonly service: ServiceId;
      readonly destination: DestinationSpec;
    }
  | {
      readonly command: 'delete-server';
      readonly service: ServiceId;
      readonly destination: DestinationId;
    }
  | { readonly command: 'clear' | 'help' | 'version' }
  | { readonly command: 'zero'; readonly service?: ServiceId }
  | { readonly command: 'set'; readonly timeouts: Partial<Timeouts> }
  | { readonly command: 'start-daemon'; readonly daemon: DaemonSpec }
  | { readonly command: 'stop-daemon'; readonly role: DaemonRole }
  | {
      readonly command: 'list';
      readonly what: 'services';
      readonly service?: ServiceId;
      readonly show: ListOptions;
    }
  | {
      readonly command: 'list';
      readonly what: 'connections';
      readonly numeric: boolean;
      readonly engine: boolean;
    }
  | { readonly command: 'list'; readonly what: 'timeouts' | 'daemons' }
  | { readonly command: 'save'; readonly numeric: boolean }
  | { readonly command: 'restore'; readonly check: boolean };
