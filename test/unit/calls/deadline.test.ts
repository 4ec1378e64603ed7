import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Operation } from '../../../lib/addon/layout.ts';
import { createCalls } from '../../../lib/calls/calls.ts';
import { Ipvs } from '../../../lib/index.ts';
import { createStandIn, stuckAddon } from './stand-in.ts';

const info = {
  operation: Operation.getInfo,
  context: { command: 'GET_INFO' },
  decode: () => undefined,
} as const;

test.each([
  ['a call’s own', 5000, { timeout: 100 }, 100],
  ['the client’s', 200, {}, 200],
] as const)(
  'a call that is stuck in the kernel ends at its deadline: %s',
  async (_, timeout, options, deadline) => {
    const calls = createCalls(stuckAddon, { namespace: undefined, timeout, inline: true });
    const alive = setInterval(() => {}, 1000); // keeps the event loop alive, as the addon does
    const start = performance.now();
    await expect(calls.run(info, options)).rejects.toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: true });
    const passed = performance.now() - start;
    clearInterval(alive);
    expect(passed).toBeGreaterThan(deadline - 10);
    expect(passed).toBeLessThan(deadline * 1.5 + 2000);
    await calls.close();
  },
);

test('a write that ran late on the JavaScript thread returns the kernel’s answer, no timeout', async () => {
  const late = () => {
    const start = performance.now();
    while (performance.now() - start < 30);
    return 0;
  };
  const { calls } = createStandIn({ inline: true, timeout: 10, execute: late });
  const write = {
    operation: Operation.newDest,
    context: { command: 'NEW_DEST' },
    decode: () => 'done',
  } as const;
  await expect(calls.run(write)).resolves.toBe('done');
  await calls.close();
});

test('a namespace that is a pipe is refused at once, without waiting for its other end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-pipe-'));
  const pipe = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  try {
    await using ipvs = new Ipvs({ netns: pipe });
    await expect(ipvs.info()).rejects.toMatchObject({
      code: 'ERR_IPVS_NAMESPACE_FAILED',
      message: expect.stringContaining('is not a network namespace'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
