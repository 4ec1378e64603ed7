import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { serviceKey } from '../../lib/index.ts';
import { runCommand } from '../support/run-command.ts';
import { recordsOf, useBed } from './support.ts';

const bed = useBed();

const program = join(import.meta.dirname, '../../dist/ipvs');

afterEach(async () => {
  await bed.ipvs.flush();
  rmSync(recordsOf(bed.netns), { recursive: true, force: true });
});

/** Runs the command in this process: to start another one takes most of a second on an emulated machine. */
const ipvs = (words: readonly string[], input = '') => runCommand(words, bed.netns, input);

/** Runs the command as it is installed. */
function installed(words: readonly string[], input: string) {
  const args = ['netns', 'exec', bed.netns, program, ...words];
  const { status, stdout, stderr } = spawnSync('ip', args, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const rules = `-A -t 10.1.0.1:80 -s wrr
-a -t 10.1.0.1:80 -r 10.1.1.1:80 -m -w 5
-a -t 10.1.0.1:80 -r 10.1.1.2:80 -m -w 5
`;

const yaml = `- protocol: tcp
  address: 10.1.0.1
  port: 80
  scheduler: wrr
  destinations:
    - { address: 10.1.1.1, port: 80, forwarding: masquerade, weight: 7 }
    - { address: 10.1.1.3, port: 80, forwarding: masquerade, weight: 5 }
- { fwmark: 7, family: ipv4, scheduler: rr, destinations: [] }
`;

test('ipvs plan says what ipvs apply does, by its exit status too, of rules, YAML and a plan', async () => {
  const planned = await ipvs(['plan', '-'], rules);
  expect(planned).toMatchObject({ status: 2, stderr: '' });
  expect(planned.stdout).toContain('+ tcp 10.1.0.1:80 wrr\n  + 10.1.1.1:80 masquerade, weight 5\n');
  expect(planned.stdout).toContain('To do: add 1 service and 2 destinations.');
  expect(await bed.ipvs.services()).toEqual([]);
  expect((await ipvs(['plan', '--commands', '-'], rules)).stdout.trim().split('\n')).toHaveLength(3);

  const applied = await ipvs(['apply', '--owner', 'web', '-'], rules);
  expect(applied).toMatchObject({ status: 0, stderr: '' });
  expect(applied.stdout).toContain('Done: add 1 service and 2 destinations.');
  expect(await ipvs(['plan', '--owner', 'web', '-'], rules)).toEqual({
    status: 0,
    stdout: 'Nothing to do: the table is as desired.\n',
    stderr: '',
  });

  // A plan that is kept is carried out as it was.
  const kept = installed(['plan', '--owner', 'web', '--json', '-'], yaml);
  expect(kept).toMatchObject({ status: 2, stderr: '' });
  const later = await ipvs(['apply', '--json', '-'], kept.stdout);
  expect(later).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(later.stdout)).toMatchObject({ converged: true, rounds: 1 });
  expect(bed.run('ipvsadm', '-Sn').trim().split('\n').toSorted()).toEqual([
    '-A -f 7 -s rr',
    '-A -t 10.1.0.1:80 -s wrr',
    '-a -t 10.1.0.1:80 -r 10.1.1.1:80 -m -w 7',
    '-a -t 10.1.0.1:80 -r 10.1.1.3:80 -m -w 5',
  ]);
  // What this owner does not want any more goes, and nothing else.
  await bed.ipvs.addService({ fwmark: 8, family: 'ipv4' });
  expect((await ipvs(['apply', '--owner', 'web', '--force', '-'], '# none')).status).toBe(0);
  expect((await bed.ipvs.services()).map(serviceKey)).toEqual(['fwmark 8 ipv4']);
});

test('ipvs apply reports what it could not do, and ends with 1', async () => {
  const two = `${rules}-A -f 1 -s absent\n`;
  const failed = await ipvs(['apply', '-'], two);
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^failed: add-service fwmark 1 ipv4: .*absent/);
  expect(failed.stdout).toContain('Done: add 1 service and 2 destinations.');

  // The lines of what was done, without the one that failed.
  await bed.ipvs.flush();
  const lines = await ipvs(['apply', '--commands', '-'], two);
  expect(lines.status).toBe(1);
  expect(lines.stdout.trim().split('\n')).toHaveLength(3);

  const table = bed.run('ipvsadm', '-Sn');
  const few = rules.split('\n').slice(0, 1).join('\n');
  expect(await ipvs(['plan', '-'], few)).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('\nrefused: '),
  });
  // Lines alone do not tell.
  expect(await ipvs(['plan', '--commands', '-'], few)).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^refused: .*--max-removals or --force allow it/),
  });
  expect(await ipvs(['apply', '-'], few)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('which is more than half; --max-removals or --force allow it'),
  });
  for (const command of ['plan', 'apply']) {
    const outside = await ipvs([command, '--owns', '10.9.0.0/16,5-9', '-'], two);
    expect(outside.status).toBe(1);
    expect(outside.stderr.trim().split('\n')).toEqual([
      'line 1: service tcp 10.1.0.1:80 is outside the scope that --owns gives',
      'line 4: service fwmark 1 ipv4 is outside the scope that --owns gives',
      '2 mistakes; nothing was done',
    ]);
  }
  const plan = (await ipvs(['plan', '--json', '-'], yaml)).stdout;
  expect(await ipvs(['plan', '-'], plan)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the file is a plan already'),
  });
  expect(bed.run('ipvsadm', '-Sn')).toBe(table);
});

