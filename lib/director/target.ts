import type { NamedCheck } from '../health/types.ts';
import { validateAddress } from '../model/address.ts';
import {
  contradiction,
  validateBoolean,
  validateInteger,
  validateObject,
  wrongValue,
} from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { pathKey } from './paths.ts';
import type { CheckAt, DirectedDestination, DirectedService, ServicePolicy } from './types.ts';

/** Where the checks of a destination go. */
export interface ResolvedTarget {
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  /** The key of the path that they go through; absent: straight. */
  readonly path?: string;
}

const targetKeys = keysOf<CheckAt>({ address: true, port: true, source: true, through: true });

/** Throws at a target whose fields are wrong by themselves. */
export function validateCheckAt(field: string, target: CheckAt): void {
  validateObject(field, target, targetKeys);
  if (target.address !== undefined) validateAddress(`${field}.address`, target.address);
  if (target.port !== undefined) validateInteger(`${field}.port`, target.port, 1, 65_535);
  if (target.source !== undefined) validateAddress(`${field}.source`, target.source);
  if (target.through !== undefined) validateBoolean(`${field}.through`, target.through);
}

/** Throws where a destination has checks and nobody knows where they go. */
export function validateTarget(
  row: DirectedDestination,
  service: DirectedService,
  defaults: ServicePolicy,
): void {
  const checks = row.checks ?? service.checks ?? defaults.checks ?? [];
  if (checks.length === 0) return;
  const { through = false, address, port, source } = placeOf(row, service, defaults);
  if (through && (row.forwarding === 'local' || row.forwarding === 'bypass')) {
    throw contradiction(
      `destination.target.through: packets by forwarding '${row.forwarding}' reach no other machine`,
    );
  }
  if (address === undefined) {
    throw wrongValue('destination.target.address', 'be given: a service by mark has no address', address);
  }
  const isSaid = [row, service, defaults].some(({ target }) => target?.port !== undefined);
  if (!port && !isSaid && needPort(checks)) {
    const rule = `be given: the port ${port ?? 0} of the ${through ? 'service' : 'destination'} is none to check`;
    throw wrongValue('destination.target.port', rule, port ?? 0);
  }
  if (typeof source === 'string' && source.includes(':') !== address.includes(':')) {
    throw wrongValue('destination.target.source', `be of the family of ${address}`, source);
  }
}

/** Whether one of the checks needs a port. They may be anything. */
function needPort(checks: unknown): boolean {
  return !Array.isArray(checks) || checks.some(check => (check as NamedCheck | null)?.needsPort !== false);
}

/** Where checks go, by what a destination says, or its service, or the director. */
function placeOf(row: DirectedDestination, service: DirectedService, defaults: ServicePolicy): CheckAt {
  const said = { ...defaults.target, ...service.target, ...row.target };
  const { address, port } = said.through === true ? service : row;
  return { ...said, address: said.address ?? address, port: said.port ?? port };
}

/** Where the checks of a destination go, whose target is valid. */
export function targetOf(
  row: DirectedDestination,
  service: DirectedService,
  defaults: ServicePolicy,
): ResolvedTarget {
  const { address = '', port = 0, source, through = false } = placeOf(row, service, defaults);
  return {
    address,
    port,
    ...(source !== undefined && { source }),
    ...(through && { path: pathKey(address, row) }),
  };
}
