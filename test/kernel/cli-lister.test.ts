import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../lib/cli/run.ts';
import { parseRules } from '../../lib/index.ts';
import { cases, scenes } from './cli-cases.ts';
import { useBed } from './support.ts';

// The two small programs around the command: dist/ipvs, which starts it, and ipvs-list, which it asks first for lists with statistics.

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'dist/ipvs');
const lister = join(root, 'native/build/Release/ipvs-list');
const NOT_MINE = { status: 75, stdout: '', stderr: '' };

const bed = useBed();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-lister-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function start(program: string, words: readonly string[], before: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    'ip',
    ['netns', 'exec', bed.netns, ...before, program, ...words],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

/** What the command prints, which is compared with ipvsadm's in cli.test.ts. */
async function listing(words: readonly string[]): Promise<string> {
  let stdout = '';
  await runCommandLine(words, {
    netns: bed.netns,
    print: text => {
      stdout += Buffer.from(text).toString();
    },
    complain: () => {},
    read: async () => '',
  });
  return stdout;
}

async function load(rules: string): Promise<void> {
  await bed.ipvs.flush();
  for (const { destinations, ...service } of parseRules(rules)) {
    await bed.ipvs.addService(service);
    for (const destination of destinations) await bed.ipvs.addDestination(service, destination);
  }
}

test.each(['empty', 'some', 'odd'] as const)('what ipvs-list lists, table “%s”', async scene => {
  await load(scenes[scene]);
  const words = [
    '-Ln --stats',
    '-Ln --rate',
    '-l --numeric --stats --exact --nosort',
    '-ln --rate --nosort',
    '--list --rate --exact -n --sort',
  ];
  for (const one of words) {
    const stdout = await listing(one.split(' '));
    expect(start(lister, one.split(' ')), one).toEqual({ status: 0, stdout, stderr: '' });
    expect(stdout).toMatch(/^IP Virtual Server version /);
  }
});

test('it leaves everything else to the command', () => {
  const known = /^(?:-L -n|-Ln)(?: --nosort)? --(?:stats|rate)(?: --exact)?$/;
  const others = cases
    .map(({ words }) => words)
    .filter(words => /^-\w*[lL]|--list|--stats|--rate/.test(words) && !known.test(words));
  expect(others.length).toBeGreaterThan(80);
  others.push('', '-C', '-Ln --stats --stats', '-Ln --stats --sort --nosort', '--stats -Ln', '-Ln --stats x');
  for (const words of others) {
    const { status, stdout, stderr } = spawnSync(lister, words.split(' '), { encoding: 'utf8' });
    expect({ status, stdout, stderr }, words).toEqual(NOT_MINE);
  }
});

test('and what fails', () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  expect(start(lister, ['-Ln', '--stats'], nobody)).toEqual(NOT_MINE);
  const { status, stdout, stderr } = start(launcher, ['-Ln', '--stats'], nobody);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/CAP_NET_ADMIN/);
});

test('a reader that has seen enough is no error, a full disk is', async () => {
  await load(
    `-A -f 1\n${Array.from({ length: 2000 }, (_, i) => `-a -f 1 -r 10.0.0.1:${i + 1} -m\n`).join('')}`,
  );
  const run = (script: string) =>
    spawnSync('ip', ['netns', 'exec', bed.netns, 'bash', '-c', script, lister], { encoding: 'utf8' });
  const { stdout, stderr } = run('{ "$0" -Ln --stats; echo "status $?" >&2; } | head -1');
  expect(stdout).toMatch(/^IP Virtual Server version .*\n$/);
  expect(stderr).toBe('status 0\n');
  const full = run('"$0" -Ln --stats >/dev/full');
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^ipvs: .+\n$/);
});

test('the command finds its package wherever npm links it', async () => {
  await load(scenes.single);
  const stdout = await listing(['-Ln', '--stats']);
  const links = ['node_modules/.bin/ipvs', 'bin/ipvs', 'elsewhere/lvs'].map(link => join(folder, link));
  for (const packages of ['node_modules', 'lib/node_modules']) {
    mkdirSync(join(folder, packages), { recursive: true });
    symlinkSync(root, join(folder, packages, 'ipvs'));
  }
  for (const link of links) {
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(launcher, link);
  }
  for (const link of [launcher, ...links]) {
    expect(start(link, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
    expect(start(link, ['--version']).stdout).toMatch(/^ipvs v/);
  }
});

test('the command lists by itself where ipvs-list is missing or cannot be run', async () => {
  await load(scenes.single);
  const stdout = await listing(['-Ln', '--stats']);
  const other = join(folder, 'other');
  mkdirSync(join(other, 'native/build/Release'), { recursive: true });
  for (const name of ['dist', 'package.json', 'native/build/Release/ipvs.node']) {
    cpSync(join(root, name), join(other, name), { recursive: true });
  }
  const command = join(other, 'dist/ipvs');
  expect(start(command, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
  const broken = join(other, 'native/build/Release/ipvs-list');
  writeFileSync(broken, '#!/nowhere/interpreter\n');
  chmodSync(broken, 0o755);
  expect(start(command, ['-Ln', '--stats'])).toMatchObject({ status: 0, stdout });
});
