import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseRules } from '../../lib/index.ts';
import { install } from '../support/install.ts';
import { runCommand } from '../support/run-command.ts';
import { scenes } from './cli-cases.ts';
import { useBed } from './support.ts';

// ipvs-list on a kernel. What it and the launcher do without one is tested in test/unit/cli/launcher.test.ts.

const bed = useBed();
const installation = install();
afterAll(() => installation.remove());

/** The path of ipvs-list. Listings that it makes itself start no other program. */
const lister = join(installation.folder, 'node_modules/ipvs/native/build/Release/ipvs-list');
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

test.each(['empty', 'some', 'odd'] as const)(
  'ipvs-list lists what the command lists in the table “%s”',
  async scene => {
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
      expect(start(lister, [command, ...one.split(' ')]), one).toEqual({ status: 0, stdout, stderr: '' });
      expect(stdout).toMatch(/^IP Virtual Server version /);
    }
  },
);

test('ipvs-list leaves it to the command to explain a failure', () => {
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

test('ipvs-list ends with 0 when its reader has seen enough, and fails when the disk is full', async () => {
  await load(
    `-A -f 1\n${Array.from({ length: 2000 }, (_, i) => `-a -f 1 -r 10.0.0.1:${i + 1} -m\n`).join('')}`,
  );
  const run = (script: string) =>
    spawnSync('ip', ['netns', 'exec', bed.netns, 'bash', '-c', script, lister, command], {
      encoding: 'utf8',
    });
  const { stdout, stderr } = run('{ "$0" "$1" -Ln --stats; echo "status $?" >&2; } | head -1');
  expect(stdout).toMatch(/^IP Virtual Server version .*\n$/);
  expect(stderr).toBe('status 0\n');
  const full = run('"$0" "$1" -Ln --stats >/dev/full');
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^ipvs: .+\n$/);
});

test('the command lists the same with and without ipvs-list, also through npm’s link', async () => {
  await load(scenes.single);
  const stdout = await listing(['-Ln', '--stats']);
  const link = join(installation.folder, 'node_modules/.bin/ipvs');
  mkdirSync(dirname(link));
  symlinkSync('../ipvs/dist/ipvs', link);
  expect(start(link, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
  rmSync(join(installation.folder, 'node_modules/ipvs/native/build/Release/ipvs-list'));
  expect(start(link, ['-Ln', '--stats'])).toEqual({ status: 0, stdout, stderr: '' });
});
