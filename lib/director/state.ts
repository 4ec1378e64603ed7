import { copyDestinationId, copyServiceId } from '../model/identity.ts';
import type { DirectedEntry } from './desired.ts';
import type { EngineView } from './engine.ts';
import { isAbsent } from './evaluate.ts';
import { adminOf } from './members.ts';
import type { Parts } from './parts.ts';
import type { DestinationState, ServiceState } from './types.ts';
import { checkStateOf, placeKey } from './watcher.ts';

/** All services as a director sees them, in the order of the desired state; behind them those that leave. */
export function serviceStates(parts: Parts): readonly ServiceState[] {
  const { leaving } = parts;
  const view = parts.engine.view();
  const directed = Array.from(view.directed.values(), entry => serviceState(entry, view, parts));
  const orphans = leaving.services().map(
    ({ destinations, ...service }): ServiceState => ({
      service: copyServiceId(service),
      isUp: false,
      tier: 0,
      isPanicking: false,
      destinations: destinations.map(leavingState),
    }),
  );
  return [...directed, ...orphans];
}

function serviceState(
  entry: DirectedEntry,
  view: EngineView,
  { operators, watcher, leaving }: Parts,
): ServiceState {
  const decision = view.decisions.get(entry.key);
  const rows = entry.rows.map((row): DestinationState => {
    const place = placeKey(entry.key, row.key);
    const placement = decision?.placements.get(row.key) ?? { weight: 0, reason: 'unchecked' as const };
    const said = operators.of(place);
    const followed = watcher.of(place);
    const names = followed.map(checkStateOf);
    return {
      destination: row.destination,
      configured: row.configured,
      weight: placement.weight,
      reason: placement.reason,
      isPresent: !isAbsent(entry, row.configured, placement, view.settings),
      tier: row.tier,
      admin: adminOf({ row, said, followed }),
      ...(said.weight !== undefined && { override: said.weight }),
      health: view.memories.get(place)?.health ?? 'waiting',
      checks: names.length > 0 ? names : row.checks.map(({ name }) => ({ name, isHeld: false })),
    };
  });
  return {
    service: entry.service,
    isUp: decision?.isUp ?? false,
    tier: decision?.tier ?? 0,
    isPanicking: (decision?.keptIn.size ?? 0) > 0,
    destinations: [...rows, ...leaving.of(entry.key).map(leavingState)],
  };
}

function leavingState(spec: { readonly address: string; readonly port: number }): DestinationState {
  return {
    destination: copyDestinationId(spec),
    configured: 0,
    weight: 0,
    reason: 'leaving',
    isPresent: true,
    tier: 0,
    admin: 'ready',
    health: 'waiting',
    checks: [],
  };
}