test('ipvs plan and ipvs apply tell what of a file has no effect, and what hardly anybody wants', async () => {
  const odd = '-A -t 10.1.0.1:80 -s rr -M 255.255.0.0\n-a -t 10.1.0.1:80 -r 10.1.1.1:81 -g -w 5\n';
  for (const command of ['plan', 'apply']) {
    const { stderr } = await ipvs([command, '-'], odd);
    expect(stderr).toMatch(/^line 1: .*-M/m);
  }
  expect((await ipvs(['apply', '-'], odd)).stderr).toContain('(dormant-persistence)');
});

test('ipvs drain takes out a destination, or all with an address, and --undo brings them back', async () => {
  await ipvs(['apply', '-'], rules + rules.replaceAll(':80', ':81'));
  const kept = await ipvs(['drain', '--keep', '--idle-for', '1', '10.1.1.1']);
  expect(kept).toMatchObject({ status: 0, stderr: '' });
  expect(kept.stdout.trim().split('\n').toSorted()).toEqual([
    expect.stringMatching(/^tcp 10\.1\.0\.1:80 10\.1\.1\.1:80: at weight 0 after [1-9]\d*\.\d s$/),
    expect.stringMatching(/^tcp 10\.1\.0\.1:81 10\.1\.1\.1:81: at weight 0 after \d+\.\d s$/),
  ]);
  const back = await ipvs(['drain', '--undo', '10.1.1.1']);
  expect(back.stdout).toContain('tcp 10.1.0.1:80 10.1.1.1:80: weight 5 again\n');
  const service = { protocol: 'tcp', address: '10.1.0.1', port: 80 } as const;
  expect((await bed.ipvs.destinations(service)).map(({ weight }) => weight)).toEqual([5, 5]);

  const one = await ipvs(['drain', '--json', '--idle-for', '0', 'tcp', '10.1.0.1:80', '10.1.1.1:80']);
  expect(one.status).toBe(0);
  expect(JSON.parse(one.stdout)).toMatchObject([
    { outcome: 'removed', destination: { address: '10.1.1.1' } },
  ]);
  expect(await ipvs(['drain', 'tcp 10.1.0.1:80', '10.1.1.2:80'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^no other destination of service tcp 10\.1\.0\.1:80 takes connections/),
  });
  expect((await ipvs(['drain', '10.1.1.9'])).status).toBe(1);
});

test('the command bundles no package that reads YAML', () => {
  const bundle = readFileSync(join(import.meta.dirname, '../../dist/ipvs-commands.cjs'), 'utf8');
  expect(bundle).toContain('require("yaml")');
});
