import { readFileSync } from 'node:fs';
import type { NetworkNamespace } from '../namespace.ts';

/** What a command has to do with the world around it. */
export interface Shell {
  print(text: string): void;
  /** Tells what is wrong: a line, or several. */
  complain(text: string): void;
  /** All of a file, or for `-` of standard input. */
  read(path: string): Promise<string>;
  /** The network namespace, when it is not the process's own. */
  readonly netns?: NetworkNamespace | undefined;
  /** What is printed may be coloured. */
  readonly colours?: boolean | undefined;
}

/** The process's own streams. */
export const processShell: Shell = {
  // hasColors() knows NO_COLOR and dumb terminals.
  get colours() {
    return process.stdout.isTTY && process.stdout.hasColors();
  },
  print: text => write(process.stdout, text),
  complain: text => write(process.stderr, `${text}\n`),
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

/** Node sets up a stream when it is first asked for, and takes its time: only who prints pays for it. */
function write(stream: NodeJS.WriteStream, text: string): void {
  if (stream.listenerCount('error') === 0) stream.on('error', ignoreClosedPipe);
  stream.write(text);
}

/** A reader that has seen enough (`ipvs | head`) is no error of ours. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
