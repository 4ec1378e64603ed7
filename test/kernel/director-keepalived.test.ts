import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Scene, useScenes, watchPresence } from './director-scenes.ts';
import { useStage } from './director-stage.ts';
import { useBed } from './support.ts';
import type { Storm } from './traffic.ts';

// The director beside keepalived: the same servers, the same clients of two virtual IPs, and the same moments.

const bed = useBed();
const vips = [1, 2, 3, 4, 5].flatMap(scene => [`10.1.${scene}.1`, `10.1.${scene}.2`]);
const stage = useStage(bed, vips);
/** Parts of the names of scenes to play: `IPVS_SCENES=500,silent`. */
const SCENES = process.env['IPVS_SCENES']?.split(',') ?? [''];
const scenes = useScenes(bed, stage, SCENES);

/** Milliseconds from one check to the next, and for an answer. keepalived's are whole seconds. */
const INTERVAL = 1000;
/** How often each scene is played: each time at another moment between two checks. More make better means. */
const ROUNDS = Number(process.env['IPVS_ROUNDS'] ?? (process.env['CI'] ? 2 : 1));
/** Where nobody had the processor for so many milliseconds, a round tells of the machine: it is played again. */
const STOOD = INTERVAL / 4;
/** Milliseconds after which no round is begun. */
const LONGEST = 15_000 * ROUNDS;
/** Milliseconds that all else takes at most. */
const REST = 285_000;
/** Milliseconds from one request to the next, of each virtual IP. */
const EVERY = 400;

/** Checks of both: each second, down after two failures, up after one success. */
function writeOurs(): void {
  const policy = {
    interval: INTERVAL,
    fasterInterval: INTERVAL,
    timeout: INTERVAL,
    rise: 1,
    fall: 2,
    jitter: 0,
  };
  stage.write({
    defaults: { checks: [{ http: { path: '/' } }], policy },
    services: scenes.map(({ ours, hosts, port, forwarding }) => ({
      protocol: 'tcp',
      address: ours,
      port: 80,
      scheduler: 'wrr',
      // Only this way a check sees what clients see.
      ...(forwarding === 'direct' && { target: { through: true } }),
      destinations: hosts.map(address => ({ address, port, forwarding, weight: 10 })),
    })),
  });
}

const realServer = (host: string, port: number) => `
  real_server ${host} ${port} {
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
  }`;

const virtualServer = ({ theirs, hosts, port, forwarding }: Scene) => `
virtual_server ${theirs} 80 {
  delay_loop 1
  lvs_sched wrr
  lvs_method ${forwarding === 'direct' ? 'DR' : 'NAT'}
  protocol TCP
${hosts.map(host => realServer(host, port)).join('\n')}
}
`;

function startKeepalived() {
  const file = join(stage.folder, 'keepalived.conf');
  writeFileSync(file, `global_defs {\n  router_id test\n}\n${scenes.map(virtualServer).join('')}`);
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

/** How one of the two did in one round of a scene. Times are in milliseconds. */
interface Score {
  /** From the server's failure until it was out; Infinity: it never was. */
  readonly out: number;
  readonly back: number;
  readonly failed: number;
  /** How many of these began after our director had taken the server out. */
  readonly later: number;
}

/** How both did. */
interface Round {
  readonly scene: Scene;
  /** Whether the machine let both do what they would. */
  readonly isQuiet: boolean;
  /** Whether keepalived left the server in. */
  readonly stays: boolean;
  readonly ours: Score;
  readonly theirs: Score;
}

/**
 * Shares of an interval after which a scene's server fails, one for each round: spread evenly, in any order. Were each
 * a little longer than that before, one of the two might drift along and meet them all at the same moment.
 */
const momentsBetweenChecks = () =>
  Array.from({ length: ROUNDS }, (_, round) => ({
    share: (round + Math.random()) / ROUNDS,
    place: Math.random(),
  }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ share }) => share);

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** A mean, with its standard error where there are several values. */
function meanText(values: readonly number[]): string {
  const mean = sumOf(values) / values.length;
  const squares = sumOf(values.map(value => (value - mean) ** 2));
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return Number.isFinite(error) ? `${Math.round(mean)} ±${Math.round(error)}` : `${Math.round(mean)}`;
}

/** What is read off rounds of one of the two. */
function resultOf(scores: readonly Score[]) {
  return {
    out: meanText(scores.map(({ out }) => out)),
    back: meanText(scores.map(({ back }) => back)),
    failed: sumOf(scores.map(({ failed }) => failed)),
  };
}

