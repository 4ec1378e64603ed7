import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const docs = join(import.meta.dirname, '../../../docs');
const units = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.service'),
);

/** What systemd has to say about a unit: it complains of what it does not know, and exits with 0. */
function complaintsAbout(file: string): readonly string[] {
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  // Of units that are installed here it complains, too.
  return `${stdout}${stderr}`.split('\n').filter(line => line.startsWith(file));
}

const isInstalled = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.skipIf(!isInstalled)('units of systemd’s in docs', () => {
  test.each(units)('systemd has nothing to complain of in %s', name => {
    expect(complaintsAbout(join(docs, name))).toEqual([]);
  });

  test('there are units for the boot, a director and the exporter', () => {
    expect(units.toSorted()).toEqual([
      'boot/ipvs-director.service',
      'boot/ipvs.service',
      'exporter/ipvs-exporter.service',
    ]);
  });

  test('systemd complains of a unit with a key that it does not know', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvs-units-'));
    try {
      const file = join(folder, 'wrong.service');
      writeFileSync(file, `${readFileSync(join(docs, units[0]!), 'utf8')}\n[Service]\nRestrat=always\n`);
      expect(complaintsAbout(file).join('\n')).toContain("'Restrat'");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
