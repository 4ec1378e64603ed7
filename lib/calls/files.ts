import { openSync } from 'node:fs';
import { Operation } from '../addon/layout.ts';
import type { CallSpec } from './call.ts';
import { E } from './kernel-error.ts';
import type { OptionSet } from './options.ts';

// Files are opened by the client's thread, in the client's network namespace, once ip_vs is loaded: only then are they there.

/** Describes a call on a file or a directory. */
export interface FileCallSpec<T, O extends Operation = Operation> extends CallSpec<T, O> {
  readonly path: string;
  /** `name NUL content NUL` of each file to be written. */
  readonly content?: string;
}

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

/** Reads all files of a directory; `decode` gets `name NUL content NUL` of each. `name` is what errors call the directory. */
export function readDirectory<T>(
  path: string,
  name: string,
  decode: (text: string) => T,
): FileCallSpec<T, typeof Operation.readDirectory> {
  return {
    operation: Operation.readDirectory,
    context: { command: 'READ_FILE', file: `${name} (${path})` },
    decode: payload => decode(text(payload)),
    investigate: (context, _, payload) =>
      payload === undefined ? context : { ...context, file: `${path}/${text(payload)}` },
    path,
  };
}

/** Writes files of a directory: all or, where one fails, none. `name` makes of the file that failed what errors call it. */
export function writeDirectory(
  path: string,
  content: string,
  name: (file: string) => string,
): FileCallSpec<void, typeof Operation.writeDirectory> {
  return {
    operation: Operation.writeDirectory,
    context: { command: 'WRITE_FILE' },
    decode: () => undefined,
    investigate: (context, _, payload) => ({ ...context, file: name(text(payload)) }),
    path,
    content,
  };
}

/**
 * Opens a file: a descriptor of the JavaScript thread's own, which Node.js closes should the thread be terminated. The addon's is
 * closed once the reply was delivered.
 */
export function openFile(path: string, options?: OptionSet): FileCallSpec<number, typeof Operation.openFile> {
  return {
    operation: Operation.openFile,
    context: { command: 'READ_FILE', file: path },
    options,
    decode: fd => openSync(`/proc/self/fd/${fd}`, 'r'),
    path,
  };
}

/** What a file holds; an empty one comes as nothing. */
function text(payload: ArrayBuffer | undefined): string {
  return payload === undefined ? '' : Buffer.from(payload).toString('latin1');
}
