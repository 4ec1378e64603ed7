import { readFileSync, readSync, writeSync } from 'node:fs';
import type { NetworkNamespace } from '../namespace.ts';

/** What a command has of the world around it. */
export interface Shell {
  /** Text, or its UTF-8. */
  print(text: string | Uint8Array): void;
  /** Tells what is wrong: a line, or several. */
  complain(text: string): void;
  /** All of a file, or for `-` of standard input. */
  read(path: string): Promise<string>;
  /** The network namespace, when it is not the process's own. */
  readonly netns?: NetworkNamespace | undefined;
  /** What is printed may be coloured. */
  readonly colours?: boolean | undefined;
  /** The columns of the terminal; undefined where there is none. */
  readonly width?: number | undefined;
  /**
   * Shows a line that the next one takes the place of, nothing for an empty one; undefined where no terminal
   * shows what is complained about.
   */
  readonly showProgress?: ((line: string) => void) | undefined;
  /** Whether anybody still reads what is printed: a long list may end when nobody does. */
  readonly hasReader?: () => boolean;
}

const [out, err] = [outputTo(1), outputTo(2)];

/** The process's own streams. */
export const processShell: Shell = {
  // hasColors() knows NO_COLOR and dumb terminals.
  get colours() {
    return process.stdout.isTTY && process.stdout.hasColors();
  },
  get width() {
    return process.stdout.columns;
  },
  get showProgress() {
    if (!process.stderr.isTTY) return undefined;
    // Erased to the end of the line; cut, for a line that wraps could not be taken back.
    return (line: string) => {
      try {
        err.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      } catch {
        // A terminal that is gone fails with EIO; what is shown progress of goes on.
      }
    };
  },
  print: out.write,
  hasReader: () => !out.isClosed(),
  complain(text) {
    try {
      err.write(`${text}\n`);
    } catch {
      // Nothing is left to say it to.
    }
  },
  // What some editors begin a file with is none of what it says.
  read: async path => (await readText(path)).replace(/^\ufeff/, ''),
};

/** All of a file, or for `-` of standard input. */
async function readText(path: string): Promise<string> {
  if (path !== '-') return readFileSync(path, 'utf8');
  const chunks: Uint8Array[] = [];
  try {
    for (let chunk = readChunk(); chunk.length > 0; chunk = readChunk()) chunks.push(chunk);
  } catch (error) {
    // A pipe that somebody made non-blocking can't be read like a file. What came before this stays.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    const { buffer } = await import('node:stream/consumers');
    chunks.push(await buffer(process.stdin));
  }
  return Buffer.concat(chunks).toString();
}

/** The next bytes of standard input; none at its end. */
function readChunk(): Uint8Array {
  const chunk = Buffer.allocUnsafe(1 << 16);
  return chunk.subarray(0, readSync(0, chunk));
}

/** One of the process's streams. */
interface Output {
  /** Throws where it can't be written to; a reader that has gone is no error. */
  readonly write: (text: string | Uint8Array) => void;
  /** Whether the reader has gone. */
  readonly isClosed: () => boolean;
}

/** Writes without the process's stream, which Node takes its time to set up, as long as that is possible. */
function outputTo(fd: 1 | 2): Output {
  let stream: NodeJS.WriteStream | undefined;
  let closed = false;
  /**
   * A reader that has seen enough (`ipvs | head`) is no error; a socket's may leave with something unread.
   */
  const close = ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE' && code !== 'ECONNRESET') return false;
    closed = true;
    return true;
  };
  const openStream = () => {
    const opened = fd === 1 ? process.stdout : process.stderr;
    opened.on('error', error => {
      if (close(error)) return;
      closed = true;
      processShell.complain(error.message);
      process.exitCode = 1;
    });
    return opened;
  };
  return {
    write(text) {
      if (closed) return;
      if (stream !== undefined) return void stream.write(text);
      let rest = typeof text === 'string' ? Buffer.from(text) : text;
      try {
        while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (close(error as NodeJS.ErrnoException)) return;
        if ((error as NodeJS.ErrnoException).code === 'EBADF') throw new Error('standard output is closed');
        // A pipe that somebody made non-blocking, and that is full: the stream waits.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        stream = openStream();
        stream.write(rest);
      }
    },
    isClosed: () => closed,
  };
}
