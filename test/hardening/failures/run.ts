import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Line } from './act.ts';
import { makeControlFile } from './control.ts';
import type { SceneName } from './scenes.ts';

const library = join(import.meta.dirname, '../../../native/build/failing-calls.so');

interface Walked {
  /** How many failures were tried, and how many of them the caller came to see. */
  readonly tried: number;
  readonly seen: number;
  /** What is wrong, a sentence each. */
  readonly defects: readonly string[];
}

/** Walks through the failures of scenes, in a process that is started anew behind a failure that ended it. */
export async function walk(
  scenes: readonly SceneName[],
  brief: boolean,
  tell: (defect: string) => void,
  /** Told of each failure that is tried: its place among those of its scene, from 1, and how many those are. */
  progress: (scene: string, place: number, of: number) => void,
): Promise<Walked> {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-failures-'));
  const netns = `ipvs-failures-${process.pid}`;
  execFileSync('ip', ['netns', 'add', netns]);
  execFileSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  const defects: string[] = [];
  const found = (defect: string) => {
    defects.push(defect);
    tell(defect);
  };
  let tried = 0;
  let seen = 0;
  try {
    for (let first = 0, ended = false; !ended; ) {
      const file = join(folder, 'control');
      makeControlFile(file);
      const args = [
        '--import',
        'tsx',
        join(import.meta.dirname, 'act.ts'),
        netns,
        scenes.join(','),
        String(first),
      ];
      const child = spawn(process.execPath, [...args, ...(brief ? ['--brief'] : [])], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LD_PRELOAD: library, IPVS_FAILING_CALLS: file },
      });
      let printed = '';
      child.stderr.on('data', chunk => (printed += chunk));
      const closed = once(child, 'close');
      let trying = 'the beginning';
      let here = 0;
      for await (const text of createInterface(child.stdout)) {
        const line = JSON.parse(text) as Line;
        if ('trying' in line) {
          const [scene = ''] = line.what.split(':');
          progress(scene, line.place, line.of);
          first = line.trying;
          trying = line.what;
          here++;
        } else if ('end' in line) {
          ended = true;
          tried += line.tried;
          seen += line.seen;
        } else {
          for (const defect of line.defects) found(`${line.what}: ${defect}`);
        }
      }
      const [status, signal] = await closed;
      if (!ended) {
        tried += here;
        found(`${trying}: ended the process (${signal ?? status})\n${printed.trim().slice(0, 600)}`);
        if (here === 0) break;
      } else if (status !== 0) {
        found(`the process ended with ${signal ?? status}\n${printed.trim().slice(0, 600)}`);
      } else if (printed !== '') {
        found(`the process printed ${printed.trim().slice(0, 600)}`);
      }
    }
  } finally {
    execFileSync('ip', ['netns', 'del', netns]);
    rmSync(folder, { recursive: true, force: true });
  }
  return { tried, seen, defects };
}
