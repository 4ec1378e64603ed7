import { createReadStream, openSync, type ReadStream } from 'node:fs';
import { Operation, Status } from '../addon/layout.ts';
import type { FileCallSpec, FurtherCalls } from './call.ts';
import { E } from './errno.ts';
import type { ErrorContext } from './error-context.ts';
import { kernelError } from './kernel-error.ts';
import type { OptionSet } from './options.ts';

// Files are opened by the client's thread, in the client's network namespace, once ip_vs is loaded: only then
// are they there.

/** Reads a whole file. */
export function readFile<T>(
  path: string,
  decode: (text: string) => T,
  options?: OptionSet,
): FileCallSpec<T, typeof Operation.readFile> {
  return {
    operation: Operation.readFile,
    context: { command: 'READ_FILE', file: path },
    options,
    decode: payload => decode(text(payload)),
    path,
  };
}

/** Reads a whole file; undefined where there is none. */
export function readFileIfThere(path: string): FileCallSpec<string | undefined, typeof Operation.readFile> {
  const absent = { value: undefined };
  return {
    ...readFile<string | undefined>(path, content => content),
    accept: status => (status === E.NOENT ? absent : undefined),
  };
}

/**
 * Reads a directory of sysctls: `decode` gets `name NUL content NUL` of each file. A namespace that shows
 * none is an error.
 */
export function readSettings<T>(
  path: string,
  decode: (text: string) => T,
): FileCallSpec<T, typeof Operation.readDirectory> {
  const context: ErrorContext = { command: 'READ_FILE', file: path };
  return {
    operation: Operation.readDirectory,
    context,
    decode(payload) {
      if (payload === undefined) throw kernelError({ ...context, isHidden: true }, E.NOENT);
      return decode(text(payload));
    },
    investigate: (failed, _, payload) =>
      payload === undefined ? failed : { ...failed, file: `${path}/${text(payload)}` },
    path,
  };
}

/**
 * Writes sysctls of a directory: all or, where one fails, none. `content` is `name NUL content NUL` of each,
 * and `name` makes the sysctl's name of its file's.
 */
export function writeSettings(
  path: string,
  content: string,
  name: (file: string) => string,
): FileCallSpec<void, typeof Operation.writeDirectory> {
  return {
    operation: Operation.writeDirectory,
    context: { command: 'WRITE_FILE', file: path },
    decode: () => undefined,
    async investigate(context, status, payload, further) {
      if (payload === undefined) return context;
      const setting = name(text(payload));
      return { ...context, setting, isHidden: status === E.NOENT && (await isEmpty(path, further)) };
    },
    path,
    content,
  };
}

/** Whether a directory of sysctls shows none. */
function isEmpty(path: string, { file }: FurtherCalls): Promise<boolean> {
  const operation = Operation.readDirectory;
  const spec: FileCallSpec<boolean, typeof operation> = {
    operation,
    context: { command: 'READ_FILE', file: path },
    decode: payload => payload === undefined,
    path,
  };
  return file(spec).catch(() => false);
}

/**
 * Opens a file: a descriptor of the JavaScript thread's own, which Node.js closes should the thread be
 * terminated. The addon's is closed once the reply was delivered.
 */
export function openFile(path: string, options?: OptionSet): FileCallSpec<number, typeof Operation.openFile> {
  const context: ErrorContext = { command: 'READ_FILE', file: path };
  return {
    operation: Operation.openFile,
    context,
    options,
    decode(fd) {
      try {
        return openSync(`/proc/self/fd/${fd}`, 'r');
      } catch (error) {
        throw fileError(context, error);
      }
    },
    path,
  };
}

/**
 * Reads a file from its descriptor, as it is asked for. Closes the descriptor at the end, or when the reader
 * leaves; `reading` can do so before.
 */
export async function* readOpened(
  fd: number,
  path: string,
  reading: Reading = {},
): AsyncGenerator<string, void, undefined> {
  const stream = createReadStream('', { fd, encoding: 'latin1', highWaterMark: 1 << 16 });
  reading.stream = stream;
  try {
    yield* stream as AsyncIterable<string>;
  } catch (error) {
    throw fileError({ command: 'READ_FILE', file: path }, error);
  }
}

/** A file that is being read, from when it is opened. */
export interface Reading {
  stream?: ReadStream;
}

/** A generator that is dropped at a `yield` never gets to what would close its file. */
const forgottenReaders = new FinalizationRegistry<Reading>(({ stream }) => stream?.destroy());

/** Has a file closed when the garbage collector finds that nobody holds its reader any more. */
export function closeWhenForgotten(reader: object, reading: Reading): void {
  forgottenReaders.register(reader, reading);
}

/** What this process lacks, rather than the file. */
const scarce: ReadonlySet<number> = new Set([E.MFILE, E.NFILE, E.NOMEM]);

/** The error for one of Node.js' own about a file. */
function fileError(context: ErrorContext, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) return error;
  return kernelError(context, scarce.has(-errno) ? Status.localFailure + errno : -errno);
}

/** What a file holds; an empty one comes as nothing. */
function text(payload: ArrayBuffer | undefined): string {
  return payload === undefined ? '' : Buffer.from(payload).toString('latin1');
}
