import { constants, endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { putServiceId } from '../../../lib/addon/identity.ts';
import { Layout, ONE_SERVICE, Operation, Status } from '../../../lib/addon/layout.ts';
import { putWord } from '../../../lib/addon/record.ts';
import type { CallSpec } from '../../../lib/calls/call.ts';
import type { Calls } from '../../../lib/calls/calls.ts';
import type { CallOptions } from '../../../lib/calls/options.ts';
import * as writes from '../../../lib/calls/writes.ts';
import type { ServiceSpec } from '../../../lib/model/service.ts';
import { createStandIn, turn } from './stand-in.ts';

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

function remove(calls: Calls, options?: CallOptions): Promise<void> {
  return calls.run(writes.removeService(web), options);
}

describe('giving up one of many pending calls', () => {
  const GIVEN_UP = 500;

  /** Microseconds of CPU for giving up 500 calls one by one, behind others that wait. */
  async function timeOf(others: number): Promise<number> {
    const { calls, answerAll } = createStandIn();
    const waiting = Array.from({ length: others }, () => remove(calls));
    const controllers = Array.from({ length: GIVEN_UP }, () => new AbortController());
    const outcomes = Promise.allSettled(controllers.map(({ signal }) => remove(calls, { signal })));
    await turn();
    const start = process.cpuUsage();
    for (const controller of controllers) controller.abort('enough');
    const { user, system } = process.cpuUsage(start);
    answerAll();
    await Promise.all([outcomes, ...waiting]);
    return user + system;
  }

  test('giving up a pending call takes no longer the more calls there are', async () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0; // stacks would take most of the time
    try {
      const [few, many] = [[], []] as [number[], number[]];
      for (let round = 0; round < 5; round++) {
        few.push(await timeOf(0));
        many.push(await timeOf(40_000));
      }
      // Visiting every waiting call each time would make twenty million visits.
      expect(Math.min(...many) / Math.min(...few)).toBeLessThan(4);
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  test('giving up a pending call cancels it alone, wherever it stands', async () => {
    const { calls, cancelled, answer } = createStandIn();
    const controller = new AbortController();
    const first = remove(calls);
    const second = remove(calls, { signal: controller.signal });
    await turn();
    answer({});
    const third = remove(calls);
    await turn();
    controller.abort();
    expect(cancelled).toEqual([1]);
    await expect(second).rejects.toMatchObject({ code: 'ERR_IPVS_ABORTED', sent: false });
    answer({}, {});
    await Promise.all([first, third]);
  });

  test('giving up a call cancels the right one after calls that never reached the thread', async () => {
    let status: number = Status.localFailure - constants.errno.EAGAIN;
    const { calls, cancelled } = createStandIn({ refusal: () => status });
    await expect(remove(calls)).rejects.toMatchObject({ code: 'ERR_IPVS_NO_RESOURCES', errno: -11 });
    status = Status.ok;
    const controller = new AbortController();
    const waiting = remove(calls, { signal: controller.signal });
    await turn();
    controller.abort();
    expect(cancelled).toEqual([0]);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_IPVS_ABORTED' });
  });
});

describe('giving up many writes at once', () => {
  const COUNT = 10;
  const records = new Uint8Array(COUNT * 144);

  test('many writes that are given up take back those that were not begun', async () => {
    const { calls, cancelled, begin, answer } = createStandIn({ timeout: 20 });
    const before = remove(calls);
    const writing = calls.writeAll({ command: 'NEW_SERVICE' }, records, COUNT);
    const after = remove(calls, { timeout: 60_000 });
    begin(4);
    answer({}, {}, {}); // `before`, and two of the ten
    await expect(writing).rejects.toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: true });
    expect(cancelled).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    answer(...Array.from({ length: 8 }, () => ({})), {});
    await Promise.all([before, after]);
  });

  test('many writes that are given up were sent if some are done, although the rest is not begun', async () => {
    const { calls, answer } = createStandIn({ timeout: 20 });
    const writing = calls.writeAll({ command: 'NEW_SERVICE' }, records, COUNT);
    await turn();
    answer({}, {});
    await expect(writing).rejects.toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: true });
  });

  test('many writes that are given up before the first was begun have no effect', async () => {
    const { calls } = createStandIn({ timeout: 20 });
    const writing = calls.writeAll({ command: 'NEW_SERVICE' }, records, COUNT);
    await expect(writing).rejects.toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: false });
  });

  test('many writes at once return each status in its place', async () => {
    const { calls, answer } = createStandIn();
    const writing = calls.writeAll({ command: 'NEW_SERVICE' }, records, COUNT);
    await turn();
    answer(...Array.from({ length: 4 }, (_, i) => ({ status: i })));
    answer(...Array.from({ length: 6 }, (_, i) => ({ status: i + 4 })));
    expect([...(await writing)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('arguments whose getters make calls', () => {
  /** The operation and service address of each record. */
  const told = (submitted: readonly (Uint8Array | string)[]) =>
    submitted.map(record => {
      const bytes = record as Uint8Array;
      const operation = new DataView(bytes.buffer).getUint32(Layout.operation, endianness() === 'LE');
      const at = Layout.service.address;
      return [operation, bytes.slice(at, at + 4).join('.')];
    });

  const other = (n: number) => ({ ...web, address: `10.0.0.${n}` }) as const;

  /**
   * A call of zero() that runs `happens` while its record is half written, as a getter among its arguments
   * would.
   */
  const zeroing = (happens: () => void): CallSpec<void> => ({
    operation: Operation.zero,
    context: { command: 'ZERO' },
    encode(slot) {
      putServiceId(slot, web);
      happens();
      putWord(slot, Layout.extent, ONE_SERVICE);
    },
    decode() {},
  });

  test('a getter’s calls leave each record what its own arguments say, and come first', async () => {
    const { calls, submitted, answerAll } = createStandIn();
    const made: Promise<void>[] = [];
    made.push(calls.run(writes.removeService(other(1))));
    made.push(
      calls.run(
        zeroing(() => {
          for (const n of [2, 3]) made.push(calls.run(writes.removeService(other(n))));
        }),
      ),
    );
    made.push(calls.run(writes.removeService(other(4))));
    await turn();
    expect(told(submitted)).toEqual([
      [Operation.delService, '10.0.0.1'],
      [Operation.delService, '10.0.0.2'],
      [Operation.delService, '10.0.0.3'],
      [Operation.zero, '10.100.10.101'],
      [Operation.delService, '10.0.0.4'],
    ]);
    answerAll();
    await Promise.all(made);
  });

  test('a getter’s calls that fill a batch send no record twice and none half written', async () => {
    const { calls, submitted, answerAll } = createStandIn();
    const made: Promise<void>[] = [];
    const many = Array.from({ length: 200 }, (_, n) => n);
    made.push(
      calls.run(
        zeroing(() => {
          for (const n of many) made.push(calls.run(writes.removeService(other(n))));
        }),
      ),
    );
    await turn();
    answerAll();
    await Promise.all(made);
    expect(told(submitted)).toEqual([
      ...many.map(n => [Operation.delService, `10.0.0.${n}`]),
      [Operation.zero, '10.100.10.101'],
    ]);
  });

  test('a getter that throws after making a call leaves no trace of its own', async () => {
    const { calls, submitted, answerAll } = createStandIn();
    const bad = zeroing(() => {
      void calls.run(writes.removeService(other(1)));
      throw new RangeError('no port');
    });
    await expect(calls.run(bad)).rejects.toThrow('no port');
    void calls.run(writes.removeService(other(2)));
    await turn();
    answerAll();
    expect(told(submitted)).toEqual([
      [Operation.delService, '10.0.0.1'],
      [Operation.delService, '10.0.0.2'],
    ]);
  });

  test('a getter’s calls leave a write on the JavaScript thread what it is', async () => {
    const executed: Uint8Array[] = [];
    const { calls, submitted, answerAll } = createStandIn({
      inline: true,
      execute(record) {
        executed.push(record);
        return 0;
      },
    });
    const made: Promise<void>[] = [];
    made.push(calls.run(zeroing(() => made.push(calls.run(writes.removeService(other(1)))))));
    await turn();
    answerAll();
    await Promise.all(made);
    expect(told([...executed, ...submitted])).toEqual([
      [Operation.delService, '10.0.0.1'],
      [Operation.zero, '10.100.10.101'],
    ]);
  });
});

test.each([
  ['addService', (spec: ServiceSpec) => writes.addService(spec)],
  ['updateService', (spec: ServiceSpec) => writes.updateService(web, spec)],
])(
  'a call of %s() whose argument closes the client is sent all the same, and close() waits for it',
  async (_, write) => {
    const { calls, submitted, answerAll } = createStandIn();
    let closing: Promise<void> | undefined;
    const spec: ServiceSpec = {
      ...web,
      get scheduler() {
        closing ??= calls.close();
        return 'rr';
      },
    };
    const writing = calls.run(write(spec));
    await turn();
    expect(submitted).toHaveLength(1);
    answerAll();
    await Promise.all([writing, closing]);
    await expect(remove(calls)).rejects.toMatchObject({ code: 'ERR_IPVS_CLOSED' });
  },
);

test('a loop of awaited calls leaves the event loop turns, however soon each is answered', async () => {
  const { calls, answerAll } = createStandIn();
  let turns = 0;
  for (let i = 0; i < 1000; i++) {
    let done = false;
    const call = remove(calls).then(() => {
      done = true;
    });
    while (!done) {
      for (let step = 0; step < 5; step++) await undefined; // the call is handed over by then, or in a turn
      answerAll();
      for (let step = 0; step < 5; step++) await undefined;
      if (done) break;
      turns++;
      await turn();
    }
    await call;
  }
  expect(turns).toBeGreaterThanOrEqual(9);
  expect(turns).toBeLessThan(20);
});
