import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleLibrary } from '../../../scripts/bundle.mjs';
import { entries, valuesOf } from '../../support/entries.ts';

const root = join(import.meta.dirname, '../../..');
mkdirSync(join(root, '.cache'), { recursive: true });
const output = mkdtempSync(join(root, '.cache/bundle-'));
afterAll(() => rmSync(output, { recursive: true, force: true }));

beforeAll(() => bundleLibrary(root, output));

test.each(entries)(
  'the bundled $name exports what the source does, under the names that errors and inspect() print',
  async entry => {
    const bundled = (await import(pathToFileURL(join(output, entry.output)).href)) as Record<string, unknown>;
    expect(Object.keys(bundled).sort()).toEqual([...(await valuesOf(entry))].sort());
    const named = Object.entries(bundled).filter(([, value]) => typeof value === 'function');
    expect(named.map(([, value]) => (value as () => void).name)).toEqual(named.map(([name]) => name));
  },
);
