import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Mode, PORT, type Storm, useStage } from './director-stage.ts';
import { useBed } from './support.ts';

// The director beside keepalived: the same servers, the same clients of two virtual IPs, and the same moments.

const bed = useBed();
const [OURS, THEIRS] = ['10.1.0.1', '10.1.0.2'];
const stage = useStage(bed, [OURS, THEIRS]);
const { hosts } = stage;
const [, fallen] = hosts;

/** Milliseconds from one check to the next, and for an answer. keepalived's are whole seconds. */
const INTERVAL = 1000;

/** Checks of both: each second, down after two failures, up after one success. */
function writeOurs(): void {
  const destinations = hosts.map(address => ({ address, port: PORT, forwarding: 'masquerade', weight: 10 }));
  stage.write({
    defaults: {
      checks: [{ http: { path: '/' } }],
      policy: {
        interval: INTERVAL,
        fasterInterval: INTERVAL,
        timeout: INTERVAL,
        rise: 1,
        fall: 2,
        jitter: 0,
      },
    },
    services: [{ protocol: 'tcp', address: OURS, port: 80, scheduler: 'wrr', destinations }],
  });
}

const keepalivedConfig = `
global_defs {
  router_id test
}
virtual_server ${THEIRS} 80 {
  delay_loop 1
  lvs_sched wrr
  lvs_method NAT
  protocol TCP
${hosts
  .map(
    host => `  real_server ${host} ${PORT} {
    weight 10
    HTTP_GET {
      url {
        path /
        status_code 200
      }
      connect_timeout 1
      retry 1
      delay_before_retry 1
    }
  }`,
  )
  .join('\n')}
}
`;

function startKeepalived() {
  const file = join(stage.folder, 'keepalived.conf');
  writeFileSync(file, keepalivedConfig);
  const pids = ['--pid', 'pid', '--checkers_pid', 'checkers.pid'].map(word =>
    word.startsWith('--') ? word : join(stage.folder, word),
  );
  const words = ['keepalived', '--dont-fork', '--check', '--log-console', '--use-file', file, ...pids];
  const child = spawn('ip', ['netns', 'exec', bed.netns, ...words], { stdio: 'ignore' });
  return {
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** When each virtual IP has a server in, or out, in milliseconds since 1970. */
async function whenBoth(isIn: boolean): Promise<Readonly<Record<string, number>>> {
  const times: Record<string, number> = {};
  for (const begun = Date.now(); Date.now() - begun < 60_000; await sleep(10)) {
    for (const vip of [OURS, THEIRS]) {
      const weight = (await stage.weights(vip))[fallen] ?? 0;
      if (weight > 0 === isIn) times[vip] ??= Date.now();
    }
    if (Object.keys(times).length === 2) return times;
  }
  expect.fail(`${isIn ? 'not back' : 'not out'} in a minute: ${JSON.stringify(times)}`);
}

/** How one of the two did, summed over all scenes. Times are in milliseconds. */
interface Score {
  out: number;
  back: number;
  failed: number;
  later: number;
}

test('the director takes servers out and back as soon as keepalived does, and no more requests fail', async () => {
  writeOurs();
  const keepalived = startKeepalived();
  const director = stage.direct();
  const nothing: Score = { out: 0, back: 0, failed: 0, later: 0 };
  const scores: Record<string, Score> = { director: { ...nothing }, keepalived: { ...nothing } };
  const table: Record<string, object> = {};
  const late: Storm['failures'][number][] = [];
  try {
    for (const vip of [OURS, THEIRS])
      await stage.reach(vip, Object.fromEntries(hosts.map(host => [host, 10])));
    const scenes: readonly Mode[] = ['closed', 'mute', 'errors'];
    for (const [i, mode] of scenes.entries()) {
      for (const vip of [OURS, THEIRS]) await stage.storm(vip, { every: 100, hold: 10 });
      // Another moment between two checks each time.
      await sleep(1000 + (i * INTERVAL) / scenes.length);
      const died = await stage.mode(fallen, mode);
      const out = await whenBoth(false);
      await sleep(500);
      const well = await stage.mode(fallen, 'well');
      const back = await whenBoth(true);
      await sleep(300);
      for (const [name, vip] of Object.entries({ director: OURS, keepalived: THEIRS })) {
        const { failures }: Storm = await stage.endStorm(vip);
        const row = {
          out: out[vip]! - died,
          back: back[vip]! - well,
          failed: failures.length,
          later: failures.filter(({ time }) => time > out[vip]!).length,
        };
        table[`${mode}, ${name}`] = row;
        if (vip === OURS) late.push(...failures.filter(({ time }) => time > out[vip]!));
        for (const key of ['out', 'back', 'failed', 'later'] as const) scores[name]![key] += row[key];
      }
    }
  } finally {
    console.table(table);
    await keepalived.end();
    director.child.kill('SIGTERM');
    await once(director.child, 'exit');
  }
  const { director: ours, keepalived: theirs } = scores as { director: Score; keepalived: Score };
  expect(ours.later, JSON.stringify(late)).toBe(0);
  // They check at moments of their own: by chance one is up to an interval later than the other in each scene.
  const chance = 3 * INTERVAL;
  expect(ours.out).toBeLessThan(theirs.out + chance);
  expect(ours.back).toBeLessThan(theirs.back + chance);
  // Of 10 requests a second a third is the fallen server's.
  expect(ours.failed).toBeLessThan(theirs.failed + (10 * chance) / 1000);
});
