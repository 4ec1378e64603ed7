import { native } from './addon/load.ts';
import type { CallSpec } from './calls/call.ts';
import { type Calls, createCalls } from './calls/calls.ts';
import * as files from './calls/files.ts';
import {
  type CallOptions,
  type ConnectionsOptions,
  type Counting,
  connectionsOptions,
  type ReadOptions,
  readOptions,
  validateOptions,
} from './calls/options.ts';
import { hasScheduler } from './calls/probe.ts';
import * as reads from './calls/reads.ts';
import { stopDaemon } from './calls/stop-daemon.ts';
import * as writes from './calls/writes.ts';
import {
  drain,
  drainAddress,
  type Undrained,
  type UndrainOptions,
  undrain,
  undrainAddress,
} from './drain/drain.ts';
import type { Drained, DrainOptions } from './drain/types.ts';
import { validateBoolean, validateInteger, validateObject } from './model/arguments.ts';
import type { Changes } from './model/complete.ts';
import type { Destination, DestinationChanges, DestinationSpec } from './model/destination.ts';
import type { DestinationId, Protocol, ServiceId } from './model/identity.ts';
import type { Daemon, DaemonRole, DaemonSpec, Info, Timeouts } from './model/kernel.ts';
import { keysOf } from './model/numbers.ts';
import type { Service, ServiceChanges, ServiceSpec, ServiceSpecLike } from './model/service.ts';
import type { Stats } from './model/stats.ts';
import type { ServiceWithDestinations, TableEntry } from './model/table.ts';
import { namespaceTarget } from './namespace.ts';
import type { IpvsOptions } from './options.ts';
import { type Connection, connectionsFile, readConnections } from './proc/connections.ts';
import { readKernelModules } from './proc/modules.ts';
import { type SchedulerModule, schedulersOf } from './proc/schedulers.ts';
import {
  formatSettings,
  parseSettings,
  SETTINGS_DIRECTORY,
  type Settings,
  settingName,
} from './proc/settings.ts';
import { parseTotals, TOTALS_FILE } from './proc/totals.ts';
import { applyDesired, plan } from './reconcile/apply.ts';
import { applyPlan } from './reconcile/saved.ts';
import type { Applied, ApplyOptions, ApplyPlanOptions, Plan, PlanData } from './reconcile/types.ts';
import type { AllColumns, KnownColumn, SampleColumn } from './statistics/sample.ts';
import { createSampler, dropSampler, type Sampler } from './statistics/sampler.ts';
import { checkSamplerOptions, type SamplerOptions } from './statistics/sampler-options.ts';
import { checkInterval, type WatchEvent, type WatchOptions, watchSampler } from './statistics/watch.ts';

const optionKeys = keysOf<IpvsOptions>({ netns: true, timeout: true, inlineWrites: true });
const watchKeys = keysOf<WatchOptions>({
  interval: true,
  signal: true,
  timeout: true,
  services: true,
  destinations: true,
  columns: true,
});
const DEFAULT_TIMEOUT = 5000;

/** Friend accessor: a client's calls, for the parts of this package that have to write or read in bulk. */
export let callsOf: (ipvs: Ipvs) => Calls;

/**
 * The IPVS of one network namespace. Making one does no I/O; the first call opens a socket and starts a
 * thread, which `close()` or the garbage collector ends. An open client keeps no process alive.
 *
 * A client that is made for a moment is to be closed (`await using`): until the garbage collector finds one
 * that was dropped, its sockets and its thread stay. The same holds for a sampler's rows, for a `watch()`
 * that is left after a `next()` by hand, and for a `connections()` that is: `for await` closes both, and
 * otherwise `return()` does.
 *
 * Calls take effect in the order they are made, awaited or not. All need CAP_NET_ADMIN in the initial user
 * namespace, reading too; only `settings()`, `totals()`, `connections()` and `schedulers()`, which read
 * files, need none. They reject with TypeError or RangeError at an invalid argument (nothing is sent then)
 * and with `IpvsError` at anything else.
 *
 * @example
 * ```ts
 * await using ipvs = new Ipvs({ timeout: 10_000 });
 * console.log((await ipvs.services()).length);
 * ```
 */
