import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Size } from '../plan.ts';
import type { Contestant } from './contestant.ts';
import type { Answer, Kind, Request, Requests } from './messages.ts';
import { works } from './work.ts';

const SUBJECT = fileURLToPath(new URL('subject.js', import.meta.url));

/** A build of this library to be measured. */
export interface Library {
  /** Its name in results; '' for this checkout's. */
  readonly label: string;
  /** Its main file. */
  readonly main: string;
}

/** A process with the library, which answers one request at a time. */
export interface Subject {
  ask<K extends Kind>(kind: K, what: Requests[K]['ask']): Promise<Requests[K]['answer']>;
  end(): Promise<void>;
}

export function startSubject(library: Library): Subject {
  const child: ChildProcess = fork(SUBJECT, [library.main], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([status]) => {
    throw new Error(`the measured process ended with status ${status}`);
  });
  gone.catch(() => {});
  return {
    async ask(kind, what) {
      const answered = once(child, 'message');
      child.send({ kind, ...what } as unknown as Request);
      const [answer] = (await Promise.race([answered, gone])) as [Answer];
      if ('error' in answer) throw new Error(answer.error);
      return answer.value as never;
    },
    async end() {
      child.disconnect();
      await gone.catch(() => {});
    },
  };
}

/** The name in results of a library's work. */
export function nameOf(library: Library, work: string): string {
  return library.label === '' ? work : `${work} (${library.label})`;
}

/** The contestants of a library: each work that it supports, in a process of its own. */
export async function libraryContestants(library: Library, size: Size): Promise<readonly Contestant[]> {
  const probe = startSubject(library);
  const names = await probe.ask('list', {});
  await probe.end();
  return Promise.all(names.map(name => libraryContestant(library, name, size)));
}

async function libraryContestant(library: Library, work: string, size: Size): Promise<Contestant> {
  const subject = startSubject(library);
  const start = await subject.ask('memory', {});
  return {
    name: nameOf(library, work),
    task: works[work]!.task,
    javaScript: true,
    slow: false,
    async run(netns, watched) {
      return [await subject.ask('run', { work, netns, size, watched })];
    },
    async end() {
      const peak = await subject.ask('memory', {});
      await subject.end();
      return { start, peak };
    },
  };
}
