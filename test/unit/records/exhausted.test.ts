import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const checkout = join(import.meta.dirname, '../../..');

const program = `
  import { openSync, closeSync } from 'node:fs';
  import { readRecordFiles, writeRecordFile } from './lib/records/file.ts';
  const calls = {
    read: () => readRecordFiles('/tmp', () => false, () => ''),
    write: () => writeRecordFile('/tmp', 'ipvs-no-record', {}),
  };
  const open = [];
  const told = [];
  for (const call of Object.values(calls)) {
    // Again before each: what compiles this program may close a descriptor of its own meanwhile.
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    told.push(await call().then(() => 'done', ({ code }) => code));
  }
  closeSync(open[0]);
  console.log(told.join(' '));
`;

test('records that no descriptor is left for are not told as damaged, but as ERR_IPVS_NO_RESOURCES', () => {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program];
  const output = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node], {
    cwd: checkout,
    encoding: 'utf8',
  });
  expect(output).toBe('ERR_IPVS_NO_RESOURCES ERR_IPVS_NO_RESOURCES\n');
});
