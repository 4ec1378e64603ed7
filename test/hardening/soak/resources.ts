import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the process has. Bytes, but for the last two. */
export interface Resources {
  /** V8's heap that is in use. */
  readonly heap: number;
  /** What JavaScript objects hold outside of it, array buffers among it. */
  readonly external: number;
  /** What is neither: the memory of native code and of its threads, as far as it was ever touched. */
  readonly native: number;
  readonly threads: number;
  readonly descriptors: number;
}

export type Measure = keyof Resources;

/** Takes stock, once the garbage collector has had its turns: what was forgotten goes in several. */
export async function takeStock(): Promise<Resources> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('the soak needs node --expose-gc');
  for (let turn = 0; turn < 6; turn++) {
    gc();
    await sleep(30);
  }
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    heap: heapUsed,
    external,
    native: anonymousBytes() - heapTotal - external,
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** Memory that no file backs: pages of a program's files come and go as the kernel likes. */
function anonymousBytes(): number {
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
