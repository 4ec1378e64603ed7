import type { CallOptions, Ipvs, ServiceId, TableEntry } from '../../../lib/index.ts';
import {
  destinationRow,
  destinationState,
  forgetService,
  type Rows,
  rowsOf,
  serviceRow,
  serviceState,
} from './rows.ts';
import { type Actor, abortable, answer, below, chance, oneOf, open, type Stage } from './stage.ts';

const SERVICES = 6;
const DESTINATIONS = 10;
const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'sh'] as const;

const serviceOf = (writer: number, i: number) =>
  ({ protocol: i % 2 === 0 ? 'tcp' : 'udp', address: `10.${100 + writer}.0.1`, port: 1000 + i }) as const;
const destinationOf = (writer: number, i: number) => ({ address: `10.200.${writer}.${i + 1}`, port: 80 });

/** Adds, changes and removes rows of its own, one at a time, many at once, wrongly, and given up halfway. */
export function writer(stage: Stage, number: number): Actor {
  const rows: Rows = new Map();
  const ipvs = open(stage, { inlineWrites: number % 2 === 0 });

  /** A write that gives a row another state, undefined if it is gone. */
  const write = async (
    row: string,
    state: string | undefined,
    call: (options?: CallOptions) => Promise<void>,
    aborted = false,
  ): Promise<void> => {
    const codes = aborted ? ['ERR_IPVS_ABORTED'] : [];
    const outcome = await answer(stage, `write of ${row}`, aborted ? abortable(call) : call(), codes);
    if ('error' in outcome) {
      if (outcome.error.sent !== true) return;
      // Its outcome is unknown: either state is right, and which one it is the table tells.
      const seen = await rowNow(ipvs, row);
      if (seen !== state && seen !== rows.get(row)) {
        stage.defects.push(
          `${row}, of a write that was given up, is ${seen}: neither ${rows.get(row)} nor ${state}`,
        );
      }
      set(seen);
    } else set(state);
    function set(now: string | undefined): void {
      if (now === undefined) rows.delete(row);
      else rows.set(row, now);
    }
  };

  const changeService = async (id: ServiceId, aborted: boolean): Promise<void> => {
    const row = serviceRow(id);
    const scheduler = oneOf(schedulers);
    const timeout = below(3) * 60;
    const persistence = timeout === 0 ? null : { timeout };
    const state = serviceState(scheduler, timeout);
    if (!rows.has(row)) {
      const spec = { ...id, scheduler, ...(persistence === null ? {} : { persistence }) };
      await write(row, state, options => ipvs.addService(spec, options), aborted);
    } else if (chance(0.2)) {
      await answer(stage, `zero of ${row}`, ipvs.zero(id));
    } else if (chance(0.3)) {
      await answer(stage, `removal of ${row}`, ipvs.removeService(id));
      forgetService(rows, id);
    } else {
      await write(
        row,
        state,
        options => ipvs.updateService(id, { scheduler, persistence }, options),
        aborted,
      );
    }
  };

  const changeDestination = async (id: ServiceId, i: number, aborted: boolean): Promise<void> => {
    const destination = destinationOf(number, i);
    const row = destinationRow(id, destination);
    const [weight, upperThreshold] = [below(100), below(2) * 1000];
    const values = { weight, upperThreshold };
    const state = destinationState(weight, upperThreshold);
    if (!rows.has(row)) {
      await write(
        row,
        state,
        options => ipvs.addDestination(id, { ...destination, ...values }, options),
        aborted,
      );
    } else if (chance(0.3)) {
      await write(row, undefined, options => ipvs.removeDestination(id, destination, options), aborted);
    } else {
      await write(row, state, options => ipvs.updateDestination(id, destination, values, options), aborted);
    }
  };

  /** What is refused: by the library, nothing of it sent, or by the kernel. */
  const wrong = async (id: ServiceId): Promise<void> => {
    const absent = { address: '10.201.0.1', port: 80 };
    const weight = -1;
    await answer(stage, 'a weight of -1', ipvs.addDestination(id, { ...absent, weight }), [
      'ERR_OUT_OF_RANGE',
    ]);
    await answer(stage, 'removal of an absent row', ipvs.removeDestination(id, absent), [
      'ERR_IPVS_DESTINATION_NOT_FOUND',
      'ERR_IPVS_SERVICE_NOT_FOUND',
    ]);
  };

  return {
    name: `writer ${number}`,
    rows,
    async step() {
      const id = serviceOf(number, below(SERVICES));
      const aborted = chance(0.1);
      if (!rows.has(serviceRow(id)) || chance(0.1)) return changeService(id, aborted);
      if (chance(0.1)) return wrong(id);
      if (chance(0.7)) return changeDestination(id, below(DESTINATIONS), aborted);
      // All of them in one turn: they share sends.
      await Promise.all(Array.from({ length: DESTINATIONS }, (_, i) => changeDestination(id, i, false)));
    },
  };
}