test('the director takes servers out and back as soon as keepalived does, and no more requests fail', {
  timeout: LONGEST + REST,
}, async () => {
  writeOurs();
  const keepalived = startKeepalived();
  const director = stage.direct();
  const presence = watchPresence(bed);
  const rounds: Round[] = [];
  const late: Storm['failures'][number][] = [];

  async function play(scene: Scene, share: number): Promise<void> {
    const { hosts, source, ours, theirs } = scene;
    const [, fallen] = hosts;
    const begun = Date.now();
    const both = [ours, theirs];
    for (const vip of both) await presence.since(vip, fallen, true);
    const isSeen = scene.forwarding !== 'direct';
    for (const vip of both) {
      await stage.storm(vip, { every: EVERY, hold: 10, ...(source !== undefined && { source }) });
    }
    await sleep(500 + share * INTERVAL);
    const died = await scene.fail();
    const out = [
      await presence.since(ours, fallen, false),
      isSeen ? await presence.since(theirs, fallen, false) : Number.POSITIVE_INFINITY,
    ];
    // At any moment between two checks, again.
    await sleep((isSeen ? 500 : 2 * INTERVAL) + Math.random() * INTERVAL);
    const stays = presence.isIn(theirs, fallen);
    const well = await scene.mend();
    // Who has waited for the fallen server until now has waited for too long.
    for (const [i, vip] of both.entries()) {
      await stage.traffic.tell('giveUp', { vip, before: Math.min(out[i]!, well - 500) });
    }
    const back = [
      await presence.since(ours, fallen, true),
      isSeen ? await presence.since(theirs, fallen, true) : Number.NaN,
    ];
    await sleep(300);
    const [our, their] = await Promise.all(
      both.map(async (vip, i): Promise<Score> => {
        const { failures } = await stage.endStorm(vip);
        const later = failures.filter(({ time }) => time > out[0]!);
        if (vip === ours) late.push(...later);
        return {
          out: out[i]! - died,
          back: back[i]! - well,
          failed: failures.length,
          later: later.length,
        };
      }),
    );
    const isStill = presence.gap(begun) < STOOD;
    // What keepalived has not done within a minute can't be compared, either.
    const isQuiet = isStill && (!isSeen || [out[1], back[1]].every(Number.isFinite));
    rounds.push({ scene, isQuiet, stays, ours: our!, theirs: their! });
    expect(!isStill || [out[0], back[0]].every(Number.isFinite), JSON.stringify(our)).toBe(true);
  }

  try {
    const all = scenes.flatMap(({ ours, theirs, hosts }) =>
      [ours, theirs].flatMap(vip => hosts.map(host => presence.since(vip, host, true))),
    );
    await Promise.all(all);
    const enough = Date.now() + LONGEST;
    await Promise.all(
      scenes.map(async scene => {
        const moments = momentsBetweenChecks();
        const quiet = () => rounds.filter(round => round.scene === scene && round.isQuiet).length;
        for (let round = 0; round < 2 * ROUNDS && quiet() < ROUNDS && Date.now() < enough; round++) {
          await play(scene, moments[round % ROUNDS]!);
        }
      }),
    );
  } finally {
    await presence.end();
    await keepalived.end();
    director.child.kill('SIGTERM');
    await once(director.child, 'exit');
  }
  const quiet = rounds.filter(({ isQuiet }) => isQuiet);
  tabulate(quiet);
  console.log(`${rounds.length} rounds, ${quiet.length} of which the machine let pass quietly`);
  // A request that begins once a server is out is answered.
  expect(late).toEqual([]);
  const [seen, unseen] = [true, false].map(isSeen =>
    quiet.filter(({ scene }) => (scene.forwarding !== 'direct') === isSeen),
  ) as [Round[], Round[]];
  // Only a check through the path of clients' packets notices that the virtual IP is missing.
  expect(seen.filter(({ stays }) => stays)).toEqual([]);
  expect(unseen.filter(({ stays, theirs }) => !stays || theirs.later === 0)).toEqual([]);
  // They check at moments of their own: in one round either may be up to an interval later than the other.
  const chance = seen.length * INTERVAL;
  const lead = (of: (score: Score) => number) => sumOf(seen.map(({ ours, theirs }) => of(theirs) - of(ours)));
  expect(lead(({ out }) => out)).toBeGreaterThanOrEqual(-chance / 2);
  expect(lead(({ back }) => back)).toBeGreaterThanOrEqual(-chance / 2);
  // A third of the requests is the fallen server's.
  expect(lead(({ failed }) => failed)).toBeGreaterThanOrEqual(-chance / EVERY / 3);
});

/** Prints how both did in each scene. */
function tabulate(rounds: readonly Round[]): void {
  const rows = scenes.flatMap(({ name }) => {
    const played = rounds.filter(({ scene }) => scene.name === name);
    if (played.length === 0) return [];
    const [ours, theirs] = [played.map(one => one.ours), played.map(one => one.theirs)].map(resultOf);
    return [
      [
        `a server ${name}`,
        {
          rounds: played.length,
          'out, director': ours!.out,
          'out, keepalived': theirs!.out,
          'back, director': ours!.back,
          'back, keepalived': theirs!.back,
          'failed, director': ours!.failed,
          'failed, keepalived': theirs!.failed,
        },
      ] as const,
    ];
  });
  console.table(Object.fromEntries(rows));
}
