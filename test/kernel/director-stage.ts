import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { DirectorEvent } from '../../lib/director/index.ts';
import { type Bed, run } from './support.ts';
import { type Storm, startTraffic, type Traffic } from './traffic.ts';

/** How servers can fare. */
export type Mode = 'well' | 'closed' | 'mute' | 'errors';

/** A director of the command that runs as a process. */
export interface RunningDirector {
  readonly child: ChildProcess;
  readonly events: readonly DirectorEvent[];
  complaints(): string;
  /** Waits until something is true. */
  until(what: string, isTrue: () => boolean): Promise<void>;
}

/** How clients visit a virtual IP. */
export interface Visiting {
  /** Milliseconds from one visit to the next. */
  readonly every: number;
  /** Milliseconds between the two requests of a visit. */
  readonly hold: number;
  /** The clients' address. */
  readonly source?: string;
}

/** Servers with clients, and a folder for the files of directors: those are processes of their own. */
export interface Stage {
  readonly hosts: readonly [string, string, string];
  /** The servers and clients. */
  readonly traffic: Traffic;
  readonly folder: string;
  readonly file: string;
  write(content: object): void;
  direct(): RunningDirector;
  /** Runs the command in the stage's namespace. */
  command(...words: readonly string[]): string;
  /** Has a server fail, or fare well; when that was, in milliseconds since 1970. */
  mode(host: string, mode: Mode): Promise<number>;
  /** Begins visits of a virtual IP. */
  storm(vip: string, how: Visiting): Promise<void>;
  endStorm(vip: string): Promise<Storm>;
  /** The weights of the destinations of a virtual IP, in the order of their addresses. */
  weights(vip: string): Promise<Readonly<Record<string, number>>>;
  /** Waits until a virtual IP has these weights. */
  reach(vip: string, wanted: Readonly<Record<string, number>>): Promise<void>;
}

/** The port of the stage's servers. */
export const PORT = 8080;

const program = join(import.meta.dirname, '../../dist/ipvs');

/** Sets servers and clients up for a test file. Call it once, at the top. */
export function useStage(bed: Bed, vips: readonly string[]): Stage {
  const hosts = ['127.0.1.1', '127.0.1.2', '127.0.1.3'] as const;
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'));
  const file = join(folder, 'director.json');
  const running = new Set<ChildProcess>();
  let traffic: Traffic;

  async function weights(vip: string): Promise<Readonly<Record<string, number>>> {
    const service = (await bed.ipvs.snapshot()).find(one => 'address' in one && one.address === vip);
    const rows = (service?.destinations ?? []).map(({ address, weight }) => [address, weight] as const);
    return Object.fromEntries(rows.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  beforeAll(async () => {
    const lines = vips.map(vip => `address add ${vip}/32 dev lo`);
    execFileSync('ip', ['-n', bed.netns, '-batch', '-'], { input: lines.join('\n') });
    traffic = await startTraffic(bed.netns, 'director-traffic.mjs');
    await traffic.tell('serve', { hosts, port: PORT });
  });
  afterEach(async () => {
    for (const child of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    running.clear();
  });
  afterAll(() => {
    traffic.end();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    hosts,
    get traffic() {
      return traffic;
    },
    folder,
    file,
    write: content => writeFileSync(file, JSON.stringify(content)),
    direct() {
      const words = ['netns', 'exec', bed.netns, program, 'director', '--json', file];
      const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });
      running.add(child);
      const events: DirectorEvent[] = [];
      let complaints = '';
      createInterface(child.stdout).on(
        'line',
        line => line.startsWith('{') && events.push(JSON.parse(line) as DirectorEvent),
      );
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaints += text;
      });
      return {
        child,
        events,
        complaints: () => complaints,
        async until(what, isTrue) {
          for (let i = 0; i < 6000; i++) {
            if (isTrue()) return;
            await sleep(10);
          }
          expect.fail(`${what} did not come; ${complaints}${JSON.stringify(events.slice(-5))}`);
        },
      };
    },
    command: (...words) => run('ip', 'netns', 'exec', bed.netns, program, ...words),
    mode: (host, mode) => traffic.tell('mode', { host, mode }),
    storm: (vip, how) => traffic.tell('storm', { vip, ...how }),
    endStorm: vip => traffic.tell('endStorm', { vip }),
    weights,
    async reach(vip, wanted) {
      for (let i = 0; i < 3000; i++) {
        if (JSON.stringify(await weights(vip)) === JSON.stringify(wanted)) return;
        await sleep(20);
      }
      expect(await weights(vip)).toEqual(wanted);
    },
  };
}
