import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { load } from '../../../lib/addon/load.ts';
import { IpvsError } from '../../../lib/index.ts';

const here = join(import.meta.dirname, '../../..');
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ipvs-load-'));
});
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
  mkdirSync(join(root, 'native', 'build', 'Release'), { recursive: true });
  writeFileSync(join(root, 'native', 'build', 'Release', 'ipvs.node'), 'not an ELF file');
  const error = failing();
  expect(error.code).toBe('ERR_IPVS_ADDON_MISSING');
  expect(String(error.cause)).toContain('ipvs.node');
});

test('without an addon the package loads, and keys and rules work for IPv6 too', () => {
  cpSync(join(here, 'lib'), join(root, 'lib'), { recursive: true });
  cpSync(join(here, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(here, 'node_modules'), join(root, 'node_modules'));
  const program = join(root, 'program.ts');
  writeFileSync(
    program,
    `import { formatRules, Ipvs, parseRules, serviceKey } from './lib/index.ts';
     console.log(serviceKey({ protocol: 'tcp', address: '0:0::1', port: 80 }));
     console.log(formatRules(parseRules('-A -t [FD00:0::1]:53')));
     await new Ipvs().services().catch(error => console.log(error.code));`,
  );
  const output = execFileSync(process.execPath, ['--import', 'tsx', program], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(output).toBe('tcp [::1]:80\n-A -t [fd00::1]:53 -s wlc\n\nERR_IPVS_ADDON_MISSING\n');
});
