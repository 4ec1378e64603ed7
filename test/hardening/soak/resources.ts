import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the process has. Bytes, but for the last two. */
export interface Resources {
  /** V8's heap that is in use. */
  readonly heap: number;
  /** What JavaScript objects hold outside of it, array buffers among it. */
  readonly external: number;
  /** What the addon and its libnl have allocated and not freed. */
  readonly addon: number;
  /** What all else in the process has allocated and not freed, Node.js and V8 foremost. */
  readonly others: number;
  /**
   * Memory that no file backs, as far as it was ever touched, but for V8's heap: what is in use, what allocators keep
   * of what was freed, the stacks of threads, and V8's code.
   */
  readonly resident: number;
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
  const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const { addon, all } = allocated();
  return {
    heap: heapUsed,
    external,
    addon,
    others: all - addon - arrayBuffers,
    resident: anonymousBytes() - heapTotal,
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** Memory that no file backs: pages of a program's files come and go as the kernel likes. */
function anonymousBytes(): number {
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** The bytes that counting-malloc.c has counted; none where it is not preloaded, as beside a sanitizer's allocator. */
function allocated(): { readonly addon: number; readonly all: number } {
  const { IPVS_COUNTING_MALLOC: path } = process.env;
  if (path === undefined) return { addon: Number.NaN, all: Number.NaN };
  const words = readFileSync(path);
  return { addon: Number(words.readBigInt64LE(0)), all: Number(words.readBigInt64LE(16)) };
}
