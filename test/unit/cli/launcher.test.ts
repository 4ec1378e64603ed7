import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

// The two small programs before the command: lib/cli/ipvs.sh, which is dist/ipvs, and ipvs-quick, which the
// launcher starts for whatever ipvsadm might do. A script that prints its arguments stands in for Node.js.

const root = join(import.meta.dirname, '../../..');
const ARCHITECTURE = { x64: 'linux-x64', arm64: 'linux-arm64' }[process.arch as string] ?? 'linux-unknown';

let folder = '';
let launcher = '';
/** The path of the command proper, dist/ipvs.cjs. */
let command = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-launcher-'));
  addScript('bin/node', 'node');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Adds a program that prints its name and its words, each in brackets. */
function addScript(path: string, name: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\nprintf %s ${name}\nfor word; do printf ' [%s]' "$word"; done\n`);
  chmodSync(file, 0o755);
  return file;
}

function start(program: string, words: readonly string[], path = `${join(folder, 'bin')}:/usr/bin:/bin`) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env: { PATH: path } });
  return { status, stdout, stderr };
}

/** The output of a program, which must end with 0 and complain of nothing. */
function printed(program: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = start(program, words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('the launcher', () => {
  beforeEach(() => {
    const home = join(folder, 'lib/node_modules/ipvs');
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, 'dist'), { recursive: true });
    launcher = join(home, 'dist/ipvs');
    command = join(home, 'dist/ipvs.cjs');
    copyFileSync(join(root, 'lib/cli/ipvs.sh'), launcher);
    chmodSync(launcher, 0o755);
    writeFileSync(command, '');
  });

  const addQuick = (place: string, arch: string = process.arch) => {
    const name = place.startsWith('native') ? `ipvs-quick-${arch}` : 'ipvs-quick';
    return addScript(`lib/node_modules/ipvs/${place}/${name}`, place);
  };

  test('the launcher starts Node.js with every word as it was given', () => {
    const words = ['-L', '', 'two words', '*', "it's", '--'];
    expect(printed(launcher, ...words)).toBe(`node [${command}] ${words.map(word => `[${word}]`).join(' ')}`);
  });

  test('the launcher starts ipvs-quick for a list and what begins with a dash, and for nothing else', () => {
    addQuick('native/build/Release');
    for (const words of ['-Ln --stats', '--list', '-Z --stats x', '-C', '-Q', '--', 'list --json']) {
      const given = [command, ...words.split(' ')].map(word => `[${word}]`).join(' ');
      expect(printed(launcher, ...words.split(' '))).toBe(`native/build/Release ${given}`);
    }
    for (const words of [[], [''], ['lists'], ['help', '-A'], ['5', '-C']]) {
      expect(printed(launcher, ...words)).toMatch(/^node /);
    }
  });

  test('the launcher prefers the ipvs-quick built here to the prebuilt one of this architecture', () => {
    addQuick('prebuilds/linux-s390x');
    expect(printed(launcher, '-Ln', '--stats')).toMatch(/^node /);
    addQuick(`prebuilds/${ARCHITECTURE}`);
    expect(printed(launcher, '-Ln', '--stats')).toMatch(new RegExp(`^prebuilds/${ARCHITECTURE} `));
    addQuick('native/build/Release');
    expect(printed(launcher, '-Ln', '--stats')).toMatch(/^native/);
  });

  test('the launcher passes over an ipvs-quick that was built on another architecture', () => {
    addQuick('native/build/Release', process.arch === 'arm64' ? 'x64' : 'arm64');
    expect(printed(launcher, '-Ln')).toMatch(/^node /);
    addQuick(`prebuilds/${ARCHITECTURE}`);
    expect(printed(launcher, '-Ln')).toMatch(/^prebuilds/);
  });

  test('the launcher starts Node.js where ipvs-quick may not be run', () => {
    chmodSync(addQuick('native/build/Release'), 0o644);
    expect(printed(launcher, '-Ln', '--stats')).toMatch(/^node /);
  });

  test('the launcher hands on a closed standard output as one that cannot be written, and others as they are', () => {
    const written = `${process.execPath} -e 'fs.writeSync(1, "written")'`;
    writeFileSync(addScript('writing/node', ''), `#!/bin/sh\nexec ${written}\n`);
    writeFileSync(addQuick('native/build/Release'), `#!/bin/sh\nexec ${written}\n`);
    for (const words of ['help', '-Ln']) {
      const run = (redirection: string) =>
        start(
          '/bin/sh',
          ['-c', `"${launcher}" ${words} ${redirection}`],
          `${join(folder, 'writing')}:/usr/bin:/bin`,
        );
      expect(run('')).toEqual({ status: 0, stdout: 'written', stderr: '' });
      expect(run('>&-').status).toBe(1);
      expect(run('>&-').stderr).toContain('EBADF');
      expect(run('>/dev/null')).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  });

  test.each(['lib/node_modules/.bin/ipvs', 'lib/bin/ipvs', 'elsewhere/lvs'])(
    'the launcher finds its package through the link %s',
    link => {
      const path = join(folder, link);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(launcher, path);
      addQuick('native/build/Release');
      for (const [words, name] of [
        [['help', '-C'], 'node'],
        [['-Ln', '--stats'], 'native/build/Release'],
      ] as const) {
        const [, program, first = '', rest] = /^(\S+) \[(.*?)\] (.*)$/.exec(printed(path, ...words)) ?? [];
        expect(program).toBe(name);
        expect(realpathSync(first)).toBe(realpathSync(command));
        expect(rest).toBe(words.map(word => `[${word}]`).join(' '));
      }
    },
  );

  test('the launcher finds its package when a shell is given its bare name', () => {
    const { stdout } = spawnSync('sh', ['ipvs', '-C'], {
      cwd: dirname(launcher),
      encoding: 'utf8',
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
    });
    expect(stdout).toBe(`node [${command}] [-C]`);
  });
});

