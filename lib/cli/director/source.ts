import { basename } from 'node:path';
import type { Problem, Revision, Source } from '../../director/types.ts';
import { systemClock } from '../../health/clock.ts';
import { counted } from '../counted.ts';
import type { Shell } from '../terminal.ts';
import { type DirectorFile, readDirectorFile } from './file.ts';
import { followFile } from './follow.ts';

/** A director's file as the source of its desired states. */
export interface FileSource {
  /** Yields the file as it was first read, and again at each change and each SIGHUP. */
  readonly source: Source;
  /** What is wrong with the file as it was last read. */
  readonly problems: () => readonly Problem[];
}

/** The source that the file at a path is, whose first reading is `first`. A bad one changes nothing, and is told. */
export function fileSource(path: string, first: DirectorFile, shell: Shell): FileSource {
  let problem: Problem | undefined;

  /** The file as it is now; undefined where it can't be taken. */
  async function read(): Promise<DirectorFile | undefined> {
    try {
      const file = await readDirectorFile(path, shell);
      problem = undefined;
      return file;
    } catch (error) {
      const { message } = error as Error;
      shell.complain(`${message}\nnothing was changed`);
      problem = { code: 'source', message: inOneLine(message), since: problem?.since ?? systemClock.now() };
      return undefined;
    }
  }

  async function* source(signal: AbortSignal): AsyncGenerator<Revision, void, undefined> {
    let wake = () => {};
    // It may change again while it is read, and nobody waits to be woken.
    let isDue = false;
    const changed = () => {
      isDue = true;
      wake();
    };
    const unwatched = (error: Error) =>
      shell.complain(`${path} is not watched any more (${error.message}): send SIGHUP`);
    const followed = path === '-' ? undefined : followFile(path, changed, unwatched);
    process.on('SIGHUP', changed);
    signal.addEventListener('abort', () => wake());
    let count = 0;
    const revisionOf = ({ desired, force }: DirectorFile): Revision => ({
      desired,
      force,
      revision: `${basename(path)}, reading ${++count}`,
    });
    try {
      yield revisionOf(first);
      while (!signal.aborted) {
        if (!isDue) {
          await new Promise<void>(resolve => {
            wake = resolve;
          });
        }
        isDue = false;
        if (signal.aborted || path === '-') continue;
        const file = await read();
        if (file !== undefined) yield revisionOf(file);
      }
    } finally {
      followed?.stop();
      process.removeListener('SIGHUP', changed);
    }
  }

  return { source, problems: () => (problem === undefined ? [] : [problem]) };
}

/** The first of a file's mistakes, and how many more there are: the last line of several says how many in all. */
function inOneLine(message: string): string {
  const [first = '', ...others] = message.split('\n');
  return others.length < 2 ? first : `${first} (and ${counted(others.length - 1, 'mistake')} more)`;
}
