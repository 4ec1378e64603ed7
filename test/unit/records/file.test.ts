import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOperators } from '../../../lib/records/directors.ts';
import { drainKey, readDrains, removeDrains, writeDrain } from '../../../lib/records/drains.ts';
import { readRecordFiles, writeRecordFile } from '../../../lib/records/file.ts';

const newDirectory = () => join(mkdtempSync(join(tmpdir(), 'ipvs-records-')), 'drains');
const isAny = (data: unknown): data is { readonly n: number } => typeof data === 'object';

test('records of one name that are written at once all succeed, and one of them is there', async () => {
  const directory = newDirectory();
  await Promise.all(Array.from({ length: 20 }, (_, n) => writeRecordFile(directory, 'one', { n })));
  expect(await readRecordFiles(directory, isAny, () => 'one')).toHaveLength(1);
  expect(readdirSync(directory)).toEqual(['one.json']);
});

test('a record that could not be put in its place leaves no draft', async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, 'one.json'), { recursive: true });
  writeFileSync(join(directory, 'one.json', 'in-the-way'), '');
  await expect(writeRecordFile(directory, 'one', { n: 1 })).rejects.toMatchObject({
    code: 'ERR_IPVS_RECORD',
  });
  expect(readdirSync(directory)).toEqual(['one.json']);
});

test('no umask makes the directory of records one that others may write to', async () => {
  const directory = newDirectory();
  const before = process.umask(0);
  try {
    await writeRecordFile(directory, 'one', { n: 1 });
  } finally {
    process.umask(before);
  }
  expect(statSync(directory).mode & 0o777).toBe(0o755);
});

test('records of drains are removed by destination or service, damaged ones too, but none that began since', async () => {
  const directory = dirname(newDirectory());
  const none = () => expect.fail('nobody asks for keys where no drain is recorded');
  await removeDrains(directory, none, 10);
  const service = (port: number) => ({ protocol: 'tcp', address: '10.0.0.1', port }) as const;
  const destination = (host: number) => ({ address: `fd00::${host}`, port: 80 });
  const places = [8, 80, 81].flatMap(port =>
    [1, 2, 3].map(host => [service(port), destination(host)] as const),
  );
  for (const [i, place] of places.entries()) {
    await writeDrain(directory, { service: place[0], destination: place[1], weight: 1, started: i });
  }
  const [first] = readdirSync(join(directory, 'drains'));
  writeFileSync(join(directory, 'drains', first!), '{');
  writeFileSync(join(directory, 'drains', '%.json'), '{');
  const drains = new Set([drainKey(service(8), destination(1)), drainKey(service(81), destination(1))]);
  await removeDrains(directory, () => ({ drains, services: new Set(['tcp 10.0.0.1:80']) }), 5);
  const left = readdirSync(join(directory, 'drains')).map(name => name.slice(0, -'.json'.length));
  const keys = places.map(([id, row]) => drainKey(id, row)).map(encodeURIComponent);
  expect(left.toSorted()).toEqual(['%', keys[1], keys[2], keys[5], keys[6], keys[7], keys[8]].toSorted());
});

describe('a record that is damaged', () => {
  const drain = {
    formatVersion: 1,
    service: { protocol: 'tcp', address: '10.0.0.1', port: 80 },
    destination: { address: '10.0.1.1', port: 80 },
    weight: 1,
    started: 1,
  };
  const name = 'tcp%2010.0.0.1%3A80%20-%3E%2010.0.1.1%3A80.json';

  test.each([
    [{ ...drain, service: null }],
    [{ ...drain, service: { protocol: 'tcp', address: 'x', port: 80 } }],
    [{ ...drain, destination: {} }],
    [{ ...drain, weight: -1 }],
    [{ ...drain, weight: null }],
    [{ ...drain, started: 'now' }],
    [{ ...drain, destination: { address: '10.0.1.2', port: 80 } }],
    [null],
  ])('a damaged record of a drain is an error that names the file: %j', async record => {
    const directory = newDirectory();
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, name), JSON.stringify(drain));
    expect((await readDrains(dirname(directory))).size).toBe(1);
    writeFileSync(join(directory, name), JSON.stringify(record));
    await expect(readDrains(dirname(directory))).rejects.toMatchObject({
      code: 'ERR_IPVS_RECORD',
      message: expect.stringContaining(name),
    });
  });

  const said = { service: drain.service, destination: drain.destination, admin: 'drain' };

  test.each([
    [{ ...said, service: null }],
    [{ ...said, service: {} }],
    [{ ...said, destination: { address: 'x', port: 80 } }],
    [{ ...said, admin: 'up' }],
    [{ ...said, weight: -1 }],
    [{ ...said, weight: '5' }],
    [null],
  ])('a damaged record of what operators said is an error that names the file: %j', async record => {
    const folder = join(dirname(newDirectory()), 'directors');
    const write = (operators: readonly unknown[]) =>
      writeFileSync(join(folder, 'web.json'), JSON.stringify({ formatVersion: 1, operators }));
    mkdirSync(folder);
    write([said, { ...said, weight: 0 }]);
    expect(await readOperators(dirname(folder), 'web')).toHaveLength(2);
    write([said, record]);
    await expect(readOperators(dirname(folder), 'web')).rejects.toMatchObject({
      code: 'ERR_IPVS_RECORD',
      message: expect.stringContaining('web.json'),
    });
  });
});

test.each([
  ['', 'the file is empty'],
  ['{"formatVersion":1,"ow', 'the file is damaged: it holds no JSON'],
  ['{}', 'it is not a record of format 1'],
])('a record of %j is told in plain words, without what the file holds', async (text, words) => {
  const directory = newDirectory();
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'one.json');
  writeFileSync(path, text);
  await expect(readRecordFiles(directory, isAny, () => 'one')).rejects.toThrow(
    new RegExp(`^${path}: what is recorded about this network namespace can't be read: ${words}$`),
  );
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

test.skipIf(!canMount)('records on a read-only file system are told as that, with their file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipvs-records-'));
  const program = `
    import { makeDirectory, removeRecordFile, writeRecordFile } from './lib/records/file.ts';
    const [, directory] = process.argv;
    const calls = [
      () => writeRecordFile(directory, 'one', {}),
      () => writeRecordFile(directory + '/a/b', 'one', {}),
      () => makeDirectory(directory + '/a/b'),
    ];
    for (const call of calls) await call().catch(({ message }) => console.log(message));`;
  const mount = 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"';
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, directory];
  const words = ['-m', 'sh', '-c', mount, 'sh', directory, ...node];
  const output = execFileSync('unshare', words, {
    cwd: join(import.meta.dirname, '../../..'),
    encoding: 'utf8',
  });
  const told = (path: string) =>
    `${path}: what is recorded about this network namespace can't be written: the file system is read-only`;
  expect(output.split('\n')).toEqual([
    told(join(directory, 'one.json')),
    told(join(directory, 'a/b/one.json')),
    expect.stringContaining('EROFS'),
    '',
  ]);
});
