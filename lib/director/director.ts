import { MAX_DELAY } from '../calls/options.ts';
import type { Ipvs } from '../client.ts';
import type { Drained, DrainOptions } from '../drain/types.ts';
import { type Clock, systemClock } from '../health/clock.ts';
import { dial as dialSocket } from '../health/dial.ts';
import { createMonitor } from '../health/monitor.ts';
import type { CheckResult, Monitor } from '../health/types.ts';
import { validateAddress } from '../model/address.ts';
import { validateChoice, validateInteger, validateObject } from '../model/arguments.ts';
import { MAX_WEIGHT } from '../model/constants.ts';
import { IpvsError } from '../model/errors.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
  serviceKey,
} from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';

import { createEngine, type Engine } from './engine.ts';
import type { DirectorEvent, Happening } from './event-types.ts';
import { createEventHub, type ReadEventsOptions } from './events.ts';
import { type Heart, startHeart } from './heart.ts';
import { createIntake, type Intake } from './intake.ts';
import { createLeaving, type Leaving } from './leaving.ts';
import { createOperators, type Operators } from './operators.ts';
import { createOperatorsRecord, type OperatorsRecord } from './operators-record.ts';
import { type DirectorSettings, readDirectorOptions } from './options.ts';
import { createPathWay } from './paths.ts';
import type { AdminState } from './policy/decide.ts';
import { createExcuses, type Excuses } from './policy/lateness.ts';
import { createProblems, type Problems } from './problems.ts';
import { destinationStatistics, serviceStates } from './state.ts';
import type {
  CloseOptions,
  DirectedService,
  DirectorOptions,
  DirectorState,
  DirectorStatistics,
  Place,
  Revision,
  ServiceState,
} from './types.ts';
import { validateAdmin } from './validation.ts';
import { createWatcher, type Watcher } from './watcher.ts';

const closeKeys = keysOf<CloseOptions>({ mode: true, deadline: true });
const eventsKeys = keysOf<ReadEventsOptions>({ signal: true, limit: true });

/** The most events that may wait for a reader. */
const MAX_EVENTS = 1_000_000;

/**
 * Directs the services of a network namespace: checks their servers, and has each take the part of connections
 * that it should. The weight in the kernel is the product of what is desired, of health, of a slow start and of
 * what operators say, and only the director writes it.
 *
 * It is told the whole of what is to be there, each time that changes, and makes the kernel's table so; it needs
 * to be told nothing of what was there before. Made again after its end, whatever that was, it goes on: what is in
 * the table keeps its weight until a check says something else.
 *
 * @example
 * ```ts
 * const director = new Director({
 *   ipvs,
 *   checks: [tcpCheck()],
 *   desired: [{ ...web, destinations: [{ ...server, weight: 5 }] }],
 * });
 * await director.start();
 * console.log(director.state().services.length); // 1
 * await director.close();
 * ```
 */
export class Director implements AsyncDisposable {
  readonly #ipvs: Ipvs;
  readonly #settings: DirectorSettings;
  readonly #options: DirectorOptions;
  readonly #clock: Clock;
  readonly #hub = createEventHub();
  readonly #monitor: Monitor;
  readonly #problems: Problems;
  readonly #operators: Operators = createOperators();
  readonly #record: OperatorsRecord;
  readonly #excuses: Excuses | undefined;
  readonly #watcher: Watcher;
  readonly #leaving: Leaving;
  readonly #engine: Engine;
  readonly #intake: Intake;
  readonly #converged = deferred();
  #heart: Heart | undefined;
  #phase: DirectorState['phase'] = 'new';
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #healthChanges = 0;
  #drained = 0;
  #lateFailures = 0;

