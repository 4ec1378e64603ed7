import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Ipvs } from '../../../lib/index.ts';

// To open a pipe that nobody writes to takes for ever. A namespace that is one blocks the client's thread as the kernel
// can block it.

test.each([
  ['a call’s own', {}, { timeout: 100 }, 100],
  ['the client’s', { timeout: 200 }, {}, 200],
  ['five seconds by default', {}, {}, 5000],
])('a call that is stuck ends at its deadline: %s', async (_, options, callOptions, deadline) => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-deadline-'));
  const pipe = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  try {
    const ipvs = new Ipvs({ netns: pipe, ...options });
    const start = performance.now();
    await expect(ipvs.info(callOptions)).rejects.toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: true });
    const passed = performance.now() - start;
    expect(passed).toBeGreaterThan(deadline - 10);
    expect(passed).toBeLessThan(deadline * 1.5 + 2000);
    await ipvs.close();
  } finally {
    closeSync(openSync(pipe, constants.O_RDWR)); // lets the thread go
    rmSync(folder, { recursive: true });
  }
});
