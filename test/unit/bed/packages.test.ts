import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { downloadPackage } from '../../bed/packages.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipvs-packages-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a package is downloaded to where it is wanted, whatever an npm around it was told', async () => {
  const [source, wanted, elsewhere] = ['source', 'wanted', 'elsewhere'].map(name => join(folder, name));
  for (const path of [source!, wanted!, elsewhere!]) mkdirSync(path);
  writeFileSync(join(source!, 'package.json'), '{ "name": "small", "version": "1.2.3" }');
  vi.stubEnv('npm_config_pack_destination', elsewhere);
  vi.stubEnv('npm_config_dry_run', 'true');
  try {
    expect(await downloadPackage(source!, wanted!)).toBe('small-1.2.3.tgz');
  } finally {
    vi.unstubAllEnvs();
  }
  expect([readdirSync(wanted!), readdirSync(elsewhere!)]).toEqual([['small-1.2.3.tgz'], []]);
});
