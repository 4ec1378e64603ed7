import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../.github/workflows');
const texts = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'));
const uses = texts.flatMap(text => [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map(match => match[1]!));

test('every action of others is pinned by the hash of a commit, and says which release that is', () => {
  const others = uses.filter(action => !action.startsWith('./'));
  expect(others.length).toBeGreaterThan(10);
  expect(others.filter(action => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
});

test('every action of others is pinned to one commit in all workflows', () => {
  const commits = new Map<string, Set<string>>();
  for (const action of uses) {
    const [name = '', commit = ''] = action.split('@');
    commits.set(name, (commits.get(name) ?? new Set()).add(commit));
  }
  expect([...commits.entries()].filter(([, { size }]) => size > 1)).toEqual([]);
});

test('every tarball that npm is given is a path that it can’t take for a repository on GitHub', () => {
  const tarballs = texts.flatMap(text =>
    [...text.matchAll(/\bnpm (?:publish|install)\b.*?(\S+\.tgz)/g)].map(match => match[1]!),
  );
  expect(tarballs.length).toBeGreaterThan(1);
  expect(tarballs.filter(path => !/^\.{0,2}\//.test(path))).toEqual([]);
});
