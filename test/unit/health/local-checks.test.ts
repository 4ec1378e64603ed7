import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseWords } from '../../../lib/health/checks/agent.ts';
import {
  agentCheck,
  createMonitor,
  type ExecCheckOptions,
  execCheck,
  fileCheck,
  type TargetHealth,
} from '../../../lib/health/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { probe, refusing, serve, up } from './servers.ts';

const target = { address: '10.0.0.5', port: 80 };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ipvs-health-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function script(text: string): string {
  const path = join(folder(), 'check');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('a check by a program', () => {
  test.each([
    ['exit 0', undefined, { state: 'up', answer: undefined }],
    ['echo fine; exit 0', undefined, { state: 'up', answer: { detail: 'fine' } }],
    ['echo out; echo why >&2; exit 1', undefined, 'exit 1: why'],
    ['exit 2', undefined, 'exit 2'],
    ['exit 1', 100, 'exit 1'],
    ['exit 0', 100, { state: 'up', answer: { factor: 1 } }],
    ['exit 2', 100, { state: 'up', answer: { factor: 0 } }],
    ['exit 52', 100, { state: 'up', answer: { factor: 0.5 } }],
    ['exit 255', 100, { state: 'up', answer: { factor: 1 } }],
    ['kill -SEGV $$', undefined, 'killed by SIGSEGV'],
  ])('%j with a full weight of %j says %j', async (text, fullWeight, said) => {
    const check = execCheck({ command: script(text), ...(fullWeight === undefined ? {} : { fullWeight }) });
    expect(await probe(target, check)).toEqual(said);
  });

  test('what becomes of the options after they were given changes nothing', async () => {
    const options = { command: script('echo "$NAME"'), args: ['a'], env: { NAME: 'given' } };
    const check = execCheck(options);
    options.command = '/nonexistent';
    options.env.NAME = 'changed';
    expect(await probe(target, check)).toMatchObject({ answer: { detail: 'given' } });
  });

  test('arguments stand for the target and its service, and no shell sees them', async () => {
    const command = script('printf "%s|" "$@" "$NAME"; exit 0');
    const args = ['{serviceAddress}', '{servicePort}', '{address}', '{port}', '$(id); *'];
    const check = execCheck({ command, args, env: { NAME: 'x' } });
    const service = { protocol: 'tcp', address: '10.100.10.101', port: 443 } as const;
    expect(await probe({ ...target, service }, check)).toEqual({
      state: 'up',
      answer: { detail: '10.100.10.101|443|10.0.0.5|80|$(id); *|x|' },
    });
    expect(await probe({ ...target, service: { fwmark: 7, family: 'ipv4' } }, check)).toMatchObject({
      answer: { detail: expect.stringMatching(/^7\|0\|/) },
    });
    expect(await probe(target, check)).toBe('{serviceAddress} needs a target with a service');
  });

  test('a program that is late is killed with its children, and they are gone when the monitor is closed', async () => {
    const pids = join(folder(), 'pids');
    const command = script(`sleep 60 & echo $! $$ > ${pids}; wait`);
    expect(await probe(target, execCheck({ command }), 3000)).toBe('no answer within 3000 ms');
    const left = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    expect(left).toHaveLength(2);
    const isThere = (pid: number) => {
      try {
        return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      } catch {
        return false;
      }
    };
    for (let i = 0; i < 100 && left.some(isThere); i++) await sleep(20);
    expect(left.filter(isThere)).toEqual([]);
  });

  test('a program that leaves a child with its output behind is over when it exits', async () => {
    const check = execCheck({ command: script('sleep 10 & echo fine') });
    const start = performance.now();
    expect(await probe(target, check, 9000)).toEqual({ state: 'up', answer: { detail: 'fine' } });
    expect(performance.now() - start).toBeLessThan(8000);
  });

  test('a program that says very much, or is not there, or may not be run, is heard out or down', async () => {
    const loud = execCheck({ command: script('yes | head -c 3000000; exit 1') });
    expect(await probe(target, loud)).toBe('exit 1: y');
    expect(await probe(target, execCheck({ command: '/nonexistent' }))).toBe('spawn /nonexistent ENOENT');
    expect(await probe(target, execCheck({ command: folder() }))).toMatch(/EACCES/);
  });

  test.each([
    [{}, 'command must be a string, not undefined'],
    [{ command: '' }, 'command must be the name of a program'],
    [{ command: 'x', args: 'y' }, "args must be a list of strings, not 'y'"],
    [{ command: 'x', args: ['a\0'] }, 'args must have no NUL'],
    [{ command: 'x', env: { A: 1 } }, 'env.A must be a string'],
    [{ command: 'x', fullWeight: 254 }, 'fullWeight must be between 1 and 253'],
    [{ command: 'x', uid: -1 }, 'uid must be between 0 and 4294967294'],
    [{ command: 'x', shell: true }, "options has no option 'shell'"],
  ])('a check by a program with %j is refused by the name of its field', (options, message) => {
    expect(() => execCheck(options as ExecCheckOptions)).toThrow(message);
  });
});

describe('a check of maintenance files', () => {
  test('a target is in maintenance while there is a file of its name or its address', async () => {
    const directory = folder();
    const check = fileCheck({ directory });
    const ready = { state: 'up', answer: { admin: 'ready' } };
    expect(await probe(target, check)).toEqual(ready);
    writeFileSync(join(directory, '10.0.0.5:81'), '');
    expect(await probe(target, check)).toEqual(ready);
    writeFileSync(join(directory, '10.0.0.5:80'), 'disk is changed\nback at noon\n');
    expect(await probe(target, check)).toEqual({
      state: 'up',
      answer: { admin: 'maintenance', detail: 'disk is changed' },
    });
    rmSync(join(directory, '10.0.0.5:80'));
    writeFileSync(join(directory, '10.0.0.5'), '');
    expect(await probe(target, check)).toEqual({ state: 'up', answer: { admin: 'maintenance' } });
    writeFileSync(join(directory, '[fd00::5]:80'), '');
    expect(await probe({ address: 'FD00:0::5', port: 80 }, check)).toMatchObject({
      answer: { admin: 'maintenance' },
    });
  });

  test('a folder that is not there has no files, and a file that cannot be read is down', async () => {
    const directory = folder();
    expect(await probe(target, fileCheck({ directory: join(directory, 'none') }))).toMatchObject({
      answer: { admin: 'ready' },
    });
    mkdirSync(join(directory, '10.0.0.5:80'));
    expect(await probe(target, fileCheck({ directory }))).toMatch(/EISDIR/);
    expect(() => fileCheck({ directory: 'x' })).toThrow('directory must be an absolute path');
  });
});

describe('a check that runs a program as another user', () => {
  const unit = readFileSync(new URL('../../../docs/boot/ipvs-director.service', import.meta.url), 'utf8');
  const [, capabilities = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(unit) ?? [];
  const shipped = capabilities.split(' ').map(name => `+${name.slice('CAP_'.length).toLowerCase()}`);
  const library = new URL('../../../lib/health/index.ts', import.meta.url).href;
  const program = `import { createMonitor, execCheck } from '${library}';
    const monitor = createMonitor();
    const [, script, timeout] = process.argv;
    const check = execCheck({ command: 'sh', args: ['-c', script], uid: 65534, gid: 65534 });
    monitor.follow({ address: '127.0.0.1', port: 1 }, check, { timeout: Number(timeout) }, health => {
      process.stdout.write(JSON.stringify([health.state, health.reason ?? health.answer.detail]));
      void monitor.close();
    });`;

  /** What a check says of a script, by a process that may get these capabilities. */
  function probeWith(given: readonly string[], script: string, timeout = 30_000): unknown {
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, script];
    const words = [`--bounding-set=${['-all', ...given].join(',')}`, ...node, String(timeout)];
    return JSON.parse(execFileSync('setpriv', words, { encoding: 'utf8' }));
  }

  test.runIf(process.geteuid?.() === 0)(
    'a program of another user runs and is killed in time under the unit that is shipped',
    async () => {
      expect(probeWith(shipped, 'id -u')).toEqual(['up', '65534']);
      const directory = folder();
      chmodSync(directory, 0o777);
      const file = join(directory, 'pid');
      const script = `echo $$ >${file}; exec sleep 60`;
      expect(probeWith(shipped, script, 2000)).toEqual(['down', 'no answer within 2000 ms']);
      const pid = Number(readFileSync(file, 'utf8'));
      const isThere = () => existsSync(`/proc/${pid}/exe`) && readlinkSync(`/proc/${pid}/exe`) !== '';
      onTestFinished(() => void (isThere() && process.kill(pid)));
      await expect.poll(isThere, { timeout: 10_000 }).toBe(false);
    },
  );

  test.runIf(process.geteuid?.() === 0)(
    'a program of another user that may not be started so says which capabilities that takes',
    () => {
      const words = ['down', expect.stringMatching(/^spawn EPERM: .*uid.*CAP_SETUID and CAP_SETGID/)];
      expect(probeWith(['+net_admin'], 'id -u')).toEqual(words);
    },
  );
});

describe('an agent', () => {
  test.each([
    ['up', { health: 'up', why: undefined, answer: {} }],
    ['75%', { health: undefined, why: undefined, answer: { factor: 0.75 } }],
    ['up ready 100%', { health: 'up', why: undefined, answer: { factor: 1, admin: 'ready' } }],
    ['drain,50%\r', { health: undefined, why: undefined, answer: { factor: 0.5, admin: 'drain' } }],
    ['MAINT', { health: undefined, why: undefined, answer: { admin: 'maintenance' } }],
    ['down #disk full # twice', { health: 'down', why: 'disk full # twice', answer: {} }],
    ['stopped', { health: 'down', why: undefined, answer: {} }],
    ['fail#x', { health: 'down', why: 'x', answer: {} }],
    ['maxconn:30 300% hello', { health: undefined, why: undefined, answer: { factor: 1 } }],
    ['', { health: undefined, why: undefined, answer: {} }],
  ])('the line %j is understood as HAProxy does', (line, words) => {
    expect(parseWords(line)).toEqual(words);
  });

  test('an agent’s word is good until it takes it back, also while the agent cannot be reached', async () => {
    let line: string | undefined;
    const agent = await serve(socket => (line === undefined ? socket.destroy() : socket.end(`${line}\n`)));
    const monitor = createMonitor();
    const told: TargetHealth[] = [];
    let next = () => {};
    const policy = { interval: 20, fasterInterval: 20, jitter: 0, rise: 1, fall: 1, first: 'up' } as const;
    const say = async (words: string | undefined) => {
      line = words;
      // The check under way may have heard the line before.
      for (let i = 0; i < 2; i++) await new Promise<void>(resolve => (next = resolve));
      const { state, answer, reason } = told.at(-1)!;
      return [state, answer?.factor, answer?.admin, reason];
    };
    line = 'up';
    monitor.follow({ address: '127.0.0.1', port: 80 }, agentCheck({ port: agent.port }), policy, health => {
      told.push(health);
      next();
    });
    expect(await say('up')).toEqual(['up', undefined, undefined, undefined]);
    expect(await say('drain 40%')).toEqual(['up', 0.4, 'drain', undefined]);
    expect(await say('up')).toEqual(['up', 0.4, 'drain', undefined]);
    expect(await say('down 60%')).toEqual(['down', 0.4, 'drain', 'the agent says down']);
    expect(await say('ready')).toEqual(['down', 0.4, 'drain', 'the agent says down']);
    // What it says while it is down counts as soon as it is up.
    expect(await say('up')).toEqual(['up', 0.6, 'ready', undefined]);
    expect(await say('40% drain')).toEqual(['up', 0.4, 'drain', undefined]);
    expect(await say('down #disk')).toEqual(['down', 0.4, 'drain', 'the agent says down: disk']);
    agent.server.close();
    expect(await say(undefined)).toEqual([
      'down',
      0.4,
      'drain',
      "the agent says down: disk; since then the agent can't be reached",
    ]);
    await monitor.close();
  });

  test('an agent that says nothing has no opinion, whatever the garbage collector takes meanwhile', async () => {
    const silent = await serve(() => {});
    const collecting = setInterval(collectGarbage, 20);
    onTestFinished(() => clearInterval(collecting));
    expect(
      await probe({ address: '127.0.0.1', port: 80 }, agentCheck({ port: silent.port, patience: 200 })),
    ).toEqual({
      state: 'up',
      answer: { detail: 'no agent: no line within 200 ms' },
    });
  });

  test('an agent that refuses, resets or says nothing has no opinion, and one that talks too long is cut', async () => {
    const no = { state: 'up', answer: { detail: expect.stringMatching(/^no agent: /) } };
    const local = { address: '127.0.0.1', port: 80 };
    expect(await probe(local, agentCheck({ port: (await refusing()).port }))).toEqual(no);
    const silent = await serve(() => {});
    expect(await probe(local, agentCheck({ port: silent.port, patience: 50 }))).toEqual(no);
    const long = await serve(socket => socket.write('x'.repeat(100_000)));
    expect(await probe(local, agentCheck({ port: long.port }))).toEqual(up);
    const asked = await serve(socket => socket.once('data', data => socket.write(`${data} drain\n`)));
    expect(await probe(local, agentCheck({ port: asked.port, send: '20%' }))).toEqual({
      state: 'up',
      answer: { factor: 0.2, admin: 'drain' },
    });
    expect(() => agentCheck({} as never)).toThrow('port must be a number, not undefined');
    expect(() => agentCheck({ port: 1, patience: 0 })).toThrow('patience must be between 1');
  });
});
