import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly dev?: true; readonly devOptional?: true }>
  >;
}

test('what npm installs with the package is two small modules under the MIT licence, which NOTICE names', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const installed = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev === undefined && devOptional === undefined)
    .map(([path, { license }]) => `${path.replace('node_modules/', '')}: ${license}`);
  expect(installed).toEqual(['bindings: MIT', 'file-uri-to-path: MIT']);
  expect(readFileSync(join(root, 'NOTICE'), 'utf8')).toMatch(/^bindings, file-uri-to-path$/m);
});
