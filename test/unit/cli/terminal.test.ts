import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const terminal = new URL('../../../lib/cli/terminal.ts', import.meta.url);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program that prints 30 blocks of 64 KiB until nobody reads them, and says how many it printed. */
const script = `
import { setTimeout } from 'node:timers/promises';
const { processShell: shell } = await import('${terminal}');
let blocks = 0;
try {
  while (blocks < 30 && shell.hasReader()) {
    shell.print('x'.repeat(1 << 16));
    if (++blocks % 5 === 0) await setTimeout(20);
  }
} catch (error) {
  shell.complain(error.message);
}
shell.complain(blocks);
`;

function start(stdout: 'pipe' | number) {
  const words = ['--import', 'tsx', '--input-type=module', '-e', script];
  return spawn(process.execPath, words, { cwd: root, stdio: ['ignore', stdout, 'pipe'] });
}

/** The complaints and the exit status of a process. */
async function end(child: ReturnType<typeof start>) {
  const [stderr, [status]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
  return { stderr, status: status as number };
}

test('a reader that leaves output unread ends the printing without a complaint', async () => {
  const child = start('pipe');
  child.stdout!.once('readable', () => child.stdout!.destroy());
  const { stderr, status } = await end(child);
  expect(stderr).toMatch(/^\d+\n$/);
  expect(Number(stderr)).toBeLessThan(30);
  expect(status).toBe(0);
});

test('a full disk is reported in one line, without a stack', async () => {
  const full = openSync('/dev/full', 'w');
  const { stderr } = await end(start(full));
  closeSync(full);
  expect(stderr).toBe('ENOSPC: no space left on device, write\n0\n');
});

test('a full pipe that somebody made non-blocking is waited for', async () => {
  const child = start('pipe');
  await new Promise(resolve => setTimeout(resolve, 500));
  let length = 0;
  child.stdout!.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  expect(await end(child)).toEqual({ stderr: '30\n', status: 0 });
  expect(length).toBe(30 << 16);
});

test('a file is read without the byte order mark that it may begin with, from standard input too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-marked-'));
  const path = join(folder, 'rules');
  writeFileSync(path, '\ufeff-A -f 1\n');
  const read = `const { processShell } = await import('${terminal}'); console.log(JSON.stringify(await Promise.all(process.argv.slice(1).map(processShell.read))));`;
  const { stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', read, path, '-'],
    { cwd: root, encoding: 'utf8', input: readFileSync(path) },
  );
  rmSync(folder, { recursive: true });
  expect(JSON.parse(stdout)).toEqual(['-A -f 1\n', '-A -f 1\n']);
});

test('standard input that somebody made non-blocking is read whole, however it comes', async () => {
  // process.stdin makes it so, as a process does that has the same pipe.
  const read = `void process.stdin;
    const { processShell } = await import('${terminal}');
    console.log('reading');
    console.log(await processShell.read('-'));`;
  const words = ['--import', 'tsx', '--input-type=module', '-e', read];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const snowman = Buffer.from('☃');
  child.stdin.write(Buffer.concat([Buffer.from('begun, '), snowman.subarray(0, 1)]));
  const [said] = await once(child.stdout, 'data');
  await new Promise(resolve => setTimeout(resolve, 300));
  child.stdin.end(snowman.subarray(1));
  expect(`${said}${await text(child.stdout)}`).toBe('reading\nbegun, ☃\n');
});
