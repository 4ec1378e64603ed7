import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const library = pathToFileURL('lib/index.ts').href;

/**
 * Uses many clients once each, by a call that may fail where there is no IPVS, and forgets them without
 * close().
 */
const program = `
  const { Ipvs } = await import('${library}');
  const codes = new Set();
  for (let i = 0; i < 600; i++) await new Ipvs().info().catch(({ code }) => codes.add(code));
  console.log([...codes].join());
`;

test('600 clients that are forgotten do not use up 150 descriptors: V8 knows what they weigh', () => {
  const node = ['--import', 'tsx', '--input-type=module', '-e', program];
  const command = ['-c', 'ulimit -n 150; exec "$0" "$@"', process.execPath, ...node];
  const { stdout, stderr } = spawnSync('sh', command, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).not.toContain('ERR_IPVS_NO_RESOURCES');
});
