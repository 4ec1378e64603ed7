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
