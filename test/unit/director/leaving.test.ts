import { expect, test, vi } from 'vitest';
import type { Ipvs } from '../../../lib/client.ts';
import { createLeaving } from '../../../lib/director/leaving.ts';
import type { TableEntry } from '../../../lib/model/table.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'rr' } as const;
const before: readonly TableEntry[] = [
  { ...web, destinations: [{ address: '10.0.0.2', port: 80, forwarding: 'masquerade', weight: 5 }] },
];

test('a drain that failed is begun again, and not waited for once the director ends', async () => {
  const clock = createVirtualClock();
  const drain = vi.fn(() => Promise.reject(new Error('the kernel does not answer')));
  const failures: (string | undefined)[] = [];
  const leaving = createLeaving(
    { drain } as Partial<Ipvs> as Ipvs,
    {},
    clock,
    () => {},
    () => {},
    error => void failures.push(error?.message),
  );
  leaving.update(before, new Map());
  leaving.begin();
  await clock.advance(5000);
  expect(drain).toHaveBeenCalledTimes(2);
  expect(failures).toEqual(Array(2).fill('the kernel does not answer'));
  expect(clock.pending).toBe(1);
  await leaving.stop();
  expect(clock.pending).toBe(0);
});
