import type { DrainOptions, DrainProgress } from '../../drain/types.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../../model/identity.ts';
import type { Shell } from '../terminal.ts';

/** The exit status of what an interrupt ends. */
export const INTERRUPTED = 130;

/**
 * Runs what drains, with a line on the terminal that says how far it is. undefined: an interrupt ended it, and
 * what is `left` was said.
 */
export async function whileDraining<T>(
  shell: Shell,
  left: string,
  work: (how: Pick<DrainOptions, 'signal' | 'onProgress'>) => Promise<T>,
): Promise<T | undefined> {
  const onProgress = progressOn(shell);
  const { signal, release } = abortOnInterrupt();
  try {
    return await work({ signal, onProgress });
  } catch (error) {
    if (!signal.aborted) throw error;
    onProgress(undefined);
    shell.complain(`interrupted: ${left}`);
    return undefined;
  } finally {
    onProgress(undefined);
    release();
  }
}

/** An interrupt aborts what runs, so that it can say what it leaves behind. */
function abortOnInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  return {
    signal: controller.signal,
    release() {
      process.removeListener('SIGINT', abort);
      process.removeListener('SIGTERM', abort);
    },
  };
}

export function secondsText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Keeps a line on the terminal that says how far drains are; undefined ends it. */
function progressOn(shell: Shell): (progress: DrainProgress | undefined) => void {
  const last = new Map<string, DrainProgress>();
  return progress => {
    if (progress === undefined) {
      shell.showProgress?.('');
      return;
    }
    last.set(rowText(progress), progress);
    shell.showProgress?.(progressText([...last.values()]));
  };
}

/** How far drains are, in a line. */
export function progressText(drains: readonly DrainProgress[]): string {
  const waitingFor = drains.reduce((sum, one) => sum + one.waitingFor, 0);
  const [first] = drains;
  const what = drains.length === 1 ? rowText(first!) : `${drains.length} destinations`;
  const estimates = drains.flatMap(({ estimate }) => estimate ?? []);
  const known = estimates.length === drains.length && waitingFor > 0;
  const left = drains.flatMap(one => one.left ?? []);
  return [
    `${what}: ${waitingFor} ${waitingFor === 1 ? 'connection' : 'connections'} left`,
    ...(known ? [`about ${secondsText(Math.max(...estimates))} to go`] : []),
    ...(left.length > 0 ? [`deadline in ${secondsText(Math.max(0, Math.min(...left)))}`] : []),
  ].join(', ');
}

/** A destination of a service, as lists write both. */
export function rowText({
  service,
  destination,
}: {
  readonly service: ServiceId;
  readonly destination: DestinationId;
}): string {
  return `${serviceKey(service)} ${destinationKey(destination)}`;
}
