import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DirectorEvent, DirectorState, WeightEvent } from '../../lib/director/index.ts';
import { PORT, useStage } from './director-stage.ts';
import { recordsOf, useBed } from './support.ts';

// The director of the command, as a process of its own, before real traffic.

const bed = useBed();
const VIP = '10.1.0.1';
const stage = useStage(bed, [VIP]);
const { hosts } = stage;
// The time is long enough for a busy emulated machine; how soon a server is taken out is judged beside keepalived.
const policy = { interval: 200, fasterInterval: 100, timeout: 2000, rise: 2, fall: 2 };

function write(servers: readonly string[], weight = 10): void {
  const destinations = servers.map(address => ({ address, port: PORT, forwarding: 'masquerade', weight }));
  stage.write({
    defaults: { checks: [{ http: { path: '/' } }], policy },
    drain: { idleFor: 0, poll: 50 },
    driftInterval: 500,
    services: [{ protocol: 'tcp', address: VIP, port: 80, scheduler: 'wrr', destinations }],
  });
}

const all = (weight: number) => Object.fromEntries(hosts.map(host => [host, weight]));

describe('a director before traffic', () => {
  test.each([
    ['refuses connections', 'closed'],
    ['is silent', 'mute'],
    ['answers with 500', 'errors'],
  ] as const)(
    'no request fails once a check has noticed that a server %s, and none when it is back',
    async (words, mode) => {
      write(hosts);
      const director = stage.direct();
      // The weights are there already, left by the director before: this one must have begun to check.
      const isUp = (host: string) => (event: DirectorEvent) =>
        event.type === 'health' && event.health.state === 'up' && event.destination.address === host;
      await director.until('a good check of each', () =>
        hosts.every(host => director.events.some(isUp(host))),
      );
      await stage.reach(VIP, all(10));
      await stage.storm(VIP, { every: 60, hold: 20 });
      await sleep(500);
      const died = await stage.mode(hosts[1], mode);
      const isOut = (event: DirectorEvent): event is WeightEvent =>
        event.type === 'weight' && event.to === 0 && event.destination.address === hosts[1];
      await director.until('weight 0', () => {
        const out = director.events.findIndex(isOut);
        return out >= 0 && director.events.slice(out).some(({ type }) => type === 'applied');
      });
      const noticed = Date.now();
      await sleep(500);
      await stage.mode(hosts[1], 'well');
      await stage.reach(VIP, all(10));
      await sleep(500);
      const { made, failures } = await stage.endStorm(VIP);
      const later = failures.filter(({ time }) => time > noticed);
      console.log(
        `a server ${words}: ${made} requests; out ${noticed - died} ms after its death, ${failures.length} failed by then`,
      );
      expect(later).toEqual([]);
      expect(failures.length).toBeGreaterThan(0);
      director.child.kill('SIGTERM');
      await once(director.child, 'exit');
    },
  );

  test('no request fails while servers are replaced, the director is killed, and files are bad', async () => {
    write([hosts[0], hosts[1]]);
    const first = stage.direct();
    await stage.reach(VIP, { [hosts[0]]: 10, [hosts[1]]: 10 });
    await stage.storm(VIP, { every: 60, hold: 100 });
    await sleep(300);
    write([hosts[1], hosts[2]]);
    await stage.reach(VIP, { [hosts[1]]: 10, [hosts[2]]: 10 });
    first.child.kill('SIGKILL');
    // The process that `ip` has become is the director itself: exec(), and no fork.
    await once(first.child, 'exit');
    await sleep(300);
    expect(await stage.weights(VIP)).toEqual({ [hosts[1]]: 10, [hosts[2]]: 10 });
    const second = stage.direct();
    await second.until('a start', () => second.events.some(({ type }) => type === 'desired'));
    await sleep(500);
    writeFileSync(stage.file, '{ "services": [{ "protocol": "tcp", "quorum": -1, "destinations": [] }] }');
    await second.until('a complaint', () => second.complaints().includes('nothing was changed'));
    expect(second.complaints()).toMatch(/services\[0\]\.quorum must be between/);
    // Its exit status, 1, is an error here.
    expect(() => stage.command('status')).toThrow(
      expect.objectContaining({
        stdout: expect.stringMatching(/ stays in force\n(.+\n)*problem \(source\): services\[0\]/),
      }),
    );
    expect(await stage.weights(VIP)).toEqual({ [hosts[1]]: 10, [hosts[2]]: 10 });
    write(hosts, 20);
    second.child.kill('SIGHUP');
    await stage.reach(VIP, all(20));

    expect(stage.command('maintenance', hosts[0])).toContain('in maintenance');
    await stage.reach(VIP, { ...all(20), [hosts[0]]: 0 });
    const [state] = JSON.parse(stage.command('status', '--json')) as [DirectorState];
    expect(state.services[0]).toMatchObject({ isUp: true });
    expect(state.services[0]?.destinations.map(({ reason }) => reason).toSorted()).toEqual([
      'maintenance',
      'up',
      'up',
    ]);
    expect(stage.command('maintenance', '--undo', hosts[0])).toContain('directed again');
    await stage.reach(VIP, all(20));

    const mute = join(recordsOf(bed.netns), 'directors', 'a-mute.sock');
    const hangUp = `require('node:net').createServer(one => one.destroy()).listen('${mute}', () => console.log())`;
    const other = spawn(process.execPath, ['-e', hangUp], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const toldOf = {
      status: 1,
      stderr: expect.stringContaining(`the director at ${mute} ended before it answered`),
    };
    for (const [words, done] of [
      [['maintenance', hosts[0]], 'in maintenance'],
      [['maintenance', '--undo', hosts[0]], 'directed again'],
      [['drain', '--keep', hosts[2]], 'at weight 0'],
    ] as const) {
      const stdout = expect.stringContaining(done);
      expect(() => stage.command(...words)).toThrow(expect.objectContaining({ ...toldOf, stdout }));
    }
    other.kill('SIGKILL');
    rmSync(mute);
    await sleep(700);
    expect(await stage.weights(VIP)).toMatchObject({ [hosts[2]]: 0 });
    expect(stage.command('drain', '--undo', hosts[2])).toContain(hosts[2]);
    await stage.reach(VIP, all(20));

    const { made, failures, names } = await stage.endStorm(VIP);
    console.log(`${made} requests during planned changes, ${failures.length} failed`, names);
    expect(failures).toEqual([]);
    expect(Object.keys(names).toSorted()).toEqual(hosts);
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
  });
});
