import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { rejection, useBed } from '../support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

beforeAll(() => bed.ipvs.addService({ ...web, scheduler: 'rr' }));

test('many writes at once have each their own error where socket buffers hold only a few', async () => {
  const files = ['rmem_default', 'rmem_max', 'wmem_default', 'wmem_max'].map(
    name => `/proc/sys/net/core/${name}`,
  );
  const before = files.map(file => readFileSync(file, 'utf8'));
  for (const file of files) writeFileSync(file, '4608');
  try {
    const client = bed.client(); // its sockets open with the small buffers
    const missing = Array.from({ length: 300 }, (_, i) =>
      rejection(client.removeDestination(web, { address: `172.16.121.${i & 255}`, port: 1 + (i >> 8) })),
    );
    const codes = (await Promise.all(missing)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['ERR_IPVS_DESTINATION_NOT_FOUND']));
  } finally {
    for (const [i, file] of files.entries()) writeFileSync(file, before[i]!);
  }
});
