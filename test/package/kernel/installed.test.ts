import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environments, installed } from '../environments.ts';
import { commandLines, firstExample } from '../readme.ts';
import { type Ended, type Root, runIn } from '../root.ts';

// Uses what `--project package` installed, on a kernel with IPVS.

const programs = join(import.meta.dirname, '../programs');

/**
 * Runs shell commands in /project of a root file system, in an empty network namespace. Fails if one of the
 * commands fails.
 */
async function shell(root: Root, script: string, prepare = ''): Promise<Ended> {
  const ended = await runIn(
    { ...root, binds: { ...root.binds, '/programs': programs } },
    ['/bin/sh', '-ec', script],
    { cwd: '/project', prepare },
  );
  expect(ended.status, `${script}\n${ended.stdout}${ended.stderr}`).toBe(0);
  return ended;
}

test.each(environments.map(environment => [environment.name, environment] as const))(
  'the installed package works with the kernel on %s, as do the command and the README’s example',
  async (name, { runtime }) => {
    const left = installed(name);
    if (left === undefined) return expect.fail('it is not installed: run --project package first');
    // On a booted kernel the folder that holds it is read-only.
    const { upper = '', ...rest } = left;
    const root: Root = { ...rest, layers: [upper, ...left.layers] };
    const start = runtime.join(' ');

    const first = await shell(root, `cp /programs/first-call.mjs . && ${start} first-call.mjs`);
    expect(JSON.parse(first.stdout)).toMatchObject({
      sameModule: true,
      call: '0 services',
      inWorkers: ['0 services', '0 services'],
    });

    const write = `cat >"$root/project/example.mjs" <<'END'\n${firstExample()}\nEND\n`;
    const steps = [
      `${start} example.mjs`,
      // Without Node.js in PATH only ipvs-quick can answer.
      'PATH=/usr/bin:/bin node_modules/.bin/ipvs -Ln --stats',
      ...(runtime[0] === 'node' ? ['node_modules/.bin/ipvs -Ln', 'node_modules/.bin/ipvs -C'] : []),
    ];
    const { stdout } = await shell(root, steps.join(' && '), write);
    const lines = stdout.split('\n');
    expect(lines.filter(line => line.startsWith('TCP  10.100.10.101:80'))).toHaveLength(
      runtime[0] === 'node' ? 2 : 1,
    );
    expect(stdout).toContain('172.16.120.11');
  },
);

test('every command of README’s user part does what it says, line by line, where the package was installed', async () => {
  const name = 'bookworm with Node.js 22';
  const left = installed(name);
  if (left === undefined) return expect.fail(`${name} is not installed: run --project package first`);
  const { upper = '', ...rest } = left;
  const root: Root = { ...rest, layers: [upper, ...left.layers] };
  expect(commandLines.filter(line => line.startsWith('ipvs '))).toHaveLength(commandLines.length);
  expect(commandLines.length).toBeGreaterThan(8);
  // A line for each command, so that the first one that fails is seen, and what it printed.
  const steps = commandLines.map(line => `echo "$ ${line.split(' #')[0]!.trim()}"\n${line}`);
  const folders = ['/etc/sysconfig', '/etc/bash_completion.d'];
  const prepare = [
    ...folders.map(folder => `mkdir -p "$root${folder}"`),
    'echo "-A -t 10.100.10.102:80 -s rr" >"$root/etc/sysconfig/ipvsadm"',
  ];
  const path = ['PATH=$PWD/node_modules/.bin:$PATH', ...steps].join('\n');
  const { stdout } = await shell(root, path, prepare.join(' && '));
  const printed = stdout.split(/^\$ /m);
  const after = (command: string) => printed.find(text => text.startsWith(command)) ?? '';
  expect(after('ipvs -Ln --stats')).toMatch(/^TCP {2}10\.100\.10\.101:80 /m);
  expect(after('ipvs -Ln --stats')).toMatch(/^ {2}-> 172\.16\.120\.11:80 /m);
  expect(after('ipvs list --json')).toContain('"10.100.10.10');
});
