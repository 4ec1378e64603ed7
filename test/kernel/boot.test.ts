import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRules } from '../../lib/index.ts';
import { useBed } from './support.ts';

const bed = useBed();
const boot = fileURLToPath(new URL('../../docs/boot', import.meta.url));
const dist = fileURLToPath(new URL('../../dist/ipvs', import.meta.url));
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'ipvs-boot-'));
  const made = spawnSync('sh', [
    '-ec',
    'mkdir -p "$1/bin" "$1/etc/sysconfig"; ln -s "$2" "$1/bin/ipvs"; cp "$3/ipvsadm.sysconfig" "$1/etc/sysconfig/ipvsadm"',
    'sh',
    root,
    dist,
    boot,
  ]);
  expect(made.status).toBe(0);
});

afterAll(() => rmSync(root, { recursive: true }));

/** The unit's commands under these keys, as systemd would run them, except where the file lies. */
function commands(...keys: readonly string[]): string[] {
  const lines = readFileSync(join(boot, 'ipvs.service'), 'utf8').split('\n');
  return lines.flatMap(line => {
    const [key, ...rest] = line.split('=');
    return keys.includes(key!) ? [rest.join('=').replaceAll('/etc/', `${root}/etc/`)] : [];
  });
}

/** Runs the unit's commands under these keys until one fails. */
function runUnit(...keys: readonly string[]): { status: number | null; stderr: string } {
  for (const command of commands(...keys)) {
    const { status, stderr } = spawnSync('ip', ['netns', 'exec', bed.netns, 'sh', '-c', command], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${root}/bin:${process.env['PATH']}` },
    });
    if (status !== 0) return { status, stderr };
  }
  return { status: 0, stderr: '' };
}

async function table() {
  const services = await bed.ipvs.snapshot();
  return services.map(service => JSON.stringify(service)).sort();
}

const file = () => join(root, 'etc/sysconfig/ipvsadm');

test('the example unit starts, saves, flushes and restores the table, which comes back the same', async () => {
  expect(runUnit('ExecStartPre', 'ExecStart')).toEqual({ status: 0, stderr: '' });
  const started = await table();
  expect(started).toHaveLength(parseRules(readFileSync(file(), 'utf8')).length);

  // Stopping saves changes of the running table too.
  await bed.ipvs.updateDestination(
    { protocol: 'tcp', address: '10.100.10.101', port: 80 },
    { address: '172.16.120.12', port: 80 },
    { weight: 9, upperThreshold: 77, lowerThreshold: 66 },
  );
  const changed = await table();
  expect(changed).not.toEqual(started);

  expect(runUnit('ExecStop')).toEqual({ status: 0, stderr: '' });
  expect(await table()).toEqual([]);
  expect(readFileSync(file(), 'utf8')).toContain('-x 77 -y 66');

  expect(runUnit('ExecStartPre', 'ExecStart')).toEqual({ status: 0, stderr: '' });
  expect(await table()).toEqual(changed);
});

test('a server whose name has no address keeps no other from being restored, and the unit fails', async () => {
  expect(runUnit('ExecStop')).toEqual({ status: 0, stderr: '' });
  const rules = readFileSync(file(), 'utf8');
  writeFileSync(file(), `-A -f 8\n-a -f 8 -r nonesuch.invalid -m\n${rules}`);
  const { status, stderr } = runUnit('ExecStartPre', 'ExecStart');
  expect(stderr).toBe("line 2: -r: no IPv4 address is known for 'nonesuch.invalid'\n");
  expect(status).toBe(255);
  expect(await table()).toHaveLength(parseRules(rules).length + 1);
  writeFileSync(file(), rules);
});

test('a rules file with a mistake leaves the table alone', async () => {
  const before = await table();
  expect(before).not.toEqual([]);
  bed.run('sh', '-c', `echo '-A -t 10.0.0.1:99999' >>${file()}`);
  const reloaded = runUnit('ExecReload');
  expect(reloaded.status).not.toBe(0);
  expect(reloaded.stderr).toMatch(/line \d+: -t: /);
  expect(await table()).toEqual(before);
});
