import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askDirector, controlPath, serveControl } from '../../../lib/cli/director/control.ts';
import { readDirectorFile } from '../../../lib/cli/director/file.ts';
import { type FileSource, fileSource } from '../../../lib/cli/director/source.ts';
import { formatStatus } from '../../../lib/cli/director/status.ts';
import type { Director, Revision } from '../../../lib/director/index.ts';

const text = (ports: readonly number[]) =>
  JSON.stringify(ports.map(port => ({ protocol: 'tcp', address: '10.0.0.1', port, destinations: [] })));

const other = { code: 'drain', message: 'it failed', since: 1 } as const;
const director = {
  state: () => ({
    phase: 'running',
    revision: 'director.json, reading 1',
    isConverged: true,
    isSuspicious: false,
    services: [],
    problems: [other],
  }),
} as unknown as Director;

let folder = '';
let path = '';
let complaints: string[] = [];
let file: FileSource;
let yielded: AsyncIterator<Revision>;
let ending = new AbortController();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-source-'));
  path = join(folder, 'director.json');
  writeFileSync(path, text([80]));
  complaints = [];
  ending = new AbortController();
  const shell = {
    print: () => {},
    complain: (line: string) => void complaints.push(line),
    read: async (name: string) => readFileSync(name, 'utf8'),
  };
  file = fileSource(path, await readDirectorFile(path, shell), shell);
  yielded = file.source(ending.signal)[Symbol.asyncIterator]();
  await yielded.next();
});

afterEach(() => {
  ending.abort();
  rmSync(folder, { recursive: true });
});

const messages = () => file.problems().map(({ message }) => message);

test('a director’s file with mistakes, or that can’t be read, is a problem until it is a good one again', async () => {
  expect(messages()).toEqual([]);
  const next = yielded.next();
  writeFileSync(path, text([80, 99_999, 81, -1, -2]));
  await expect
    .poll(messages, { timeout: 5000 })
    .toEqual(['[1].port must be between 0 and 65535, not 99999 (and 2 mistakes more)']);
  const { since, code } = file.problems()[0]!;
  expect(code).toBe('source');
  expect(Date.now() - since).toBeLessThan(60_000);
  rmSync(path);
  await expect.poll(messages, { timeout: 5000 }).toEqual([expect.stringContaining("can't be read: ENOENT")]);
  expect(file.problems()[0]?.since).toBe(since);
  expect(complaints).toHaveLength(2);
  expect(complaints[0]).toContain('3 mistakes\nnothing was changed');
  writeFileSync(path, text([80, 81]));
  expect((await next).value).toMatchObject({ revision: 'director.json, reading 2' });
  expect(messages()).toEqual([]);
});

test('ipvs status has what is wrong with the file beside the director’s own problems, and what stays in force', async () => {
  const where = controlPath(folder, 'web');
  const control = await serveControl(director, where, file.problems);
  void yielded.next();
  rmSync(path);
  await expect.poll(messages, { timeout: 5000 }).toHaveLength(1);
  const state = (await askDirector(where, { command: 'status' }))!;
  await control.close();
  expect(state.problems).toEqual([other, ...file.problems()]);
  expect(formatStatus(state, false)).toMatch(
    /^director\.json, reading 1 stays in force\nproblem \(drain\): it failed\nproblem \(source\): .*ENOENT.*\n$/m,
  );
});
