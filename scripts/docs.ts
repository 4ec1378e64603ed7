// Writes the pages of docs/ that are made of comments and of the grammar in lib/, then the API reference in
// api/.
//
//   node --import tsx scripts/docs.ts

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandPage } from './pages/command.ts';
import { errorsPage } from './pages/errors.ts';

const root = join(import.meta.dirname, '..');

writePage('docs/errors.md', () => errorsPage(root));
writePage('docs/command.md', commandPage);
const { status } = spawnSync(process.execPath, ['node_modules/typedoc/bin/typedoc'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

function writePage(page: string, make: (text: string) => string): void {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const made = make(text);
  if (made === text) return;
  writeFileSync(path, made);
  console.log(`wrote ${page}`);
}
