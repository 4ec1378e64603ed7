import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { directorStates, drainByDirectors, sayToDirectors } from '../../../lib/cli/director/client.ts';
import {
  askDirector,
  type Control,
  controlPath,
  controlPaths,
  serveControl,
} from '../../../lib/cli/director/control.ts';
import type { Director } from '../../../lib/director/index.ts';
import type { Drained, DrainOptions, DrainProgress } from '../../../lib/index.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const server = { address: '10.0.0.2', port: 80 } as const;
const other = { address: '10.0.0.3', port: 80 } as const;

let folder = '';
let path = '';
let control: Control | undefined;
const said: unknown[] = [];

/** A director that notes what it is told. */
const director = {
  state: () => ({
    services: [
      {
        service: web,
        destinations: [server, other].map(destination => ({ destination, reason: 'up', weight: 3 })),
      },
    ],
    problems: [],
  }),
  async admin(...words: readonly unknown[]) {
    said.push(words);
  },
  async adminAddress(address: string, state: unknown) {
    if (address === 'nowhere')
      throw Object.assign(new TypeError('that is no address'), { code: 'ERR_INVALID_ARG_VALUE' });
    said.push([address, state]);
    return [{ service: web, destination: server }];
  },
  async drain(service: unknown, destination: unknown, { onProgress, deadline }: DrainOptions) {
    onProgress?.({ waitingFor: 2 } as DrainProgress);
    return { service, destination, outcome: 'kept', elapsed: deadline } as Drained;
  },
  async drainAddress(address: string, options: DrainOptions) {
    const destinations = [server, other].filter(destination => destination.address === address);
    return Promise.all(destinations.map(destination => director.drain(web, destination, options)));
  },
} as unknown as Director;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-control-'));
  path = controlPath(folder, 'web');
  control = await serveControl(director, path);
});

afterEach(async () => {
  await control?.close();
  rmSync(folder, { recursive: true });
  said.length = 0;
});

/** What comes back for something that is written as it is. */
async function write(line: string): Promise<string> {
  const socket = connect(path);
  socket.write(line);
  return text(socket);
}

