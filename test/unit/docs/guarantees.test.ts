import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');

test('every test that docs/guarantees.md names is in the file that it names', () => {
  const named = [...page.matchAll(/^ {2}- `(test\/[\w./-]+)`: "(.+)"$/gm)];
  expect(named.length).toBeGreaterThan(15);
  expect(named.length).toBe(page.match(/^ {2}- /gm)?.length);
  const absent = named.filter(([, file, title]) => {
    const text = readFileSync(join(root, file!), 'utf8');
    return !text.includes(`test('${title}'`) && !text.includes(`TEST_CASE("${title}")`);
  });
  expect(absent.map(([line]) => line)).toEqual([]);
});
