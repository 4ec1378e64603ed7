import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../metrics/index.ts';

/**
 * Writes the text to a file, so that a reader finds the old one or the new one, whole: node_exporter reads it at
 * any moment, and every file that ends with `.prom`.
 */
export async function writeTextfile(metrics: Metrics, path: string, into?: Uint8Array): Promise<Uint8Array> {
  const bytes = await metrics.bytes({ into });
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    // What stands there goes, and nothing is written through it: in a folder of everybody's it may be a link.
    await rm(draft, { force: true });
    // node_exporter runs as a user of its own.
    await writeFile(draft, bytes, { mode: 0o644, flag: 'wx' });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return bytes;
}

/**
 * Writes the text at a steady pace until a signal is aborted, then removes the file: what nobody writes any more
 * would be exported for ever. A text that fails leaves the one before, whose age node_exporter tells.
 */
export async function keepTextfile(
  metrics: Metrics,
  path: string,
  interval: number,
  signal: AbortSignal,
  complain: (text: string) => void,
): Promise<void> {
  const start = performance.now();
  let bytes: Uint8Array | undefined;
  while (!signal.aborted) {
    try {
      bytes = await writeTextfile(metrics, path, bytes);
    } catch (error) {
      complain(`${path} could not be written: ${(error as Error).message}`);
    }
    const left = interval - ((performance.now() - start) % interval);
    await sleep(left, undefined, { signal }).catch(() => {});
  }
  await rm(path, { force: true });
}
