import type { Parts } from './parts.ts';
import { serviceStates } from './state.ts';
import type { DestinationStatistics, DirectorStatistics, ServiceState } from './types.ts';

/** How much a director has done, for metrics. `hasSource`: whether it is told by a source what is to be there. */
export function directorStatistics(parts: Parts, hasSource: boolean): DirectorStatistics {
  const { engine, intake, monitor, problems, heart, leaving } = parts;
  const { counts, decisions, suspicion } = engine.view();
  const { taken, refused, desiredTime, sourceTime } = intake.view();
  const { passed, failed, timedOut } = monitor.statistics;
  return {
    generation: taken,
    refused,
    desiredTime,
    storeConnected: hasSource ? !problems.list().some(({ code }) => code === 'source') : undefined,
    storeTime: sourceTime,
    applies: { converged: counts.converged, failed: counts.failed },
    applyTime: counts.applyTime,
    drift: counts.drift,
    checks: { passed, failed: failed - timedOut, timedOut },
    ...parts.counts,
    held: suspicion.held.size,
    drains: leaving.size(),
    panic: Array.from(decisions.values()).filter(({ keptIn }) => keptIn.size > 0).length,
    eventLoopDelay: Math.max(0, ...heart.lates().map(({ by }) => by)),
    destinations: destinationStatistics(serviceStates(parts)),
  };
}

/** Destinations of states, as metrics have them. */
function destinationStatistics(services: readonly ServiceState[]): readonly DestinationStatistics[] {
  return services.flatMap(({ service, destinations }) =>
    destinations.map(({ destination, health, reason }) => ({
      service,
      destination,
      up: health === 'waiting' ? undefined : health === 'up',
      draining: reason === 'leaving' || reason === 'drain',
    })),
  );
}
