import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keepDeclarations } from '../../../scripts/declarations.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ipvs-declarations-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

test('declarations stay that an entry leads to by imports, exports and types, and all else stays', () => {
  write(
    'index.d.ts',
    "export * from './model/table.ts';\nimport type { A } from './a.js';\nexport type B = A;\n",
  );
  write('a.d.ts', "export type A = import('./b.ts').B;\n");
  write('b.d.ts', "import { C } from 'elsewhere';\nimport './gone.ts';\nexport type B = C;\n");
  write('model/table.d.ts', "export { D } from '../d.ts';\n");
  write('d.d.ts', "import type { B } from './index.ts';\nexport type D = B;\n");
  write('inner.d.ts', "export type E = import('./d.ts').D;\n");
  write('model/inner.d.ts', 'export {};\n');
  write('inner.js', 'export {};\n');
  keepDeclarations(folder, ['index.d.ts']);
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.includes('.'));
  expect(left.toSorted()).toEqual([
    'a.d.ts',
    'b.d.ts',
    'd.d.ts',
    'index.d.ts',
    'inner.js',
    'model/table.d.ts',
  ]);
});