  /** Makes a director, which does nothing before `start()`. Throws at options that are wrong. */
  constructor(options: DirectorOptions) {
    const settings = readDirectorOptions(options);
    const { ipvs, clock = systemClock, random, dial = dialSocket, concurrency } = options;
    this.#ipvs = ipvs;
    this.#settings = settings;
    this.#options = options;
    this.#clock = clock;
    this.#excuses = settings.suspicion && createExcuses(settings.suspicion.hold);
    const emit = (event: Happening) => this.#emit(event);
    this.#problems = createProblems(() => clock.now(), emit);
    this.#record = createOperatorsRecord(ipvs, settings.owner, this.#operators, this.#problems);
    const pathWay = createPathWay(dial);
    this.#monitor = createMonitor({
      clock,
      accept: result => this.#counts(result),
      ...(random !== undefined && { random }),
      dial: pathWay.dial,
      ...(concurrency !== undefined && { concurrency }),
    });
    this.#watcher = createWatcher(
      this.#monitor,
      settings.suspicion,
      ({ key, service, destination, check, health }, before) => {
        if (health.state !== before) {
          this.#healthChanges++;
          emit({ type: 'health', service, destination, check: check.name, health });
        }
        this.#engine.request(key);
      },
    );
    this.#leaving = createLeaving(
      ipvs,
      settings.drain,
      clock,
      drained => this.#hasLeft(drained),
      key => this.#engine.request(key),
      error => {
        if (error === undefined) this.#problems.end('drain');
        else this.#problems.begin('drain', error.message);
      },
    );
    const { owner, defaults, initial, drift, driftInterval } = settings;
    const shared = { ipvs, owner, clock, emit, leaving: this.#leaving, problems: this.#problems };
    this.#engine = createEngine({
      ...shared,
      operators: this.#operators,
      watcher: this.#watcher,
      pathWay,
      initial,
      drift,
      driftInterval,
      onConverged: () => this.#hasConverged(),
    });
    this.#intake = createIntake({
      ...shared,
      engine: this.#engine,
      defaults,
      maxRemovals: options.maxRemovals,
    });
    // Whoever does not ask for it needs not hear that it never came.
    this.#converged.promise.catch(() => {});
  }

  /**
   * Begins: what operators had said is read, the desired state taken, checks are begun. Resolves when the kernel's
   * table is as it is to be for the first time, as `ready` does; rejects with why the desired state of the option
   * `desired` was refused, or with ERR_IPVS_RECORD where what operators had said can't be read.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * console.log((await ipvs.destinations(web)).length); // 1
   * await director.close({ mode: 'remove' });
   * ```
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#phase !== 'new') throw closedError();
    this.#phase = 'starting';
    await this.#record.load();
    if (this.#closing !== undefined) throw closedError();
    this.#heart = startHeart(this.#clock);
    const { desired, source } = this.#options;
    if (source !== undefined) this.#intake.follow(source);
    if (desired !== undefined) await this.#intake.take({ desired });
    await this.#converged.promise;
  }

  /**
   * Resolves when the kernel's table is as it is to be for the first time. Rejects with ERR_IPVS_CLOSED where the
   * director is closed before.
   */
  get ready(): Promise<void> {
    return this.#converged.promise;
  }

  /**
   * Directs another desired state: all of it. Resolves when it, or one that came later, is in force; the table
   * follows. Rejects with a `DesiredError` that has every mistake, with ERR_IPVS_LIMIT where it removes more than
   * it may, or with ERR_IPVS_OWNED; the state before then stays in force.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * await director.update([{ ...web, destinations: [{ ...server, weight: 3 }] }], { revision: 'two' });
   * console.log(director.state().revision); // two
   * await director.close();
   * ```
   */
  async update(desired: readonly DirectedService[], options: Omit<Revision, 'desired'> = {}): Promise<void> {
    this.#mustRun();
    await this.#intake.take({ ...options, desired });
  }

  /**
   * Says what an operator wants of a destination: 'ready', 'drain' (weight 0, checked all the same) or
   * 'maintenance' (weight 0, not checked). It holds against the desired state, and over restarts, until undefined
   * takes it back. Resolves when it is recorded; the table follows.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * await director.admin(web, server, 'maintenance');
   * await director.admin(web, server, undefined); // as the desired state says
   * await director.close();
   * ```
   */
  async admin(service: ServiceId, destination: DestinationId, state: AdminState | undefined): Promise<void> {
    if (state !== undefined) validateAdmin('state', state);
    await this.#say([placeOf(service, destination)], { admin: state });
  }

  /**
   * As `admin()`, for all destinations with an address, over all services. Returns those it found.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * console.log((await director.adminAddress(server.address, 'drain')).length); // 1
   * await director.close();
   * ```
   */
  async adminAddress(address: string, state: AdminState | undefined): Promise<readonly Place[]> {
    if (state !== undefined) validateAdmin('state', state);
    const wanted = validateAddress('address', address);
    const places = Array.from(this.#engine.view().directed.values()).flatMap(({ service, rows }) =>
      rows
        .filter(({ key }) => key === destinationKey({ address: wanted, port: portOf(key) }))
        .map(({ destination }) => ({ service, destination })),
    );
    await this.#say(places, { admin: state });
    return places;
  }

  /**
   * Gives a destination a weight in place of the desired state's, 0 to 2147483647, until undefined takes it back.
   * Health and the other layers hold all the same.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * await director.setWeight(web, server, 10);
   * await director.close();
   * ```
   */
  async setWeight(service: ServiceId, destination: DestinationId, weight: number | undefined): Promise<void> {
    if (weight !== undefined) validateInteger('weight', weight, 0, MAX_WEIGHT);
    await this.#say([placeOf(service, destination)], { weight });
  }

  /**
   * Says 'drain' of a destination, as `admin()`, and waits until its connections are gone. It stays at weight 0,
   * whatever the outcome. Rejects with ERR_IPVS_DRAIN_REFUSED, and does nothing, where weight 0 refuses clients.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * const { outcome } = await director.drain(web, server, { idleFor: 0, deadline: 60_000 });
   * console.log(outcome); // kept
   * await director.close();
   * ```
   */
  async drain(
    service: ServiceId,
    destination: DestinationId,
    options: Omit<DrainOptions, 'then' | 'force' | 'atDeadline'> = {},
  ): Promise<Drained> {
    const entry = this.#engine.view().directed.get(serviceKey(service));
    if (entry?.refusesClients === true) {
      const message = `scheduler '${entry.spec.scheduler}' of service ${entry.key} refuses new clients whose hash finds a destination at weight 0: admin() takes it out at once`;
      throw new IpvsError('ERR_IPVS_DRAIN_REFUSED', message, { command: 'DRAIN', service, destination });
    }
    await this.admin(service, destination, 'drain');
    // The kernel's weight is 0 before anything is waited for: `drain()` sets it where the table is behind.
    return this.#ipvs.drain(service, destination, {
      ...options,
      // biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
      then: 'keep',
      force: true,
    });
  }

  async #say(
    places: readonly Place[],
    said: { readonly admin?: AdminState | undefined; readonly weight?: number | undefined },
  ): Promise<void> {
    this.#mustRun();
    for (const place of places) {
      const { admin = 'ready', weight } = this.#operators.say(place, said);
      this.#emit({ type: 'admin', ...place, admin, weight });
    }
    this.#engine.refollow();
    await this.#record.save();
  }

  /**
   * All of it at one moment: each service and destination, its weight and the reason for that, its health, and
   * what stands in the director's way. Plain data.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * for (const { destinations } of director.state().services) {
   *   for (const { destination, weight, reason } of destinations) console.log(destination.address, weight, reason);
   * }
   * await director.close();
   * ```
   */
  state(): DirectorState {
    const view = this.#engine.view();
    return {
      time: this.#clock.now(),
      phase: this.#phase,
      revision: this.#intake.view().revision,
      isConverged: view.isConverged,
      isSuspicious: view.suspicion.held.size > 0,
      services: this.#services(),
      problems: this.#problems.list(),
      statistics: this.statistics,
    };
  }

  #services(): readonly ServiceState[] {
    return serviceStates({
      view: this.#engine.view(),
      operators: this.#operators,
      watcher: this.#watcher,
      leaving: this.#leaving,
    });
  }

  /** How much it has done, for metrics. */
  get statistics(): DirectorStatistics {
    const { counts, decisions, suspicion } = this.#engine.view();
    const { taken, refused, desiredTime, sourceTime } = this.#intake.view();
    const { passed, failed, timedOut } = this.#monitor.statistics;
    const hasSource = this.#options.source !== undefined;
    return {
      generation: taken,
      refused,
      desiredTime,
      storeConnected: hasSource ? !this.#problems.list().some(({ code }) => code === 'source') : undefined,
      storeTime: sourceTime,
      applies: { converged: counts.converged, failed: counts.failed },
      applyTime: counts.applyTime,
      drift: counts.drift,
      checks: { passed, failed: failed - timedOut, timedOut },
      healthChanges: this.#healthChanges,
      held: suspicion.held.size,
      lateFailures: this.#lateFailures,
      drains: this.#leaving.size(),
      drained: this.#drained,
      panic: Array.from(decisions.values()).filter(({ keptIn }) => keptIn.size > 0).length,
      eventLoopDelay: Math.max(0, ...(this.#heart?.lates() ?? []).map(({ by }) => by)),
      destinations: destinationStatistics(this.#services()),
    };
  }

  /**
   * What happens from now on, until the signal is aborted or the director closed. A reader that is too slow misses
   * the oldest events, and is told how many (`left-out`).
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * const events = director.events();
   * await director.start();
   * for await (const event of events) {
   *   if (event.type === 'desired') break; // the desired state was taken
   * }
   * await director.close();
   * ```
   */
  events(options: ReadEventsOptions = {}): AsyncGenerator<DirectorEvent, void, undefined> {
    validateObject('options', options, eventsKeys);
    if (options.limit !== undefined) validateInteger('options.limit', options.limit, 1, MAX_EVENTS);
    return this.#hub.read(options);
  }

  /**
   * Ends the director: no checks, no writes any more. What is in the table stays there, unless `mode` says
   * otherwise; a director that is started later goes on with it. The client stays open.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * await director.close({ mode: 'drain', deadline: 0 });
   * console.log(await ipvs.services()); // []
   * ```
   */
  close(options: CloseOptions = {}): Promise<void> {
    validateObject('options', options, closeKeys);
    const { mode = 'leave', deadline } = options;
    validateChoice('options.mode', mode, { leave: 0, drain: 1, remove: 2 });
    if (deadline !== undefined) validateInteger('options.deadline', deadline, 0, MAX_DELAY);
    this.#closing ??= this.#close(mode, deadline);
    return this.#closing;
  }

  async #close(mode: 'leave' | 'drain' | 'remove', deadline: number | undefined): Promise<void> {
    const wasStarted = this.#phase !== 'new';
    this.#phase = 'closing';
    this.#converged.reject(closedError());
    this.#heart?.stop();
    await this.#intake.stop();
    await this.#engine.stop();
    await this.#leaving.stop();
    this.#watcher.stop();
    await this.#monitor.close();
    await this.#record.settled();
    try {
      if (wasStarted && mode !== 'leave') await this.#clear(mode, deadline);
    } finally {
      this.#phase = 'closed';
      this.#hub.end();
    }
  }

  /** Removes all that is this director's own. */
  async #clear(mode: 'drain' | 'remove', deadline: number | undefined): Promise<void> {
    const { owner, drain: usual } = this.#settings;
    const begun = this.#clock.now();
    const drain =
      mode === 'drain'
        ? {
            ...usual,
            deadline: deadline ?? usual?.deadline ?? 0,
            atDeadline: 'remove' as const,
          }
        : undefined;
    const { steps, converged } = await this.#ipvs.apply([], { owner, force: true, drain });
    this.#emit({ type: 'applied', steps, isConverged: converged, duration: this.#clock.now() - begun });
  }

  /** As `close()`, for `await using`: the table stays as it is. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether a check's result counts: not a failure that the director may be to blame for. */
  #counts({ passed, target, timedOut = false, time, ms }: CheckResult): boolean {
    // The monitor has one target object for each check that it makes.
    if (passed) this.#excuses?.passed(target);
    else if (this.#excuses?.isVoid({ of: target, timedOut, time, ms }, this.#heart?.lates() ?? []) === true) {
      this.#lateFailures++;
      return false;
    }
    return true;
  }

  #hasConverged(): void {
    if (this.#phase === 'starting') this.#phase = 'running';
    this.#converged.resolve();
  }

  #hasLeft({ service, destination, outcome, ...counts }: Drained): void {
    this.#drained++;
    const { activeConnections, inactiveConnections, persistentConnections } = counts;
    this.#emit({
      type: 'drained',
      service,
      destination,
      isIdle: outcome !== 'gave-up',
      connections: activeConnections + inactiveConnections + persistentConnections,
    });
  }

  #mustRun(): void {
    if (this.#phase === 'new') throw new IpvsError('ERR_IPVS_CLOSED', 'the director was not started yet');
    if (this.#closing !== undefined) throw closedError();
  }

  #emit(event: Happening): void {
    this.#hub.emit({ time: this.#clock.now(), ...event } as DirectorEvent);
  }
}

/** A promise with what settles it. */
function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}

function closedError(): IpvsError {
  return new IpvsError('ERR_IPVS_CLOSED', 'the director is closed');
}

/** A place whose service and destination are what they must be; throws at anything else. */
function placeOf(service: ServiceId, destination: DestinationId): Place {
  const place = { service: copyServiceId(service), destination: copyDestinationId(destination) };
  serviceKey(place.service);
  destinationKey(place.destination);
  return place;
}

function portOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1));
}
