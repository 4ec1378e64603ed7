import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../lib/addon/load.ts';
import { parseRules } from '../../lib/index.ts';
import { install } from '../support/install.ts';
import { runCommand } from '../support/run-command.ts';
import { tables } from './arbitraries.ts';
import { onlyReads, restore, type State, setUp, stateOf } from './cli-beds.ts';
import { type Case, cases, type Scene, scenes, split } from './cli-cases.ts';
import { commandLines } from './cli-lines.ts';
import { type NetnsShell, startShell } from './netns-shell.ts';
import { useBed } from './support.ts';

// ipvs-quick on a kernel. What it and the launcher do without one is tested in test/unit/cli/launcher.test.ts.

const bed = useBed();
const installation = install();
afterAll(() => installation.remove());

const quick = `node_modules/ipvs/native/build/Release/ipvs-quick-${process.arch}`;
const program = join(installation.folder, quick);
const command = '/nonexistent/command';

function start(program: string, words: readonly string[], before: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    'ip',
    ['netns', 'exec', bed.netns, ...before, program, ...words],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

/** The listing that the command prints. cli.test.ts compares it with ipvsadm's. */
async function listing(words: readonly string[]): Promise<string> {
  return (await runCommand(words, bed.netns)).stdout;
}

async function load(rules: string): Promise<void> {
  await bed.ipvs.flush();
  for (const { destinations, ...service } of parseRules(rules)) {
    await bed.ipvs.addService(service);
    for (const destination of destinations) await bed.ipvs.addDestination(service, destination);
  }
}

const both = useBed();
let shell: NetnsShell;
beforeAll(async () => {
  shell = startShell(bed.netns);
  await shell.run(['export', 'PATH=/nowhere']);
});
afterAll(() => shell.end());

/** What ipvs-quick says where it would become Node.js, and there is none. */
const declined = { status: 127, stdout: '', stderr: 'ipvs: node: No such file or directory\n' };

/**
 * Does a command line in two namespaces that are alike, in one by ipvs-quick and in the other by Node.js, and
 * returns how the two differ: nothing, if all is well. A line that ipvs-quick leaves to Node.js is done there
 * from its start, so that all it must do is to change nothing itself. `before` is the state of both.
 */
async function doBothWays(words: readonly string[], before: State, reads: boolean) {
  const quick = await shell.run([program, command, ...words]);
  const isDeclined = quick.status === declined.status;
  const node = isDeclined ? declined : await runCommand(words, reads ? bed.netns : both.netns);
  const left = reads ? before : await stateOf(bed.ipvs);
  const right = reads || isDeclined ? before : await stateOf(both.ipvs);
  const differences: string[] = [];
  const compare = (what: string, one: unknown, other: unknown) => {
    const [ours, theirs] = [one, other].map(value => JSON.stringify(value));
    if (ours !== theirs) differences.push(`${words.join(' ')}: ${what} ${ours}, by Node.js ${theirs}`);
  };
  compare('ends with', quick, node);
  compare('leaves', left, right);
  return { isDeclined, differences, left, right };
}

/**
 * Whether ipvs-quick does anything about a line. At others it becomes Node.js at once, as
 * test/unit/cli/usual.test.ts and launcher.test.ts see without a kernel.
 */
function isUsual({ words, input }: Pick<Case, 'words' | 'input'>): boolean {
  return input === undefined && native().usualCommand(split(words)) !== undefined;
}

test('every usual case ends by ipvs-quick as by Node.js alone, in state, output and status', async () => {
  const wrong: string[] = [];
  let done = 0;
  let scene: Scene | undefined;
  let before: State | undefined;
  const lines = Object.values(cases).flat().filter(isUsual);
  for (const one of lines) {
    if (one.scene !== scene) {
      await Promise.all([bed, both].map(({ ipvs }) => setUp(ipvs, one.scene)));
      scene = one.scene;
      before = await stateOf(bed.ipvs);
    }
    const { isDeclined, differences, left, right } = await doBothWays(
      split(one.words),
      before!,
      onlyReads(one),
    );
    wrong.push(...differences);
    if (!isDeclined) done++;
    if (left !== before) await restore(bed.ipvs, left, before!);
    if (right !== before) await restore(both.ipvs, right, before!);
  }
  expect(wrong.join('\n')).toBe('');
  console.log(`${done} of ${lines.length} usual cases done by ipvs-quick, and compared with Node.js`);
  expect(done).toBeGreaterThan(150);
}, 240_000);

const LINES = 5 * Number(process.env['IPVS_PROPERTY_RUNS'] ?? (process.env['CI'] ? 12 : 6));

test('usual command lines at random end by ipvs-quick as by Node.js alone', async () => {
  await Promise.all([bed, both].map(({ ipvs }) => setUp(ipvs, 'some')));
  let done = 0;
  // What one line leaves is what the next one finds: so there is something to change or refuse.
  let before = await stateOf(bed.ipvs);
  for (const words of fc.sample(
    commandLines.filter(line => native().usualCommand(line) !== undefined),
    LINES,
  )) {
    const { isDeclined, differences, left } = await doBothWays(words, before, false);
    expect(differences).toEqual([]);
    before = left;
    if (!isDeclined) done++;
  }
  console.log(`${done} of ${LINES} command lines done by ipvs-quick, and compared with Node.js`);
  expect(done).toBeGreaterThan(LINES / 10);
}, 240_000);

/**
 * Restores rules in both namespaces, in one by ipvs-quick, and tells how they differ; nothing, if all is well. Node.js
 * is there to word what the kernel refuses.
 */
async function restoreBothWays(rules: string) {
  const path = `PATH=${dirname(installation.node)}:${process.env['PATH']}`;
  const quick = await shell.run(['/usr/bin/env', path, installation.command, '-R'], rules);
  const node = await runCommand(['-R'], both.netns, rules);
  expect([rules, quick]).toEqual([rules, node]);
  expect([rules, await stateOf(bed.ipvs)]).toEqual([rules, await stateOf(both.ipvs)]);
  return quick;
}

test('rules are restored by ipvs-quick as by Node.js alone, and so is told what the kernel refuses', async () => {
  const rules = Object.values(cases)
    .flat()
    .flatMap(({ scene, words, input = '' }) => (words === '-R' && scene === 'some' ? input : []))
    .filter(input => input.trim() !== '' && native().usualRules(input) !== undefined);
  expect(rules.length).toBeGreaterThan(6);
  const partly = `${ordinary}-D -t 10.0.0.1:443\n# the next two are refused\n-D -t 10.0.0.1:443\n-A -f 5 -s nonesuch\n-A -f 6\n`;
  const many = Array.from({ length: 300 }, (_, i) => `-a -f 7 -r 10.2.0.1:${(i % 290) + 1} -m\n`).join('');
  for (const text of [...rules, partly, many]) {
    await Promise.all([bed, both].map(({ ipvs }) => setUp(ipvs, 'some')));
    await restoreBothWays(text);
  }
  const { status, stderr } = await restoreBothWays('-A -f 6\n-A -f 6\n');
  expect({ status, stderr }).toEqual({
    status: 255,
    stderr: 'line 2: service fwmark 6 ipv4 exists already; -E changes it\n',
  });
}, 120_000);

test('ipvs-quick restores rules by itself where nothing is refused', async () => {
  await bed.ipvs.flush();
  expect(await shell.run([program, command, '-R'], ordinary)).toEqual({ status: 0, stdout: '', stderr: '' });
  await both.ipvs.flush();
  await runCommand(['-R'], both.netns, ordinary);
  expect(await stateOf(bed.ipvs)).toEqual(await stateOf(both.ipvs));
  // Of what was done, Node.js does nothing again.
  expect(await shell.run([program, command, '-R'], `-A -f 99\n${ordinary}`)).toEqual(declined);
  expect(await bed.ipvs.service({ fwmark: 99, family: 'ipv4' })).toBeDefined();
  // Where nothing was done it does it all, and tells why.
  expect(await shell.run([program, command, '-R'], ordinary)).toEqual(declined);
});

test('generated tables are listed and saved by ipvs-quick as by Node.js alone', async () => {
  await fc.assert(
    fc.asyncProperty(tables, async table => {
      await bed.ipvs.flush();
      for (const { service, destinations } of table) {
        await bed.ipvs.addService(service);
        for (const destination of destinations) await bed.ipvs.addDestination(service, destination);
      }
      const before = await stateOf(bed.ipvs);
      for (const words of ['-Ln', '-Sn', '-Ln --persistent-conn', '-ln --thresholds --nosort', 'list']) {
        const { isDeclined, differences } = await doBothWays(words.split(' '), before, true);
        expect(differences).toEqual([]);
        if (words.startsWith('-') && words !== '-Sn') expect(isDeclined).toBe(false);
      }
    }),
    { numRuns: 6 },
  );
});

const ordinary = `
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 5
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -g -w 0
-A -u [fd00::1]:53 -s wlc -o -p 60
-a -u [fd00::1]:53 -r [fd00::11]:53 -i -w 65535
-A -f 7 -6 -s rr
-A --sctp-service 10.0.0.1:9000 -s lc
-a --sctp-service 10.0.0.1:9000 -r 10.1.0.1:9001 -m
`;

test('ipvs-quick prints `ipvs list` of ordinary tables, and leaves to Node.js what takes more words', async () => {
  const say = async (more: string) => {
    await load(ordinary + more);
    const { isDeclined, differences } = await doBothWays(['list'], await stateOf(bed.ipvs), true);
    expect(differences).toEqual([]);
    return isDeclined;
  };
  for (const more of ['', '-A -f 9 -p 60\n-a -f 9 -r 10.1.0.1 -m\n']) expect(await say(more)).toBe(false);
  for (const odd of [
    '-A -f 8 -s sh\n-a -f 8 -r 10.1.0.1 -m -w 0\n',
    '-A -f 8 -s rr\n-a -f 8 -r 10.1.0.1 -m -w 1\n-a -f 8 -r 10.1.0.2 -m -w 2\n',
    '-A -f 8\n-a -f 8 -r 10.1.0.1 -m -w 0\n',
    '-A -f 8\n-a -f 8 -r 10.1.0.1:80 -g\n',
    '-A -f 8\n-a -f 8 -r 10.1.0.1 -m -x 10\n',
    '-A -f 8\n-a -f 8 -r 10.1.0.1 -m -w 65536\n',
    '-A -t 0.0.0.0:80\n',
    '-A -f 8 -p 60 -M 255.0.255.0\n',
    '-A -f 8 -b flag-1\n',
  ]) {
    expect([odd, await say(odd)]).toEqual([odd, true]);
  }
  await bed.ipvs.flush();
  expect((await doBothWays(['list'], await stateOf(bed.ipvs), true)).differences).toEqual([]);
});

test('ipvs-quick leaves it to the command to explain a failure', () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const path = `PATH=${dirname(installation.node)}:${process.env['PATH']}`;
  const { status, stdout, stderr } = start(
    installation.command,
    ['-Ln', '--stats'],
    [...nobody, 'env', path],
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/CAP_NET_ADMIN/);
});

