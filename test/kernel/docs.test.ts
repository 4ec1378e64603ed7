import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { examplesInComments, moduleOf, providedModule } from '../support/examples.ts';
import { install } from '../support/install.ts';
import { type Block, blocksOf, pages, programsOf } from '../support/markdown.ts';
import { addNamespace, removeNamespace, run } from './support.ts';

// What README, docs/ and public comments show, run as a reader would: with the package installed, in network
// namespaces of their own. test/unit/docs holds that all of it compiles.

const installation = install();
afterAll(() => installation.remove());

const bin = join(installation.folder, 'bin');
mkdirSync(bin, { recursive: true });
symlinkSync(installation.command, join(bin, 'ipvs'));
if (!installation.node.startsWith(bin)) symlinkSync(installation.node, join(bin, 'node'));
run('chmod', '-R', 'a+rX', installation.folder);

/** Milliseconds: much is started, several pages at once, on a machine that may be emulated and busy. */
const PATIENCE = 280_000;

/** Runs a program in a network namespace and a folder; rejects, with all it said, unless it ends well. */
function runThere(netns: string, cwd: string, place: string, ...words: readonly string[]): Promise<void> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...words], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    env: { ...env, PATH: `${bin}:${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${place}: ended with ${status ?? signal}\n${output}`));
    });
  });
}

/** A folder in which the package can be imported, and which every user may enter. */
function makeFolder(): string {
  const folder = mkdtempSync(join(installation.folder, 'work-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** How blocks are run that are no programs in TypeScript, by their language. */
const runners: Readonly<Record<string, (block: Block, netns: string, cwd: string) => Promise<void>>> = {
  sh: ({ page, line, code }, netns, cwd) => runThere(netns, cwd, `${page}:${line}`, 'sh', '-euc', code),
  keepalived({ page, line, code }, netns, cwd) {
    const file = join(cwd, 'keepalived.conf');
    writeFileSync(file, code);
    run('ip', '-n', netns, 'link', 'add', 'lan', 'type', 'dummy');
    run('ip', '-n', netns, 'link', 'set', 'lan', 'multicast', 'on', 'up');
    return runThere(netns, cwd, `${page}:${line}`, 'keepalived', '--config-test', `--use-file=${file}`);
  },
};

const isRun = ({ language, directive }: Block) => directive === undefined && Object.hasOwn(runners, language);
const pagesWithCommands = pages.filter(page => blocksOf(page).some(isRun));

describe('commands on pages', () => {
  test('several pages show commands', () => {
    expect(pagesWithCommands).toEqual(expect.arrayContaining(['README.md', 'docs/command.md']));
  });

  test.concurrent.each(pagesWithCommands)(
    'what %s shows in commands works',
    async page => {
      const netns = addNamespace();
      try {
        const cwd = makeFolder();
        for (const block of blocksOf(page).filter(isRun)) await runners[block.language]!(block, netns, cwd);
      } finally {
        removeNamespace(netns);
      }
    },
    PATIENCE,
  );
});

test(
  'every program on a page and every example in a comment works',
  async () => {
    const programs = pages.flatMap(page => programsOf(page)).filter(({ isRun }) => isRun);
    const modules = [
      ...programs.map(({ page, line, code }) => ({ place: `${page}:${line}`, code })),
      ...examplesInComments().map(({ place, code }) => ({ place, code: moduleOf(code) })),
    ];
    expect(modules.length).toBeGreaterThan(50);
    const cwd = makeFolder();
    writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
    const write = (name: string, code: string) => {
      writeFileSync(
        join(cwd, name),
        transformSync(code, { loader: 'ts', format: 'esm', target: 'node20' }).code,
      );
    };
    write('provided.js', providedModule);
    for (const [i, { code }] of modules.entries()) write(`${i}.js`, code);
    // One process for all, each with a table of its own: starting one takes longer than what most of them do.
    write(
      'main.js',
      `import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
    import { ipvs, server, web } from './provided.js';
    const places = ${JSON.stringify(modules.map(({ place }) => place))};
    const failures = [];
    const inode = String(statSync('/proc/self/ns/net').ino);
    for (const [i, place] of places.entries()) {
      await ipvs.flush();
      for (const { role } of await ipvs.daemons()) await ipvs.stopDaemon(role);
      for (const name of existsSync('/run/ipvs') ? readdirSync('/run/ipvs') : []) {
        if (name.startsWith(inode)) rmSync('/run/ipvs/' + name, { recursive: true, force: true });
      }
      if (place.startsWith('lib/')) {
        await ipvs.addService(web);
        await ipvs.addDestination(web, server);
      }
      await import('./' + i + '.js').catch(error => {
        failures.push(place);
        console.error(place, error);
      });
      process.exitCode = 0;
    }
    if (failures.length > 0) process.exitCode = 1;
    console.error('failed: ' + failures.join(', '));`,
    );
    const netns = addNamespace();
    // docs/namespaces.md has commands that make it.
    run('ip', 'netns', 'add', 'lb1');
    run('ip', '-n', 'lb1', 'link', 'set', 'lo', 'up');
    try {
      await runThere(netns, cwd, 'programs', 'node', 'main.js');
    } finally {
      run('ip', 'netns', 'del', 'lb1');
      removeNamespace(netns);
    }
  },
  PATIENCE,
);
