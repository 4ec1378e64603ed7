import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import * as source from '../../../lib/index.ts';
import { bundleLibrary } from '../../../scripts/bundle.mjs';

const root = join(import.meta.dirname, '../../..');
mkdirSync(join(root, '.cache'), { recursive: true });
const output = mkdtempSync(join(root, '.cache/bundle-'));
afterAll(() => rmSync(output, { recursive: true, force: true }));

test('the bundled library exports what the source does, under the names that errors and inspect() print', async () => {
  await bundleLibrary(root, output);
  const bundled = (await import(pathToFileURL(join(output, 'index.js')).href)) as Record<string, unknown>;
  expect(Object.keys(bundled).sort()).toEqual(Object.keys(source).sort());
  const named = Object.entries(bundled).filter(([, value]) => typeof value === 'function');
  expect(named.map(([, value]) => (value as () => void).name)).toEqual(named.map(([name]) => name));
});
