import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

// The rules of ARCHITECTURE.md: which room may know of which.

const root = join(import.meta.dirname, '../../..');

/** The rooms of lib/, from the lowest, and which others each may import. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'package.ts': [],
  model: [],
  rules: ['model'],
  addon: ['model', 'package.ts'],
  proc: ['model'],
  calls: ['model', 'addon'],
  statistics: ['model', 'addon', 'calls'],
  records: ['model', 'addon', 'calls'],
  drain: ['model', 'proc', 'calls', 'records'],
  reconcile: ['model', 'rules', 'addon', 'calls', 'records', 'drain'],
  'namespace.ts': ['model'],
  'options.ts': ['namespace.ts'],
  health: ['model', 'addon', 'calls', 'namespace.ts'],
  'client.ts': [
    'model',
    'addon',
    'proc',
    'calls',
    'statistics',
    'drain',
    'reconcile',
    'namespace.ts',
    'options.ts',
  ],
  metrics: ['model', 'proc', 'statistics', 'client.ts'],
  director: ['model', 'proc', 'calls', 'records', 'drain', 'reconcile', 'health', 'client.ts'],
  'index.ts': [
    'model',
    'rules',
    'proc',
    'calls',
    'statistics',
    'drain',
    'reconcile',
    'client.ts',
    'namespace.ts',
    'options.ts',
  ],
  cli: [
    'model',
    'rules',
    'addon',
    'proc',
    'calls',
    'statistics',
    'drain',
    'reconcile',
    'records',
    'health',
    'director',
    'package.ts',
    'client.ts',
    'namespace.ts',
    'metrics',
  ],
};

/** The rooms of native/, from the lowest: each may include its own headers and those of rooms before it. */
const nativeRooms = ['codec', 'os', 'netlink', 'table', 'calls', 'cli', 'node'];
/**
 * Folders that are no rooms: the compiler's output, how libnl is compiled, and what a package carries of
 * others.
 */
const notRooms = ['build', 'libnl', 'third_party'];

/** All files below a folder with one of these extensions, as paths from it. */
function filesIn(folder: string, extensions: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => extensions.test(path))
    .sort();
}

function roomOf(path: string): string {
  return path.split('/', 1)[0]!;
}

/**
 * The imports of each file of lib/, types and import() included: files by their paths from lib/, packages by
 * name.
 */
const imports: ReadonlyMap<string, readonly string[]> = new Map(
  filesIn('lib', /\.ts$/).map(file => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(root, 'lib', file), 'utf8'));
    const names = importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? join(dirname(file), fileName) : fileName,
    );
    return [file, names];
  }),
);

function isOwn(name: string): boolean {
  return imports.has(name);
}

describe('lib/', () => {
  test('lib/ has only rooms that the rules name, and all of those', () => {
    expect([...new Set([...imports.keys()].map(roomOf))].sort()).toEqual(Object.keys(rooms).sort());
  });

  test('no room of lib/ imports another than its rule allows', () => {
    const wrong = [...imports].flatMap(([file, names]) =>
      names
        .filter(isOwn)
        .filter(name => roomOf(name) !== roomOf(file) && !rooms[roomOf(file)]?.includes(roomOf(name)))
        .map(name => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the table of ARCHITECTURE.md says of each room what its rule does', () => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const rows = [...page.matchAll(/^\| \[([\w.]+)\]\(lib\/\1\) +\|[^|]+\| (.+?) +\|$/gm)];
    const told = rows.map(([, room]) => room!);
    // Single files that most rooms may know have no row.
    const small = ['package.ts', 'namespace.ts', 'options.ts'];
    expect([...told, ...small].sort()).toEqual(Object.keys(rooms).sort());
    for (const [i, [, room, words]] of rows.entries()) {
      const named = (words!.match(/[\w.]+/g) ?? []).filter(word => told.includes(word));
      const allowed = words!.startsWith('all above')
        ? told.slice(0, i).filter(above => !named.includes(above))
        : named;
      const ruled = rooms[room!]!.filter(other => !small.includes(other));
      expect([room, ...allowed.toSorted()]).toEqual([room, ...ruled.toSorted()]);
    }
  });

  test('no files of lib/ import one another in a circle', () => {
    expect(findCircle(imports)).toBeUndefined();
  });

  test('the room model does no input or output', () => {
    const builtins = new Set(builtinModules);
    const used = [...imports]
      .filter(([file]) => roomOf(file) === 'model')
      .flatMap(([, names]) => names.filter(name => builtins.has(name.replace(/^node:/, ''))));
    expect([...new Set(used)].filter(name => name !== 'node:util')).toEqual([]);
  });

  test('lib/ imports no package that is not installed with this one, but for optional peers', () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Readonly<Record<'dependencies' | 'peerDependencies', Readonly<Record<string, string>>>>;
    const known = { ...dependencies, ...peerDependencies };
    const foreign = [...imports.values()].flat().filter(name => !isOwn(name) && !name.startsWith('node:'));
    expect([...new Set(foreign)].filter(name => !(name in known))).toEqual([]);
  });
});

/** The files of one circle in the order in which they import one another; undefined when there is none. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    const from = path.indexOf(file);
    if (from !== -1) return [...path.slice(from), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe('native/', () => {
  const sources = filesIn('native', /\.(?:cc|h)$/).filter(file => !notRooms.includes(roomOf(file)));
  const includesOf = (file: string) =>
    [...readFileSync(join(root, 'native', file), 'utf8').matchAll(/^#include ["<]([^">]+)[">]/gm)].map(
      ([, path]) => path!,
    );

  test('native/ has only rooms that the rules name, and all of those', () => {
    expect([...new Set(sources.map(roomOf))].sort()).toEqual([...nativeRooms].sort());
  });

  test('native/ includes headers by their paths from the top, of the same room or one before it', () => {
    const wrong = sources.flatMap(file =>
      includesOf(file)
        .filter(path => {
          if (!path.startsWith('native/')) return sources.some(other => basename(other) === path);
          return nativeRooms.indexOf(roomOf(path.slice(7))) > nativeRooms.indexOf(roomOf(file));
        })
        .map(path => `${file} includes ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test('only native/node/ knows Node-API', () => {
    const users = sources.filter(file =>
      includesOf(file).some(path => /^n(?:ode_)?api/.test(basename(path))),
    );
    expect([...new Set(users.map(roomOf))]).toEqual(['node']);
  });
});
