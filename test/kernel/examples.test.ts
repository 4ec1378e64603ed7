import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { install } from '../support/install.ts';
import { useBed } from './support.ts';

// The programs in examples/, run as they are with the package installed.

const bed = useBed();
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const server = { address: '172.16.120.11', port: 80 } as const;

const installation = install();
const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  installation.remove();
});
beforeEach(() => bed.ipvs.flush());

/** Starts one of the programs; what it writes, and its exit status once it has ended. */
function start(name: string, ...words: readonly string[]) {
  return startBy([], name, ...words);
}

/** As `start()`, by another program that becomes it. */
function startBy(by: readonly string[], name: string, ...words: readonly string[]) {
  const code = readFileSync(join(import.meta.dirname, '../../examples', `${name}.ts`), 'utf8');
  const file = join(installation.folder, `${name}.mjs`);
  writeFileSync(file, transformSync(code, { loader: 'ts', format: 'esm', target: 'node20' }).code);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const [program, ...args] = [...by, installation.node, file, ...words] as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output += text));
  const status = new Promise<number | null>(resolve => child.on('close', resolve));
  return {
    output: () => output,
    status,
    hangUp: () => child.kill('SIGHUP'),
    end() {
      child.kill('SIGTERM');
      return status;
    },
  };
}

/** Waits until something holds, on a machine that may be emulated and busy. */
const eventually = (assertion: () => unknown) => vi.waitFor(assertion, { timeout: 60_000, interval: 100 });

test('the collector example prints what each destination has, until it is told to end', async () => {
  await bed.ipvs.addService(web);
  await bed.ipvs.addDestination(web, server);
  const collector = start('collector', bed.netns);
  await eventually(() => expect(collector.output()).toContain('\n'));
  expect(await collector.end()).toBe(0);
  const [line] = collector.output().split('\n');
  expect(JSON.parse(line!)).toEqual({
    destination: 'tcp 10.100.10.101:80 172.16.120.11:80',
    active: 0,
    bytesPerSecond: 0,
  });
});

test('the syncer example follows its file, keeps what others made, and leaves the table when it ends', async () => {
  await bed.ipvs.addService({ ...web, port: 443 });
  const file = join(installation.folder, 'services.json');
  const write = (content: string) => {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  const ports = async () => (await bed.ipvs.services()).map(({ port }) => port).sort();
  write(JSON.stringify([{ ...web, destinations: [server] }]));
  const syncer = start('syncer', file, bed.netns);
  await eventually(async () => expect(await ports()).toEqual([443, 80]));
  await eventually(() => expect(syncer.output()).toContain('add-destination done'));

  write(
    JSON.stringify([
      { ...web, port: 8080, destinations: [] },
      { ...web, destinations: [server] },
    ]),
  );
  await eventually(async () => expect(await ports()).toEqual([443, 80, 8080]));
  write('[{');
  await eventually(() => expect(syncer.output()).toContain('services.json: '));
  write(JSON.stringify([{ ...web, destinations: [{ ...server, weight: 7 }] }]));
  await eventually(async () => expect(await ports()).toEqual([443, 80]));
  expect(await bed.ipvs.destinations(web)).toMatchObject([{ ...server, weight: 7 }]);
  expect(await syncer.end()).toBe(0);
  expect(await ports()).toEqual([443, 80]);
  // Another namespace may get the number under which the owner is recorded.
  await bed.ipvs.apply([], { owner: 'syncer', force: true });
});

test('the director example uses the servers that answer, keeps on at a bad file, and leaves the table', async () => {
  const inside = ['ip', 'netns', 'exec', bed.netns];
  const listen = "require('node:net').createServer(socket => socket.resume()).listen(8080, '127.0.1.1')";
  running.push(spawn(inside[0]!, [...inside.slice(1), installation.node, '-e', listen]));
  const file = join(installation.folder, 'directed.json');
  const write = (weight: number) => {
    const rows = ['127.0.1.1', '127.0.1.2'].map(address => ({
      address,
      port: 8080,
      forwarding: 'masquerade',
    }));
    const destinations = rows.map(row => ({ ...row, weight }));
    writeFileSync(file, JSON.stringify([{ ...web, scheduler: 'rr', destinations }]));
  };
  const weights = async () => (await bed.ipvs.destinations(web)).map(({ weight }) => weight);
  write(1);
  const director = startBy(inside, 'director', file);
  await eventually(() => expect(director.output()).toContain('127.0.1.1 0 1 up'));
  await eventually(async () => expect(await weights()).toEqual([1, 0]));
  writeFileSync(file, JSON.stringify([{ ...web, quorum: -1, destinations: [] }]));
  director.hangUp();
  await eventually(() => expect(director.output()).toContain('desired[0].quorum must be'));
  write(3);
  director.hangUp();
  await eventually(async () => expect(await weights()).toEqual([3, 0]));
  expect(await director.end()).toBe(0);
  expect(await weights()).toEqual([3, 0]);
  await bed.ipvs.apply([], { owner: 'example', force: true });
});

test.each([
  [0, 'OK: 1 services', { weight: 1 }],
  [1, 'WARNING: 172.16.120.12:80 is out', { weight: 0 }],
])(
  'the check example ends with %i and says %j of a second destination with %j',
  async (status, words, spec) => {
    await bed.ipvs.addService(web);
    await bed.ipvs.addDestination(web, { ...server, forwarding: 'masquerade' });
    await bed.ipvs.addDestination(web, {
      ...server,
      address: '172.16.120.12',
      forwarding: 'masquerade',
      ...spec,
    });
    const check = start('check', bed.netns);
    expect(await check.status).toBe(status);
    expect(check.output()).toBe(`${words}\n`);
  },
);

test('the check example ends with 2 where a service has nobody, and with 3 where nothing can be told', async () => {
  await bed.ipvs.addService(web);
  const checks = [start('check', bed.netns), start('check', 'no-such-namespace')];
  expect(await Promise.all(checks.map(({ status }) => status))).toEqual([2, 3]);
  expect(checks[0]!.output()).toBe('CRITICAL: nobody serves tcp 10.100.10.101:80\n');
  expect(checks[1]!.output()).toMatch(/^UNKNOWN: there is no network namespace .*no-such-namespace/);
});
