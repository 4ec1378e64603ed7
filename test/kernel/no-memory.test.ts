import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { run, useBed } from './support.ts';

const bed = useBed();

/** `IPVS_ROWS=100000` has it tried with so many rows. */
const ROWS = Number(process.env['IPVS_ROWS'] ?? 10_000);
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const program = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

beforeAll(async () => {
  await bed.ipvs.addService({ ...web, scheduler: 'rr' });
  const added = Array.from({ length: ROWS }, (_, i) =>
    bed.ipvs.addDestination(web, { address: `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, port: 80 }),
  );
  await Promise.all(added);
});

test('a process without memory for all rows is told so, its writes are made, and with more it reads them all', () => {
  // A sample of a row takes some 480 bytes at first.
  const bytes = 150 * ROWS;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program('no-memory.mjs'), bed.netns, String(bytes)],
    {
      encoding: 'utf8',
      timeout: 110_000,
    },
  );
  expect(stderr).toBe('');
  const lacking = { name: 'IpvsError', code: 'ERR_IPVS_NO_MEMORY' };
  expect(JSON.parse(stdout)).toEqual({ scarce: [lacking, lacking], written: 'done', enough: ROWS });
});

// The host's cgroups are its own: on booted kernels alone.
test('a process killed amid a list at its cgroup’s limit of memory leaves the table as it was, and others go on', {
  skip: process.env['IPVS_BED'] === 'host',
}, async () => {
  const cgroups = mkdtempSync(join(tmpdir(), 'ipvs-cgroups-'));
  run('mount', '-t', 'cgroup2', 'none', cgroups);
  const group = join(cgroups, 'ipvs-test');
  try {
    writeFileSync(join(cgroups, 'cgroup.subtree_control'), '+memory');
    mkdirSync(group);
    const child = spawn(process.execPath, [program('lists.mjs'), bed.netns], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid));
    // What it had before counts elsewhere. A list of so many rows takes more than this.
    writeFileSync(join(group, 'memory.max'), String(100 * ROWS));
    child.stdin.end();
    let over = false;
    void closed.then(() => {
      over = true;
    });
    let lists = 0;
    while (!over) {
      expect(await bed.ipvs.destinations(web)).toHaveLength(ROWS);
      lists++;
    }
    expect((await closed)[1]).toBe('SIGKILL');
    expect(readFileSync(join(group, 'memory.events'), 'utf8')).toMatch(/^oom_kill 1$/m);
    expect(lists).toBeGreaterThan(0);
    expect(await bed.ipvs.destinations(web)).toHaveLength(ROWS);
    rmdirSync(group);
  } finally {
    run('umount', cgroups);
    rmdirSync(cgroups);
  }
});