test('ipvs-quick ends with 0 when its reader has seen enough, and fails when the disk is full', async () => {
  await load(
    `-A -f 1\n${Array.from({ length: 2000 }, (_, i) => `-a -f 1 -r 10.0.0.1:${i + 1} -m\n`).join('')}`,
  );
  const run = (script: string) =>
    spawnSync('ip', ['netns', 'exec', bed.netns, 'bash', '-c', script, program, command], {
      encoding: 'utf8',
    });
  const { stdout, stderr } = run('{ "$0" "$1" -Ln --stats; echo "status $?" >&2; } | head -1');
  expect(stdout).toMatch(/^IP Virtual Server version .*\n$/);
  expect(stderr).toBe('status 0\n');
  const full = run('"$0" "$1" -Ln --stats >/dev/full');
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^ipvs: .+\n$/);
});

test('a closed standard output is told and a failure where a list is asked for, and none for a write', async () => {
  await load(scenes.single);
  const run = (words: string) =>
    spawnSync('ip', ['netns', 'exec', bed.netns, 'sh', '-c', `"$0" ${words} >&-`, installation.command], {
      encoding: 'utf8',
    });
  for (const words of ['-Ln', 'list --json', 'save']) {
    const { status, stderr } = run(words);
    expect({ status, stderr }, words).toEqual({ status: 1, stderr: 'standard output is closed\n' });
  }
  expect(run('-A -t 10.9.9.9:80')).toMatchObject({ status: 0, stderr: '' });
  expect(await listing(['-Ln'])).toContain('10.9.9.9:80');
});

test('the command lists the same with and without ipvs-quick, also through npm’s link', async () => {
  await load(scenes.single);
  const stdout = await listing(['-Ln', '--stats']);
  const link = join(installation.folder, 'node_modules/.bin/ipvs');
  mkdirSync(dirname(link));
  symlinkSync('../ipvs/dist/ipvs', link);
  expect(start(link, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
  rmSync(program);
  expect(start(link, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
});
