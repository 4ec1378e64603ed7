import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedFile, followFile } from '../../../lib/cli/director/follow.ts';

let folder = '';
let path = '';
let followed: FollowedFile | undefined;
let changes = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-follow-'));
  path = join(folder, 'director.json');
  changes = 0;
});

afterEach(() => {
  followed?.stop();
  rmSync(folder, { recursive: true });
});

function follow(): void {
  const fail = (error: Error) => expect.fail(error.message);
  followed = followFile(path, () => changes++, fail);
}

const told = (count: number) => expect.poll(() => changes, { timeout: 5000 }).toBe(count);

test('a file that is written, replaced, removed or made again has changed, and each time is told once', async () => {
  writeFileSync(path, '1');
  follow();
  writeFileSync(path, '2');
  writeFileSync(path, '3');
  await told(1);
  writeFileSync(`${path}~`, '4');
  renameSync(`${path}~`, path);
  await told(2);
  rmSync(path);
  await told(3);
  writeFileSync(path, '5');
  await told(4);
});

test('other files of its folder may change as they like', async () => {
  writeFileSync(path, '1');
  follow();
  for (let i = 0; i < 5; i++) {
    writeFileSync(join(folder, 'other'), String(i));
    await sleep(60);
  }
  await sleep(300);
  expect(changes).toBe(0);
});

test('a file has changed when a link on its way leads elsewhere, as Kubernetes has it, and when that is written', async () => {
  for (const version of ['one', 'two']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'director.json'), version);
  }
  symlinkSync('one', join(folder, '..data'));
  symlinkSync('..data/director.json', path);
  follow();
  symlinkSync('two', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  await told(1);
  writeFileSync(join(folder, 'two', 'director.json'), 'three');
  await told(2);
});
