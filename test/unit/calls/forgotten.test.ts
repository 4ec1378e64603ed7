import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const library = pathToFileURL('lib/index.ts').href;

/** A program that uses many clients once each, and closes none. Where there is no IPVS, each call fails. */
const program = `
  const { Ipvs } = await import('${library}');
  const codes = new Set();
  for (let i = 0; i < 600; i++) await new Ipvs().info().catch(({ code }) => codes.add(code));
  console.log([...codes].join());
`;

test('garbage collection of 600 clients nobody closed keeps the process below 150 descriptors', () => {
  const node = ['--import', 'tsx', '--input-type=module', '-e', program];
  const command = ['-c', 'ulimit -n 150; exec "$0" "$@"', process.execPath, ...node];
  const { stdout, stderr } = spawnSync('sh', command, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).not.toContain('ERR_IPVS_NO_RESOURCES');
});

/** Counts the samplers that are let go, of 40 that were made, read and forgotten: their client is told each. */
const samplers = `
  const Registry = globalThis.FinalizationRegistry;
  let released = 0;
  globalThis.FinalizationRegistry = class extends Registry {
    constructor(release) {
      super(value => {
        released++;
        release(value);
      });
    }
  };
  const { Ipvs } = await import('${library}');
  const ipvs = new Ipvs();
  const forget = async () => {
    for (let i = 0; i < 40; i++) await ipvs.sampler().read().catch(() => {});
  };
  await forget();
  for (let i = 0; i < 200 && released < 40; i++) {
    globalThis.gc();
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  console.log(released);
`;

test('samplers that are forgotten are let go while their client is held', () => {
  const node = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', samplers];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('40\n');
});
