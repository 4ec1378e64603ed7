import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const library = join(root, 'native/build/counting-malloc.so');

beforeAll(
  () => void execFileSync(process.execPath, [join(root, 'scripts/setup.mjs'), 'addon', 'counting', 'dist']),
);

/**
 * Runs a program with the library preloaded, which may call `counted()`, and returns what it prints as JSON. `leakEvery`
 * plants a leak.
 */
function run(program: string, leakEvery = 0): unknown {
  const prelude = `
    import { readFileSync } from 'node:fs';
    import { Ipvs } from 'ipvs';
    const words = () => readFileSync(process.env.IPVS_COUNTING_MALLOC);
    const counted = () => ({ addon: Number(words().readBigInt64LE(0)), all: Number(words().readBigInt64LE(16)) });
  `;
  const words = ['--expose-gc', '--input-type=module', '--eval', prelude + program];
  const env = { ...process.env, LD_PRELOAD: library, IPVS_LEAK_EVERY: String(leakEvery) };
  return JSON.parse(execFileSync(process.execPath, words, { cwd: root, env, encoding: 'utf8' }));
}

/** What the addon has allocated before 20 clients are there, while they are, and some turns after they are closed. */
const clients = (turns: number) => `
    const turn = () => new Promise(resolve => setTimeout(resolve, 20));
    const use = async count => {
      const clients = Array.from({ length: count }, () => new Ipvs());
      // Without IPVS in the kernel this is refused, by a client that has a socket and buffers.
      await Promise.allSettled(clients.map(ipvs => ipvs.info()));
      const { addon } = counted();
      await Promise.all(clients.map(ipvs => ipvs.close()));
      return addon;
    };
    await use(1);
    const before = counted().addon;
    const during = await use(20);
    for (let i = 0; i < ${turns} && counted().addon > before + 10_000; i++) { await turn(); gc(); }
    console.log(JSON.stringify({ before, during, after: counted().addon }));
  `;

interface Counts {
  readonly before: number;
  readonly during: number;
  readonly after: number;
}

test('what the addon has allocated is counted as its own, and no longer once its clients are closed', () => {
  const { before, during, after } = run(clients(200)) as Counts;
  expect(during).toBeGreaterThan(before + 200_000);
  expect(after).toBeLessThan(before + 10_000);
});

test('a leak that is planted is counted', () => {
  const { before, after } = run(clients(20), 2) as Counts;
  expect(after).toBeGreaterThan(before + 100_000);
});

test('what others in the process allocate is counted with all, and not as the addon’s', () => {
  const { before, during } = run(`
    new Ipvs();
    const before = counted();
    const kept = Buffer.alloc(10_000_000);
    const during = counted();
    console.log(JSON.stringify({ before, during, kept: kept.length }));
  `) as Record<'before' | 'during', { addon: number; all: number }>;
  expect(during.all).toBeGreaterThan(before.all + 9_000_000);
  expect(during.addon).toBeLessThan(before.addon + 10_000);
});
