import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { load } from '../../lib/addon/load.ts';
import { IpvsError } from '../../lib/index.ts';

const root = mkdtempSync(join(tmpdir(), 'ipvs-binding-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function failing(): IpvsError {
  try {
    load(root);
  } catch (error) {
    return error as IpvsError;
  }
  return expect.fail('it loaded');
}

test('a missing addon says how to build it', () => {
  const error = failing();
  expect(error).toBeInstanceOf(IpvsError);
  expect(error.code).toBe('ERR_IPVS_ADDON_MISSING');
  expect(error.message).toContain('npx node-gyp rebuild');
  expect(error.message).toContain('libnl-genl-3-dev');
});

test('a file that is no addon is told from a missing one by its cause', () => {
  mkdirSync(join(root, 'build', 'Release'), { recursive: true });
  writeFileSync(join(root, 'build', 'Release', 'ipvs.node'), 'not an ELF file');
  const error = failing();
  expect(error.code).toBe('ERR_IPVS_ADDON_MISSING');
  expect(String(error.cause)).toContain('ipvs.node');
});