/** The state of one row as a read of it says. */
async function rowNow(ipvs: Ipvs, row: string): Promise<string | undefined> {
  return rowsOf(await ipvs.snapshot()).get(row);
}

/** Applies one desired state after the other, by plans as they are and by such as were saved. */
export function applier(stage: Stage, number: number): Actor {
  const rows: Rows = new Map();
  const owner = `soak-${number}`;
  const ipvs = open(stage);
  const desiredState = (): TableEntry[] =>
    Array.from({ length: SERVICES }, (_, i) => serviceOf(number, i))
      .filter(() => chance(0.7))
      .map(id => ({
        ...id,
        scheduler: oneOf(schedulers),
        destinations: Array.from({ length: DESTINATIONS }, (_, i) => destinationOf(number, i))
          .filter(() => chance(0.7))
          .map(destination => ({ ...destination, weight: 1 + below(9) })),
      }));
  return {
    name: `applier ${number}`,
    rows,
    async step() {
      const desired = desiredState();
      const options = { owner, force: true } as const;
      const saved = async () => JSON.parse(JSON.stringify(await ipvs.plan(desired, options)));
      const call = chance(0.5)
        ? ipvs.apply(desired, options)
        : saved().then(plan => ipvs.apply(plan, { force: true }));
      const outcome = await answer(stage, 'apply', call);
      if ('error' in outcome) return;
      const { converged, steps } = outcome.value;
      stage.operations += steps.length;
      if (!converged) {
        const failed = steps
          .filter(step => step.outcome !== 'done')
          .map(({ error, reason }) => error ?? reason);
        stage.defects.push(`apply did not converge: ${failed.join('; ')}`);
      }
      rows.clear();
      for (const { destinations, ...service } of desired) {
        rows.set(serviceRow(service), serviceState(service.scheduler ?? 'wlc', 0));
        for (const row of destinations) {
          rows.set(destinationRow(service, row), destinationState(row.weight ?? 1, 0));
        }
      }
    },
  };
}

/** Drains destinations and takes them back. */
export function drainer(stage: Stage, number: number): Actor {
  const rows: Rows = new Map();
  const ipvs = open(stage);
  const id = serviceOf(number, 0);
  const present = (i: number) => rows.has(destinationRow(id, destinationOf(number, i)));
  return {
    name: `drainer ${number}`,
    rows,
    async step() {
      if (!rows.has(serviceRow(id))) {
        await answer(stage, 'service', ipvs.addService({ ...id, scheduler: 'wlc' }));
        rows.set(serviceRow(id), serviceState('wlc', 0));
      }
      const i = below(DESTINATIONS);
      const destination = destinationOf(number, i);
      const row = destinationRow(id, destination);
      if (!present(i)) {
        await answer(stage, `addition of ${row}`, ipvs.addDestination(id, { ...destination, weight: 3 }));
        rows.set(row, destinationState(3, 0));
        return;
      }
      const then = chance(0.5) ? 'keep' : 'remove';
      const options = { idleFor: 0, poll: 10, force: true, then } as const;
      const drained = await answer(stage, `drain of ${row}`, ipvs.drain(id, destination, options));
      if ('error' in drained) return;
      if (drained.value.outcome === 'removed') rows.delete(row);
      else await answer(stage, `undrain of ${row}`, ipvs.undrain(id, destination));
    },
  };
}
