import type { Ipvs } from '../client.ts';
import type { Drained } from '../drain/types.ts';
import { type Clock, systemClock } from '../health/clock.ts';
import { dial as dialSocket } from '../health/dial.ts';
import { createMonitor } from '../health/monitor.ts';
import type { CheckResult, Monitor } from '../health/types.ts';
import { createEngine, type Engine } from './engine.ts';
import type { DirectorEvent, Happening } from './event-types.ts';
import { createEventHub, type EventHub } from './events.ts';
import { createHeart, type Heart } from './heart.ts';
import { createIntake, type Intake } from './intake.ts';
import { createLeaving, type Leaving } from './leaving.ts';
import { createOperators, type Operators } from './operators.ts';
import { createOperatorsRecord, type OperatorsRecord } from './operators-record.ts';
import type { DirectorSettings } from './options.ts';
import { createPathWay } from './paths.ts';
import { createExcuses } from './policy/lateness.ts';
import { createProblems, type Problems } from './problems.ts';
import type { DirectorOptions } from './types.ts';
import { createWatcher, type Watcher } from './watcher.ts';

/** What a director is made of. */
export interface Parts {
  readonly ipvs: Ipvs;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly heart: Heart;
  readonly monitor: Monitor;
  readonly problems: Problems;
  readonly operators: Operators;
  readonly record: OperatorsRecord;
  readonly watcher: Watcher;
  readonly leaving: Leaving;
  readonly engine: Engine;
  readonly intake: Intake;
  readonly counts: Counts;
  readonly emit: (event: Happening) => void;
}

/** How often things have happened that no part counts by itself. */
export interface Counts {
  healthChanges: number;
  drained: number;
  lateFailures: number;
}

/** Makes the parts of a director and ties them together. None of them does anything yet. */
export function createParts(
  options: DirectorOptions,
  settings: DirectorSettings,
  onConverged: () => void,
): Parts {
  const { ipvs, clock = systemClock, random, dial = dialSocket, concurrency, maxRemovals } = options;
  const { owner, defaults, initial, drift, driftInterval } = settings;
  const counts: Counts = { healthChanges: 0, drained: 0, lateFailures: 0 };
  const hub = createEventHub();
  const emit = (event: Happening) => hub.emit({ time: clock.now(), ...event } as DirectorEvent);
  const problems = createProblems(() => clock.now(), emit);
  const operators = createOperators();
  const record = createOperatorsRecord(ipvs, owner, operators, problems);
  const heart = createHeart(clock);
  const pathWay = createPathWay(dial);
  const monitor = createMonitor({
    clock,
    accept: judgeOf(settings, heart, counts),
    ...(random !== undefined && { random }),
    dial: pathWay.dial,
    ...(concurrency !== undefined && { concurrency }),
  });
  const watcher = createWatcher(
    monitor,
    settings.suspicion,
    ({ key, service, destination, check, health }, before) => {
      if (health.state !== before) {
        counts.healthChanges++;
        emit({ type: 'health', service, destination, check: check.name, health });
      }
      engine.request(key);
    },
  );
  const leaving = createLeaving(
    ipvs,
    settings.drain,
    clock,
    drained => {
      counts.drained++;
      emit(drainedEvent(drained));
    },
    key => engine.request(key),
    error => {
      if (error === undefined) problems.end('drain');
      else problems.begin('drain', error.message);
    },
  );
  const shared = { ipvs, owner, clock, emit, leaving, problems };
  const engine = createEngine({
    ...shared,
    operators,
    watcher,
    pathWay,
    initial,
    drift,
    driftInterval,
    onConverged,
  });
  const intake = createIntake({ ...shared, engine, defaults, maxRemovals });
  return {
    ipvs,
    clock,
    hub,
    heart,
    monitor,
    problems,
    operators,
    record,
    watcher,
    leaving,
    engine,
    intake,
    counts,
    emit,
  };
}

/** What tells whether a check's result counts: not a failure that the director may be to blame for. */
function judgeOf({ suspicion }: DirectorSettings, heart: Heart, counts: Counts) {
  const excuses = suspicion && createExcuses(suspicion.hold);
  return ({ passed, target, timedOut = false, time, ms }: CheckResult): boolean => {
    // The monitor has one target object for each check that it makes.
    if (passed) excuses?.passed(target);
    else if (excuses?.isVoid({ of: target, timedOut, time, ms }, heart.lates()) === true) {
      counts.lateFailures++;
      return false;
    }
    return true;
  };
}

function drainedEvent({ service, destination, outcome, ...left }: Drained): Happening {
  const { activeConnections, inactiveConnections, persistentConnections } = left;
  return {
    type: 'drained',
    service,
    destination,
    isIdle: outcome !== 'gave-up',
    connections: activeConnections + inactiveConnections + persistentConnections,
  };
}