export class Ipvs implements AsyncDisposable {
  readonly #calls: Calls;
  #samplers = 0;
  /** Lets go of the rows of samplers that were forgotten without `close()`. */
  readonly #forgottenSamplers = new FinalizationRegistry<number>(number => dropSampler(this.#calls, number));

  static {
    callsOf = ipvs => ipvs.#calls;
  }

  constructor(options: IpvsOptions = {}) {
    validateObject('options', options, optionKeys);
    const timeout = validateInteger('options.timeout', options.timeout ?? DEFAULT_TIMEOUT, 1, 0x7fff_ffff);
    const inline = validateBoolean('options.inlineWrites', options.inlineWrites ?? true);
    this.#calls = createCalls(native, { namespace: namespaceTarget(options.netns), timeout, inline });
  }

  /** Makes a call that is described from the caller's arguments: what their getters throw rejects it. */
  #run<T>(describe: () => CallSpec<T>, options: CallOptions | undefined): Promise<T> {
    try {
      return this.#calls.run(describe(), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The kernel's version of IPVS, and its connection table.
   *
   * @example
   * ```ts
   * const { version, connectionTableSize } = await ipvs.info();
   * console.log(version, connectionTableSize); // 1.2.1 4096
   * ```
   */
  info(options?: CallOptions): Promise<Info> {
    return this.#calls.run(reads.info(), options);
  }

  /**
   * All services, in the kernel's order, which means nothing and changes from 7.1 on. Complete and free of
   * duplicates even while others write, or else ERR_IPVS_UNSTABLE.
   *
   * @example
   * ```ts
   * for (const { protocol, address, port, scheduler, stats } of await ipvs.services()) {
   *   console.log(protocol, address, port, scheduler, stats.rates.connections);
   * }
   * ```
   */
  services<const O extends ReadOptions = CallOptions>(options?: O): Promise<Service<Counting<O>>[]> {
    return this.#run(() => reads.services<Counting<O>>(options), options);
  }

  /**
   * One service, or undefined when it does not exist.
   *
   * @example
   * ```ts
   * const service = await ipvs.service(web, { bigint: true });
   * console.log(service?.stats.inBytes); // 0n; undefined when there is no such service
   * ```
   */
  service<const O extends ReadOptions = CallOptions>(
    id: ServiceId,
    options?: O,
  ): Promise<Service<Counting<O>> | undefined> {
    return this.#run(() => reads.service<Counting<O>>(id, options), options);
  }

  /**
   * Adds a service. A spec may be a `Service` that was read, whatever program made it; its statistics are not
   * looked at. What the kernel takes and hardly anybody wants is taken: `lint()` tells it. Rejects with
   * ERR_IPVS_SERVICE_EXISTS, ERR_IPVS_SCHEDULER_NOT_FOUND or ERR_IPVS_ENGINE_NOT_FOUND. The first use of a
   * scheduler may load its module.
   *
   * @example
   * ```ts
   * await ipvs.addService({ protocol: 'udp', address: '10.100.10.101', port: 53, onePacket: true });
   * await ipvs.addService({ fwmark: 7, family: 'ipv6', scheduler: 'sh', schedulerFlags: ['sh-port'] });
   * ```
   */
  addService<P extends Protocol | undefined = never, M extends number | undefined = never>(
    spec: ServiceSpecLike<P, M>,
    options?: CallOptions,
  ): Promise<void> {
    return this.#run(() => writes.addService(spec as ServiceSpec), options);
  }

  /**
   * Changes what `changes` names and nothing else; but a `scheduler` without `schedulerFlags` clears those.
   * `changes` may be a whole service, if its identity is that of `id`. Reads the service first, as the
   * kernel's own command replaces everything; another program's change in between is overwritten. Another
   * scheduler takes the kernel some milliseconds (synchronize_rcu). Rejects with ERR_IPVS_SERVICE_NOT_FOUND,
   * ERR_IPVS_SCHEDULER_NOT_FOUND or ERR_IPVS_ENGINE_NOT_FOUND.
   *
   * @example
   * ```ts
   * await ipvs.updateService(web, { scheduler: 'wrr', persistence: { timeout: 300 } });
   * await ipvs.updateService(web, { persistence: null }); // wrr stays
   * ```
   */
  updateService(id: ServiceId, changes: ServiceChanges, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.updateService(id, changes), options);
  }

