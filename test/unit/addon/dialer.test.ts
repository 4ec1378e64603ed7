import { closeSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dialNative } from '../../../lib/addon/dialer.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

/** Dials three sockets that all come out before one is delivered; the first gives up the second then. */
async function dialThree(): Promise<number[]> {
  const delivered: number[] = [];
  const way = { address: '127.0.0.1', port: 9, isStream: false };
  const cancels = [0, 1, 2].map(number =>
    dialNative(way, (error, fd) => {
      expect(error).toBeUndefined();
      closeSync(fd);
      delivered.push(number);
      if (number === 0) cancels[1]!();
    }),
  );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  await sleep(50);
  return delivered;
}

test('a dial that is given up while another is delivered is not delivered, those after it are', async () => {
  expect(await dialThree()).toEqual([0, 2]);
  const before = descriptors(); // with those of the dialer's thread
  expect(await dialThree()).toEqual([0, 2]);
  expect(descriptors()).toBe(before);
});

test('a dial that cannot be begun says what it lacks, later and once', async () => {
  const failures: (Error | undefined)[] = [];
  // A descriptor that is not open, as when the program closed its namespace's meanwhile.
  const way = { address: '::1', port: 9, isStream: true, namespace: 1_000_000 };
  dialNative(way, error => failures.push(error));
  dialNative(way, () => expect.fail('given up before'))();
  expect(failures).toEqual([]);
  await sleep(10);
  expect(failures).toEqual([
    expect.objectContaining({
      code: 'EBADF',
      message: 'connect EBADF [::1]:9: getting a thread and descriptors for it',
    }),
  ]);
});
