import { readFileSync, writeSync } from 'node:fs';
import type { NetworkNamespace } from '../namespace.ts';

/** What a command has to do with the world around it. */
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
}

const [out, err] = [writerTo(1), writerTo(2)];

/** The process's own streams. */
export const processShell: Shell = {
  // hasColors() knows NO_COLOR and dumb terminals.
  get colours() {
    return process.stdout.isTTY && process.stdout.hasColors();
  },
  print: out,
  complain: text => err(`${text}\n`),
  async read(path) {
    if (path !== '-') return readFileSync(path, 'utf8');
    try {
      return readFileSync(0, 'utf8');
    } catch (error) {
      // A pipe that somebody made non-blocking can't be read like a file.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    const { text } = await import('node:stream/consumers');
    return text(process.stdin);
  },
};

/** Writes without the process's stream, which Node takes its time to set up, as long as it can. */
function writerTo(fd: 1 | 2): (text: string | Uint8Array) => void {
  let stream: NodeJS.WriteStream | undefined;
  return text => {
    if (stream !== undefined) return void stream.write(text);
    let rest = typeof text === 'string' ? Buffer.from(text) : text;
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that has seen enough (`ipvs | head`) is no error of ours.
      if (code === 'EPIPE') return;
      // A pipe that somebody made non-blocking, and that is full: the stream waits.
      if (code !== 'EAGAIN') throw error;
      stream = fd === 1 ? process.stdout : process.stderr;
      stream.on('error', ignoreClosedPipe);
      stream.write(rest);
    }
  };
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
