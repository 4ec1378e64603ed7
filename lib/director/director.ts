import { MAX_DELAY } from '../calls/options.ts';
import type { Drained, DrainOptions } from '../drain/types.ts';
import { validateChoice, validateInteger, validateObject, wrongType } from '../model/arguments.ts';
import { IpvsError } from '../model/errors.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';
import type { DirectorEvent } from './event-types.ts';
import type { ReadEventsOptions } from './events.ts';
import { type DirectorSettings, readDirectorOptions } from './options.ts';
import { createOrders, type Orders } from './orders.ts';
import { createParts, type Parts } from './parts.ts';
import type { AdminState } from './policy/decide.ts';
import { serviceStates } from './state.ts';
import { directorStatistics } from './statistics.ts';
import type {
  CloseOptions,
  DirectedService,
  DirectorOptions,
  DirectorState,
  DirectorStatistics,
  Place,
  Revision,
} from './types.ts';

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
 * the table keeps its weight until a check says something else. It keeps the process running until it is closed.
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
  readonly #options: DirectorOptions;
  readonly #settings: DirectorSettings;
  readonly #parts: Parts;
  readonly #orders: Orders;
  readonly #converged = deferred();
  #phase: DirectorState['phase'] = 'new';
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Makes a director, which does nothing before `start()`. Throws at options that are wrong. */
  constructor(options: DirectorOptions) {
    this.#options = options;
    this.#settings = readDirectorOptions(options);
    this.#parts = createParts(options, this.#settings, () => this.#hasConverged());
    this.#orders = createOrders(this.#parts, () => this.#mustRun());
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
    const { record, heart, intake } = this.#parts;
    await record.load();
    if (this.#closing !== undefined) throw closedError();
    heart.start();
    const { desired, source } = this.#options;
    if (source !== undefined) intake.follow(source);
    if (desired !== undefined) await intake.take({ desired });
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
   * it may, or with ERR_IPVS_OWNED: the state before then stays in force. Before `start()` and after `close()` this
   * and what operators say reject with ERR_IPVS_CLOSED.
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
    await this.#parts.intake.take({ ...options, desired });
  }

  /**
   * Says what an operator wants of a destination: 'ready', 'drain' (weight 0, checked all the same) or
   * 'maintenance' (weight 0, not checked). It holds against the desired state, and over restarts, until undefined
   * takes it back; of a destination that is not desired now it is noted, for when it is. Resolves when it is
   * recorded; the table follows. Rejects with ERR_IPVS_RECORD where it could not be recorded: it holds until this
   * director ends.
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
    await this.#orders.admin(service, destination, state);
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
    return this.#orders.adminAddress(address, state);
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
    await this.#orders.setWeight(service, destination, weight);
  }

  /**
   * Says 'drain' of a destination, as `admin()`, and waits until its connections are gone. It stays at weight 0,
   * whatever the outcome. Rejects with ERR_IPVS_DRAIN_REFUSED, and does nothing, where weight 0 refuses clients; with
   * ERR_IPVS_SERVICE_NOT_FOUND or ERR_IPVS_DESTINATION_NOT_FOUND where the table lacks it, as it does what fails its
   * checks and was removed: 'drain' is said all the same.
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
    return this.#orders.drain(service, destination, options);
  }

  /**
   * As `drain()`, for all destinations with an address, over all services: before a server is shut down. Where one
   * can't be drained none is. Resolves with none where there is no such destination.
   *
   * @example
   * ```ts
   * const director = new Director({ ipvs, desired: [{ ...web, destinations: [server] }] });
   * await director.start();
   * console.log((await director.drainAddress(server.address, { idleFor: 0, deadline: 60_000 })).length); // 1
   * await director.close();
   * ```
   */
  async drainAddress(
    address: string,
    options: Omit<DrainOptions, 'then' | 'force' | 'atDeadline'> = {},
  ): Promise<readonly Drained[]> {
    return this.#orders.drainAddress(address, options);
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
    const { clock, engine, intake, problems } = this.#parts;
    const { isConverged, suspicion } = engine.view();
    return {
      time: clock.now(),
      phase: this.#phase,
      revision: intake.view().revision,
      isConverged,
      isSuspicious: suspicion.held.size > 0,
      services: serviceStates(this.#parts),
      problems: problems.list(),
      statistics: this.statistics,
    };
  }

  /** How much it has done, for metrics. */
  get statistics(): DirectorStatistics {
    return directorStatistics(this.#parts, this.#options.source !== undefined);
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
    const { limit, signal } = options;
    if (limit !== undefined) validateInteger('options.limit', limit, 1, MAX_EVENTS);
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw wrongType('options.signal', 'an AbortSignal', signal);
    }
    return this.#parts.hub.read(options);
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
    const { heart, intake, engine, leaving, watcher, monitor, record, hub } = this.#parts;
    heart.stop();
    await intake.stop();
    await engine.stop();
    await leaving.stop();
    watcher.stop();
    await monitor.close();
    await record.settled();
    try {
      if (wasStarted && mode !== 'leave') await this.#clear(mode, deadline);
    } finally {
      this.#phase = 'closed';
      hub.end();
    }
  }

  /** Removes all that is this director's own. */
  async #clear(mode: 'drain' | 'remove', deadline: number | undefined): Promise<void> {
    const { owner, drain: usual } = this.#settings;
    const { ipvs, clock, emit } = this.#parts;
    const begun = clock.now();
    const drain =
      mode === 'drain'
        ? {
            ...usual,
            deadline: deadline ?? usual?.deadline ?? 0,
            atDeadline: 'remove' as const,
          }
        : undefined;
    const { steps, converged } = await ipvs.apply([], { owner, force: true, drain });
    emit({ type: 'applied', steps, isConverged: converged, duration: clock.now() - begun });
  }

  /** As `close()`, for `await using`: the table stays as it is. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hasConverged(): void {
    if (this.#phase === 'starting') this.#phase = 'running';
    this.#converged.resolve();
  }

  #mustRun(): void {
    if (this.#phase === 'new') throw new IpvsError('ERR_IPVS_CLOSED', 'the director was not started yet');
    if (this.#closing !== undefined) throw closedError();
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