  /**
   * Removes a service with its destinations. Established connections go on until they expire. Rejects with
   * ERR_IPVS_SERVICE_NOT_FOUND.
   *
   * @example
   * ```ts
   * await ipvs.removeService(web);
   * ```
   */
  removeService(id: ServiceId, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.removeService(id), options);
  }

  /**
   * A service's destinations, in the order they were added. Rejects with ERR_IPVS_SERVICE_NOT_FOUND or
   * ERR_IPVS_UNSTABLE.
   *
   * @example
   * ```ts
   * for (const { address, weight, activeConnections } of await ipvs.destinations(web)) {
   *   console.log(address, weight, activeConnections);
   * }
   * ```
   */
  destinations<const O extends ReadOptions = CallOptions>(
    service: ServiceId,
    options?: O,
  ): Promise<Destination<Counting<O>>[]> {
    return this.#run(() => reads.destinations<Counting<O>>(service, options), options);
  }

  /**
   * Adds a destination. A spec may be a `Destination` that was read, whatever program made it. Rejects with
   * ERR_IPVS_DESTINATION_EXISTS, ERR_IPVS_SERVICE_NOT_FOUND, ERR_IPVS_DESTINATION_REFUSED or
   * ERR_IPVS_THRESHOLDS. A destination that was removed and still has connections, or was removed less than
   * two minutes ago, comes back with its counters.
   *
   * @example
   * ```ts
   * const address = '172.16.120.12';
   * await ipvs.addDestination(web, { address, port: 8080, forwarding: 'masquerade', weight: 5 });
   * ```
   */
  addDestination(service: ServiceId, spec: DestinationSpec, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.addDestination(service, spec), options);
  }

  /**
   * Changes what `changes` names and nothing else: weight 0 takes a server out of scheduling and leaves its
   * connections. `changes` may be a whole destination, if its identity is that of `destination`. Unless
   * everything is named (forwarding and weight and both thresholds) the service's destinations are read
   * first; updates of one service in a row share that. Rejects with ERR_IPVS_SERVICE_NOT_FOUND,
   * ERR_IPVS_DESTINATION_NOT_FOUND, ERR_IPVS_DESTINATION_REFUSED or ERR_IPVS_THRESHOLDS.
   *
   * @example
   * ```ts
   * await ipvs.updateDestination(web, server, { weight: 0 }); // no new connections
   * await ipvs.updateDestination(web, server, { upperThreshold: 500, lowerThreshold: 400 });
   * ```
   */
  updateDestination(
    service: ServiceId,
    destination: DestinationId,
    changes: DestinationChanges,
    options?: CallOptions,
  ): Promise<void> {
    return this.#run(() => writes.updateDestination(service, destination, changes), options);
  }

  /**
   * Removes a destination. Its connections go on, unless the setting expire_nodest_conn says otherwise.
   * Rejects with ERR_IPVS_SERVICE_NOT_FOUND or ERR_IPVS_DESTINATION_NOT_FOUND.
   *
   * @example
   * ```ts
   * await ipvs.removeDestination(web, server);
   * ```
   */
  removeDestination(service: ServiceId, destination: DestinationId, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.removeDestination(service, destination), options);
  }

  /**
   * All services with their destinations. Each list is complete, or else ERR_IPVS_UNSTABLE; the table as a
   * whole may change while it is read.
   *
   * @example
   * ```ts
   * for (const { destinations, ...service } of await ipvs.snapshot()) {
   *   console.log(service.scheduler, destinations.map(({ address, weight }) => `${address} ${weight}`));
   * }
   * ```
   */
  snapshot<const O extends ReadOptions = CallOptions>(
    options?: O,
  ): Promise<ServiceWithDestinations<Counting<O>>[]> {
    return this.#run(() => reads.snapshot<Counting<O>>(options), options);
  }

  /**
   * Removes all services of this network namespace. Timeouts, settings and sync daemons stay.
   *
   * @example
   * ```ts
   * const before = await ipvs.snapshot();
   * await ipvs.flush();
   * await ipvs.apply(before); // as it was, with counters of 0
   * ```
   */
  flush(options?: CallOptions): Promise<void> {
    return this.#calls.run(writes.flush(), options);
  }

  /**
   * Zeroes the statistics of one service and its destinations, or of everything, the namespace's totals too.
   * What was counted in the 2 seconds before shows up after it: the kernel zeroes what its estimator has
   * seen. Rejects with ERR_IPVS_SERVICE_NOT_FOUND.
   *
   * @example
   * ```ts
   * await ipvs.zero(web); // one service
   * await ipvs.zero(); // everything
   * ```
   */
  zero(service?: ServiceId, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.zero(service), options);
  }

  /**
   * The timeouts of connections.
   *
   * @example
   * ```ts
   * const { tcp, tcpFin, udp } = await ipvs.timeouts();
   * console.log(tcp, tcpFin, udp); // 900 120 300
   * ```
   */
  timeouts(options?: CallOptions): Promise<Timeouts> {
    return this.#calls.run(reads.timeouts(), options);
  }

  /**
   * Sets the timeouts that are named and keeps the others. Rejects with ERR_IPVS_SETTING_REFUSED where one is
   * too long for the kernel.
   *
   * @example
   * ```ts
   * await ipvs.setTimeouts({ udp: 30 }); // the others stay
   * ```
   */
  setTimeouts(timeouts: Changes<Timeouts>, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.setTimeouts(timeouts), options);
  }

  /**
   * The sync daemons that run: none, a master, a backup, or both.
   *
   * @example
   * ```ts
   * for (const { role, interface: name, syncId } of await ipvs.daemons()) console.log(role, name, syncId);
   * ```
   */
  daemons(options?: CallOptions): Promise<Daemon[]> {
    return this.#calls.run(reads.daemons(), options);
  }

  /**
   * Starts a sync daemon. The kernel can't change a running one: stop it first. Rejects with
   * ERR_IPVS_DAEMON_EXISTS, ERR_IPVS_INTERFACE_NOT_FOUND or ERR_IPVS_DAEMON_REFUSED.
   *
   * @example
   * ```ts
   * await ipvs.startDaemon({ role: 'backup', interface: 'lo', syncId: 7 });
   * ```
   */
  startDaemon(daemon: DaemonSpec, options?: CallOptions): Promise<void> {
    return this.#run(() => writes.startDaemon(daemon), options);
  }

  /**
   * Stops a sync daemon. Rejects with ERR_IPVS_DAEMON_NOT_FOUND. Takes two seconds of one whose thread the kernel
   * had not begun to run yet: of that it sends no answer, and the daemons are read instead.
   *
   * @example
   * ```ts
   * for (const { role } of await ipvs.daemons()) await ipvs.stopDaemon(role);
   * ```
   */
  stopDaemon(role: DaemonRole, options?: CallOptions): Promise<void> {
    return this.#calls.together({ command: 'DEL_DAEMON' }, ({ run }) => stopDaemon(run, role, options));
  }

  /**
   * The schedulers that this kernel has, and those that it would load at their first use: told from files,
   * without loading any or asking the kernel for one. Those of other origin than the kernel's own tree are
   * among them, when their modules are named as the kernel looks for them: ip_vs_NAME.
   *
   * @example
   * ```ts
   * const names = (await ipvs.schedulers()).filter(({ state }) => state === 'present').map(({ name }) => name);
   * console.log(names); // [ 'rr', 'wlc' ]
   * ```
   */
  async schedulers(options?: CallOptions): Promise<SchedulerModule[]> {
    return schedulersOf(
      await readKernelModules(path => this.#calls.file(files.readFileIfThere(path), options)),
    );
  }

  /**
   * Whether services can use this scheduler: asks the kernel, which loads its module if need be and keeps it.
   * Nothing changes in the table. Rejects with ERR_IPVS_FAMILY_NOT_SUPPORTED where the kernel runs without
   * IPv6, for the question is about an IPv6 service that cannot be.
   *
   * @example
   * ```ts
   * const scheduler = (await ipvs.hasScheduler('mh')) ? 'mh' : 'sh';
   * await ipvs.updateService(web, { scheduler });
   * ```
   */
  hasScheduler(name: string, options?: CallOptions): Promise<boolean> {
    return this.#calls.together({ command: 'NEW_SERVICE' }, ({ run }) => hasScheduler(run, name, options));
  }

  /**
   * The namespace's settings (net.ipv4.vs.*), those that this kernel has. Needs no capability.
   *
   * @example
   * ```ts
   * const { conntrack, expireNodestConn } = await ipvs.settings();
   * console.log(conntrack, expireNodestConn); // false false
   * ```
   */
  settings(options?: CallOptions): Promise<Settings> {
    return this.#calls.file(files.readSettings(SETTINGS_DIRECTORY, parseSettings), options);
  }

  /**
   * Changes the settings that are named: all of them or, where one is missing in this kernel
   * (ERR_IPVS_SETTING_NOT_FOUND) or refused by it (ERR_IPVS_SETTING_REFUSED), none.
   *
   * @example
   * ```ts
   * await ipvs.setSettings({ conntrack: true, expireQuiescentTemplate: true });
   * ```
   */
  async setSettings(settings: Changes<Settings>, options?: CallOptions): Promise<void> {
    const content = formatSettings(settings);
    await this.#calls.file(files.writeSettings(SETTINGS_DIRECTORY, content, settingName), options);
  }

  /**
   * Statistics of the whole network namespace. Needs no capability.
   *
   * @example
   * ```ts
   * const { connections, rates } = await ipvs.totals();
   * console.log(connections, rates.inBytes);
   * ```
   */
  totals<const O extends ReadOptions = CallOptions>(options?: O): Promise<Stats<Counting<O>>> {
    const parse = (text: string) => parseTotals<Counting<O>>(text, options?.bigint === true);
    return this.#calls.file(files.readFile(TOTALS_FILE, parse, readOptions), options);
  }

  /**
   * The connection table, read as it is iterated, so that its size is no matter. Connections that come, go or
   * move in the table meanwhile may be missed or seen twice: the kernel gives no more. Leaving the loop
   * closes the file; so does the garbage collector, where the iterator is dropped after a `next()` by hand.
   * Needs no capability.
   *
   * @example
   * ```ts
   * for await (const { client, destination, state } of ipvs.connections()) {
   *   console.log(client.address, destination.address, state);
   * }
   * ```
   */
  connections(options: ConnectionsOptions = {}): AsyncGenerator<Connection, void, undefined> {
    const reading: files.Reading = {};
    const reader = this.#readConnections(options, reading);
    files.closeWhenForgotten(reader, reading);
    return reader;
  }

  async *#readConnections(
    options: ConnectionsOptions,
    reading: files.Reading,
  ): AsyncGenerator<Connection, void, undefined> {
    const origin = options?.origin === true;
    const file = connectionsFile(origin);
    const fd = await this.#calls.file(files.openFile(file, connectionsOptions), options);
    yield* readConnections(files.readOpened(fd, file, reading), origin, options.signal);
  }

  /**
   * What is to be done to make the table what it should be; changes nothing. See `PlanOptions` for what is
   * the caller's to change. Rejects with a `DesiredError` that has every mistake in `desired`, with
   * ERR_IPVS_OWNED, or with ERR_IPVS_RECORD where a record can't be read.
   *
   * @example
   * ```ts
   * const desired = [{ ...web, destinations: [{ ...server, weight: 5 }] }];
   * console.log(String(await ipvs.plan(desired))); // + ~ -, by service
   * ```
   */
  plan(desired: readonly TableEntry[], options?: ApplyOptions): Promise<Plan> {
    return plan(this.#calls, desired, options);
  }

  /**
   * Makes the table what it should be, without a client noticing: what is added comes before what is taken
   * away, and whatever can be changed in place is. Applied again, it finds nothing to do; killed and run
   * again, it converges. A step that the kernel refuses keeps back no other: the outcome tells of each. Where
   * other programs write meanwhile it plans again, at most twice.
   *
   * Rejects, with nothing done, with a `DesiredError` that has every mistake in `desired`, with
   * ERR_IPVS_LIMIT where the changes exceed what `allow` and `maxRemovals` leave, with ERR_IPVS_OWNED where
   * another owner has such a service, with ERR_IPVS_DRAIN_REFUSED where a drain could last for ever, or with
   * ERR_IPVS_RECORD where /run/ipvs can't be read or written. `timeout` is for each of its calls, one for
   * about 512 rows that are written; one that misses it, or an aborted signal, rejects amid the steps, and
   * the next apply goes on from there. `desired` must not be changed before the outcome is there.
   *
   * @example
   * ```ts
   * const desired = [{ ...web, destinations: [{ ...server, weight: 5 }] }];
   * const { converged, steps } = await ipvs.apply(desired, { owner: 'web' });
   * for (const { step, outcome, error } of steps) {
   *   if (outcome === 'failed') console.error(step.kind, error?.message);
   * }
   * if (!converged) process.exitCode = 1;
   * ```
   */
  apply(desired: readonly TableEntry[], options?: ApplyOptions): Promise<Applied>;
  /**
   * Carries out a plan of `plan()`'s, its JSON too. A step that does not fit the table any more fails with
   * ERR_IPVS_STALE, the others are done. Rejects as with a desired state, with a `DesiredError` for a plan
   * that has mistakes.
   *
   * @example
   * ```ts
   * const plan = await ipvs.plan([{ ...web, destinations: [] }], { force: true });
   * const { converged } = await ipvs.apply(JSON.parse(JSON.stringify(plan)), { force: true });
   * console.log(converged);
   * ```
   */
  apply(plan: PlanData, options?: ApplyPlanOptions): Promise<Applied>;
  apply(
    wanted: readonly TableEntry[] | PlanData,
    options?: ApplyOptions | ApplyPlanOptions,
  ): Promise<Applied> {
    return Array.isArray(wanted)
      ? applyDesired(this.#calls, wanted, options)
      : applyPlan(this.#calls, wanted, options);
  }

  /**
   * Takes a destination out of service without cutting connections: weight 0, then it waits until they are
   * gone, and removes it. Established connections go on meanwhile, new ones go elsewhere. A destination that
   * somebody gives a weight again in between is left alone.
   *
   * Rejects with ERR_IPVS_DRAIN_REFUSED, and does nothing, where that could last for ever, refuse clients or
   * leave the service without a destination: `traps` of the outcome are those that do not. Aborted by its
   * signal it leaves the destination at weight 0; called again it goes on, with the deadline it had. Rejects
   * with ERR_IPVS_SERVICE_NOT_FOUND, ERR_IPVS_DESTINATION_NOT_FOUND, or ERR_IPVS_RECORD where /run/ipvs can't
   * be read or written.
   *
   * @example
   * ```ts
   * const options = { deadline: 600_000, atDeadline: 'remove', idleFor: 0, force: true } as const;
   * const { outcome, elapsed } = await ipvs.drain(web, server, {
   *   ...options,
   *   onProgress: ({ waitingFor }) => console.log(`${waitingFor} connections`),
   * });
   * console.log(outcome, elapsed); // removed
   * ```
   */
  drain(service: ServiceId, destination: DestinationId, options?: DrainOptions): Promise<Drained> {
    return drain(this.#calls, service, destination, options);
  }

  /**
   * As `drain()`, for all destinations with an address, over all services: before a server is shut down.
   * Where one can't be drained none is (ERR_IPVS_DRAIN_REFUSED). Resolves with none where there is no such
   * destination.
   *
   * @example
   * ```ts
   * for (const { destination, outcome } of await ipvs.drainAddress('172.16.120.12', { deadline: 600_000 })) {
   *   console.log(destination.address, destination.port, outcome);
   * }
   * ```
   */
  drainAddress(address: string, options?: DrainOptions): Promise<readonly Drained[]> {
    return drainAddress(this.#calls, address, options);
  }

  /**
   * Gives a drained destination the weight it had before, also one that another process drains or has
   * drained: counters and connections live on. Rejects with ERR_IPVS_DRAIN_UNKNOWN where no weight is given
   * and nothing is recorded of a drain, or the destination takes connections; with
   * ERR_IPVS_DESTINATION_NOT_FOUND, ERR_IPVS_SERVICE_NOT_FOUND or ERR_IPVS_RECORD as `drain()`.
   *
   * @example
   * ```ts
   * await ipvs.drain(web, server, { then: 'keep', idleFor: 0, force: true });
   * const { weight } = await ipvs.undrain(web, server);
   * console.log(weight); // 1, as before
   * ```
   */
  undrain(service: ServiceId, destination: DestinationId, options?: UndrainOptions): Promise<Undrained> {
    return undrain(this.#calls, service, destination, options);
  }

  /**
   * As `undrain()`, for all destinations with an address that were drained and are still at weight 0, over
   * all services; others are left alone, and none is no error.
   *
   * @example
   * ```ts
   * await ipvs.undrainAddress('172.16.120.12'); // the server is back
   * ```
   */
  undrainAddress(address: string, options?: UndrainOptions): Promise<readonly Undrained[]> {
    return undrainAddress(this.#calls, address, options);
  }

  /**
   * Makes a sampler: for statistics that are read again and again. Its `read()` costs the JavaScript thread
   * next to nothing and gives columns in typed arrays, with what came since the read before and rates per
   * second. Several samplers may read at different paces.
   *
   * @example
   * ```ts
   * using sampler = ipvs.sampler({ columns: ['rates'] });
   * const { services } = await sampler.read();
   * for (const [row, id] of services.ids.entries()) console.log(id, services.rates.inBytes[row]);
   * ```
   */
  sampler<const C extends readonly SampleColumn[] = AllColumns>(
    options: SamplerOptions<C> = {},
  ): Sampler<KnownColumn<C>> {
    const number = ++this.#samplers;
    const sampler = createSampler(this.#calls, number, options, () => {
      this.#forgottenSamplers.unregister(sampler);
    }) as Sampler<KnownColumn<C>>;
    this.#forgottenSamplers.register(sampler, number, sampler);
    return sampler;
  }

  /**
   * Yields the table's statistics and what came or went, at a steady pace: step k is due k intervals after
   * the first. Steps that a slow consumer missed are left out. Ends, without an error, when its signal is
   * aborted. IPVS has no notifications: this polls.
   *
   * @example
   * ```ts
   * for await (const { added, removed, sample } of ipvs.watch({ interval: 1000 })) {
   *   console.log(sample.time, added.destinations.length, removed.destinations.length);
   *   break; // an aborted signal ends it as well
   * }
   * ```
   */
  watch<const C extends readonly SampleColumn[] = AllColumns>(
    options: WatchOptions<C> = {},
  ): AsyncGenerator<WatchEvent<KnownColumn<C>>, void, undefined> {
    validateObject('options', options, watchKeys);
    const { interval = 1000, signal, timeout, ...rest } = options;
    const pace = checkInterval(interval);
    validateOptions({ signal, timeout });
    checkSamplerOptions(rest);
    return watchSampler(() => this.sampler(rest), { interval: pace, signal, timeout });
  }

  /**
   * Ends the client: what was called before is finished, what is called after rejects with ERR_IPVS_CLOSED.
   * So do drains that are under way, and an `apply()` with `drain`, at their next look, and so does the next
   * step of a `watch()`: what was drained stays at weight 0. Idempotent.
   *
   * @example
   * ```ts
   * const client = new Ipvs();
   * const pending = client.services();
   * await client.close();
   * console.log(await pending); // what was called before is finished
   * ```
   */
  close(): Promise<void> {
    return this.#calls.close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
