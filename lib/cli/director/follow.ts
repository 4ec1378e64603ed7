import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds in which several changes of a file are one. */
const SETTLING = 100;

/** A file that is followed. */
export interface FollowedFile {
  stop(): void;
}

/**
 * Follows a file by the folders it is in: editors put another file in the old one's place, and Kubernetes another
 * folder, to which the file's name leads by symbolic links. `onChange` is called where another file is there than
 * before, or it was written; `onFailure` where a folder can't be watched.
 */
export function followFile(
  path: string,
  onChange: () => void,
  onFailure: (error: Error) => void,
): FollowedFile {
  let timer: NodeJS.Timeout | undefined;
  let watchers: readonly FSWatcher[] = [];
  let known = stampOf(path);

  const look = () => {
    const stamp = stampOf(path);
    if (stamp === known) return;
    known = stamp;
    watchAgain();
    onChange();
  };
  // Whatever happens in the folder: what the links on the way are called is not known here.
  const stir = () => {
    clearTimeout(timer);
    timer = setTimeout(look, SETTLING);
  };
  const watchAgain = () => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    try {
      watchers = foldersOf(path).map(folder => watch(folder, stir).on('error', onFailure));
    } catch (error) {
      onFailure(error as Error);
    }
  };
  watchAgain();
  return {
    stop() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** The folder of the file's name, and that of the file itself where links lead to another one. */
function foldersOf(path: string): readonly string[] {
  const named = dirname(path);
  try {
    return [...new Set([realpathSync(named), dirname(realpathSync(path))])];
  } catch {
    return [named]; // it is not there just now
  }
}

/** What differs between two files, and between one and itself after a write. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  }
}
