import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';

/** The functions whose calls can fail, in the order of failing-calls.c, which counts them from 1. */
const functions = [
  ...[
    'socket',
    'bind',
    'connect',
    'getsockname',
    'getsockopt',
    'setsockopt',
    'sendto',
    'recv',
    'setns',
    'open',
  ],
  ...['fdopendir', 'readdir', 'read', 'pwrite', 'fcntl', 'pthread_create', 'eventfd', 'epoll_create1'],
  ...['epoll_ctl', 'epoll_wait', 'malloc'],
] as const;

export type FunctionName = (typeof functions)[number];

/** A call: the `nth` of its function, from 1. Calls of one site are reached by the same way through the code. */
export interface Site {
  readonly function: FunctionName;
  readonly nth: number;
  readonly site: number;
}

/** How the preloaded library is told what fails, and tells what was called: by a file that it has mapped. */
export interface Control {
  /** From now on counts calls and notes their sites. */
  record(): void;
  /** Ends that, and returns what was called, in order. */
  recorded(): readonly Site[];
  /** From now on the nth call of a function fails, once. */
  arm(name: FunctionName, nth: number, failure: number): void;
  /** Ends that, and tells whether it failed. */
  disarm(): boolean;
  close(): void;
}

// struct control of failing-calls.c, in words of 32 bits.
const place = {
  function: 0,
  nth: 1,
  failure: 2,
  failed: 3,
  recording: 4,
  counts: 5,
  siteCount: 69,
  sites: 70,
};
const SITES = 8192;
const BYTES = 4 * (place.sites + 3 * SITES);

/** Makes the file that the library maps. Before the process starts that it is preloaded into. */
export function makeControlFile(path: string): void {
  writeFileSync(path, Buffer.alloc(BYTES));
}

export function openControl(path: string): Control {
  const file = openSync(path, 'r+');
  const write = (at: number, words: readonly number[]) =>
    void writeSync(file, Buffer.from(Int32Array.from(words).buffer), 0, 4 * words.length, 4 * at);
  const read = (at: number, count: number) => {
    const words = new Int32Array(count);
    readSync(file, words, 0, 4 * count, 4 * at);
    return words;
  };
  const noCounts = Array.from({ length: place.siteCount - place.counts }, () => 0);
  return {
    record() {
      write(place.function, [0, 0, 0, 0, 0, ...noCounts, 0]);
      write(place.recording, [1]);
    },
    recorded() {
      write(place.recording, [0]);
      const count = read(place.siteCount, 1)[0]!;
      if (count > SITES) throw new Error(`the scene made ${count} calls, more than the ${SITES} that fit`);
      const words = read(place.sites, 3 * count);
      return Array.from({ length: count }, (_, i) => ({
        function: functions[words[3 * i]! - 1]!,
        nth: words[3 * i + 1]!,
        site: words[3 * i + 2]!,
      }));
    },
    arm(name, nth, failure) {
      write(place.nth, [nth, failure, 0, 0, ...noCounts, 0]);
      write(place.function, [functions.indexOf(name) + 1]);
    },
    disarm() {
      write(place.function, [0]);
      return read(place.failed, 1)[0] === 1;
    },
    close: () => closeSync(file),
  };
}
