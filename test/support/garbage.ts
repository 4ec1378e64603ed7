import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Has the garbage collector run, and whatever it calls have a turn. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  await new Promise(resolve => setImmediate(resolve));
}