describe('ipvs-quick', () => {
  const quick = join(root, `native/build/Release/ipvs-quick-${process.arch}`);

  // Lists alone: what is done here would be done to this machine's table.
  test('ipvs-quick becomes the command at a list that it does not know', () => {
    for (const words of [
      '',
      '-L',
      '-Ln --stats --stats',
      '-Ln --tun-info',
      '-Lnc',
      '-S',
      '--stats -Ln',
      '-Ln x',
    ]) {
      const given = ['/command', ...words.split(' ')];
      expect(printed(quick, ...given), words).toBe(`node ${given.map(word => `[${word}]`).join(' ')}`);
    }
  });

  test('ipvs-quick hands on all that it read of rules that it leaves to the command', () => {
    const reading = join(folder, 'reading');
    mkdirSync(reading);
    writeFileSync(join(reading, 'node'), '#!/bin/sh\nprintf "[%s]" "$@"\nexec cat\n', { mode: 0o755 });
    const env = { PATH: `${reading}:/usr/bin:/bin` };
    const long = '-Q\n'.repeat(100_000);
    for (const [word, input] of [
      ['-R', '-A -f 1 -Q\n'],
      ['--restore', 'Q \0 \xff'],
      ['-R', long],
    ] as const) {
      const { status, stdout } = spawnSync(quick, ['/command', word], { encoding: 'utf8', env, input });
      expect({ status, stdout }).toEqual({ status: 0, stdout: `[/command][${word}]${input}` });
    }
    // With other words it reads nothing.
    const { stdout } = spawnSync(quick, ['/command', '-R', '-n'], { encoding: 'utf8', env, input: 'Q' });
    expect(stdout).toBe('[/command][-R][-n]Q');
  });

  test('ipvs-quick does nothing with rules that it could read a part of, and says so', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [input] = (await once(server, 'connection')) as [Socket];
    // A reset, which only one read is told of: to the next one the input has ended.
    client.write('-A -f 1 -Q\n', () => client.resetAndDestroy());
    await once(client, 'close');
    const child = spawn(quick, ['/command', '-R'], {
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
      stdio: [input, 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close'),
    ]);
    input.destroy();
    server.close();
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: 'ipvs: standard input: Connection reset by peer\n',
    });
  });

  test('ipvs-quick ends with 127, as a shell does, where there is no Node.js', () => {
    const stderr = 'ipvs: node: No such file or directory\n';
    expect(start(quick, ['/command', '-L'], '/nowhere')).toEqual({ status: 127, stdout: '', stderr });
  });
});