/** Listens in a process that takes no connection, and fills its queue. */
async function listenDeafly(where: string): Promise<string> {
  const script = `
    const sleep = () => {
      require('node:fs').writeSync(1, '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    require('node:net').createServer().listen({ path: ${JSON.stringify(where)}, backlog: 1 }, sleep);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  // Of a queue of one the kernel makes room for two.
  const waiting = [connect(where), connect(where)];
  onTestFinished(() => waiting.forEach(socket => void socket.on('error', () => {}).destroy()));
  await Promise.all(waiting.map(socket => once(socket, 'connect')));
  return where;
}

describe('the control socket of a director', () => {
  test('a director is found by its socket, which only its own user can open', () => {
    expect(controlPaths(folder)).toEqual([path]);
    expect(controlPaths(join(folder, 'none'))).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a running director tells its status, and takes what an operator says', async () => {
    expect(await askDirector(path, { command: 'status' })).toEqual(director.state());
    const target = { service: web, destination: other } as const;
    expect(await askDirector(path, { command: 'admin', target, state: 'maintenance' })).toEqual([target]);
    expect(
      await askDirector(path, { command: 'admin', target: { address: '10.0.0.2' }, state: null }),
    ).toHaveLength(1);
    expect(said).toEqual([
      [web, other, 'maintenance'],
      ['10.0.0.2', undefined],
    ]);
  });

  test('a director that does not answer is told, and not waited for for ever', async () => {
    const silent = join(folder, 'silent.sock');
    const server = createServer(() => {}).listen(silent);
    const asked = askDirector(silent, { command: 'status' }, { patience: 50 });
    await expect(asked).rejects.toThrow(`the director at ${silent} does not answer`);
    server.close();
  });

  test('a director that does not answer hides no other one', async () => {
    const full = await listenDeafly(controlPath(folder, 'a-full'));
    const { answers, failures } = await directorStates([full, path]);
    expect(answers).toEqual([director.state()]);
    expect(failures.map(({ message }) => message)).toEqual([`the director at ${full} does not answer`]);
  });

  test('a director that does not answer keeps no other from maintenance or a drain, and is told', async () => {
    const full = await listenDeafly(controlPath(folder, 'a-full'));
    const gone = controlPath(folder, 'gone');
    const unanswered = [expect.objectContaining({ message: `the director at ${full} does not answer` })];
    const target = { service: web, destination: server } as const;
    const place = { ...target, weight: 3 };
    for (const state of ['maintenance', null] as const) {
      const told = await sayToDirectors([full, gone, path], target, state);
      expect(told).toEqual({ answers: [[place]], failures: unanswered });
    }
    expect(said).toEqual([
      [web, server, 'maintenance'],
      [web, server, undefined],
    ]);
    const nowhere = { address: '10.9.9.9' };
    const drained = await drainByDirectors([full, gone, path], target, { deadline: 7 });
    expect(drained).toMatchObject({ answers: [[{ ...target, elapsed: 7 }]], failures: unanswered });
    expect(await drainByDirectors([full, path], nowhere, {})).toEqual({ answers: [], failures: unanswered });
    expect(await sayToDirectors([gone], target, 'drain')).toEqual({ answers: [], failures: [] });
  });

  test('a drain that one director refuses is made by another one, and an interrupt ends both', async () => {
    const target = { service: web, destination: server };
    const refusing = controlPath(folder, 'refusing');
    const refuse = async () => {
      throw new Error('not that');
    };
    const second = await serveControl({ ...director, drain: refuse } as unknown as Director, refusing);
    onTestFinished(() => second.close());
    expect(await drainByDirectors([refusing, path], target, { deadline: 7 })).toMatchObject({
      answers: [[{ destination: server, elapsed: 7 }]],
      failures: [{ message: 'not that' }],
    });
    const slow = controlPath(folder, 'slow');
    const interrupt = new AbortController();
    const wait = () => new Promise(() => interrupt.abort(new Error('interrupted')));
    const third = await serveControl({ ...director, drain: wait } as unknown as Director, slow);
    onTestFinished(() => third.close());
    const { signal } = interrupt;
    await expect(drainByDirectors([slow], target, { signal })).rejects.toThrow('interrupted');
  });

  test('a director that is too busy to take a connection is not taken for a dead one', async () => {
    const full = await listenDeafly(controlPath(folder, 'full'));
    await expect(serveControl(director, full)).rejects.toThrow(`another director runs already, at ${full}`);
    expect(controlPaths(folder)).toContain(full);
  });

  test('a director that drops a connection for those it has is told in words', async () => {
    const crowd = Array.from({ length: 32 }, () => connect(path));
    onTestFinished(() => crowd.forEach(socket => void socket.destroy()));
    await Promise.all(crowd.map(socket => once(socket, 'connect')));
    await expect(askDirector(path, { command: 'status' })).rejects.toThrow(
      `the director at ${path} ended before it answered, or answers too many at once`,
    );
  });

  test('a drain by a director shows its progress, and is of its own destinations alone', async () => {
    const progress: unknown[] = [];
    const options = { deadline: 5 };
    const request = { command: 'drain', target: { address: '10.0.0.3' }, options } as const;
    expect(await askDirector(path, request, { onProgress: told => void progress.push(told) })).toEqual([
      { service: web, destination: other, outcome: 'kept', elapsed: 5 },
    ]);
    expect(progress).toEqual([{ waitingFor: 2 }]);
    expect(
      await askDirector(path, { ...request, target: { service: web, destination: other } }),
    ).toHaveLength(1);
    const nobodys = { ...request, target: { address: '10.9.9.9' } };
    expect(await askDirector(path, nobodys)).toEqual([]);
  });

  test('a drain that a director would not make as asked is refused, and nothing is drained', async () => {
    const paths = controlPaths(folder);
    const target = { address: '10.0.0.3' };
    for (const [options, word] of [
      [{ atDeadline: 'remove', deadline: 5 }, '--cut'],
      [{ setFallback: true }, '--set-fallback'],
      [{ force: true }, '--force'],
    ] as const) {
      await expect(drainByDirectors(paths, target, options)).rejects.toThrow(
        `${word} does not go with a director`,
      );
      const nobodys = await drainByDirectors(paths, { address: '10.9.9.9' }, options);
      expect(nobodys).toEqual({ answers: [], failures: [] });
    }
    const drained = await drainByDirectors(paths, target, {
      atDeadline: 'give-up',
      force: false,
      deadline: 7,
    });
    expect(drained).toMatchObject({ answers: [[{ destination: other, elapsed: 7 }]], failures: [] });
  });

  const isRoot = process.geteuid?.() === 0;
  test.skipIf(!isRoot)('nobody but root is heard by a director, and is told so', async () => {
    chmodSync(folder, 0o755);
    process.seteuid!(65_534);
    try {
      await expect(askDirector(path, { command: 'status' })).rejects.toThrow(
        `only root may ask the director at ${path}`,
      );
    } finally {
      process.seteuid!(0);
    }
    expect(await askDirector(path, { command: 'status' })).toBeDefined();
  });

  test('what a director refuses rejects with its words and its code', async () => {
    const request = { command: 'admin', target: { address: 'nowhere' }, state: 'drain' } as const;
    await expect(askDirector(path, request)).rejects.toMatchObject({
      message: 'that is no address',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  test('garbage is answered with an error, and the director goes on', async () => {
    expect(JSON.parse(await write('{ "command": "shutdown" }\n'))).toMatchObject({
      error: { message: /^a request has/ },
    });
    expect(await write('garbage\n')).toContain('"error"');
    expect(await write('null\n')).toContain('"error"');
    expect(await write(`${'x'.repeat(70_000)}`)).toContain('a request has at most');
    expect(await askDirector(path, { command: 'status' })).toBeDefined();
  });

  test('a request that is too long is refused as a whole, also where its end came with the rest', async () => {
    const request = { command: 'admin', target: { address: other.address }, state: 'drain' };
    const long = `${' '.repeat(70_000)}${JSON.stringify(request)}\n`;
    expect(JSON.parse(await write(long))).toMatchObject({ error: { message: /^a request has at most/ } });
    expect(said).toEqual([]);
  });

  test('no second director listens at the same socket, and one that was killed leaves nothing in the way', async () => {
    await expect(serveControl(director, path)).rejects.toThrow(/^another director runs already/);
    await control?.close();
    control = undefined;
    expect(await askDirector(path, { command: 'status' })).toBeUndefined();
    // A socket that nobody listens at, as a killed process leaves it: close() removes it by its old name only.
    const left = createServer().listen(join(folder, 'left'));
    renameSync(join(folder, 'left'), path);
    left.close();
    expect(await askDirector(path, { command: 'status' })).toBeUndefined();
    control = await serveControl(director, path);
    expect(await askDirector(path, { command: 'status' })).toBeDefined();
  });
});
