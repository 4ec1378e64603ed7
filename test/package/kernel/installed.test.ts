import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { environments, installed } from '../environments.ts';
import { type Ended, type Root, runIn } from '../root.ts';
import { root as checkout } from '../tarball.ts';

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

/** The first example of the README, as JavaScript that every Node.js runs. */
function firstExample(): string {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
  const code = /^```ts\n(.*?)^```$/ms.exec(readme)?.[1];
  if (code === undefined) throw new Error('README.md has no example');
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(code, { compilerOptions }).outputText;
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
