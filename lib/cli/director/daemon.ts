import { callsOf, type Ipvs } from '../../client.ts';
import { Director } from '../../director/director.ts';
import type { DirectorEvent, WeightEvent } from '../../director/event-types.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { recordsDirectory } from '../../records/directory.ts';
import { counted } from '../counted.ts';
import type { Shell } from '../terminal.ts';
import { controlPath, serveControl } from './control.ts';
import type { DirectorFile } from './file.ts';
import { fileSource } from './source.ts';
import { supervisor } from './systemd.ts';

/** How `ipvs director` was called. */
export interface DaemonOptions {
  readonly path: string;
  /** The first reading of the file. */
  readonly file: DirectorFile;
  readonly owner: string;
  /** Events are printed as JSON. */
  readonly json: boolean;
  /** What is done with the table at the end. */
  readonly mode: 'leave' | 'drain' | 'remove';
}

/** Runs a director until a signal ends it; returns the exit status. */
export async function runDaemon(ipvs: Ipvs, options: DaemonOptions, shell: Shell): Promise<number> {
  const { path, file, owner, json, mode } = options;
  const { source, problems } = fileSource(path, file, shell);
  const director = new Director({ ...file.options, ipvs, owner, source });
  const events = director.events();
  const printing = print(events, json, shell);
  const socket = controlPath(await recordsDirectory(callsOf(ipvs), {}), owner);
  const control = await serveControl(director, socket, problems);
  const systemd = supervisor(process.env, () => director.state().phase === 'running');
  const ended = untilSignal();
  try {
    const started = director.start();
    started.then(
      () => {
        shell.print(`directs the services of ${path}; \`ipvs status\` shows them\n`);
        systemd.notify('--ready', `--status=directs the services of ${path}`);
      },
      () => {},
    );
    await Promise.race([ended.promise, started.then(() => ended.promise)]);
    systemd.notify('STOPPING=1');
  } finally {
    ended.release();
    await control.close();
    await director.close({ mode });
    await printing;
    systemd.stop();
  }
  return 0;
}

/** Resolves at SIGINT or SIGTERM. */
function untilSignal(): { readonly promise: Promise<void>; readonly release: () => void } {
  let end = () => {};
  const promise = new Promise<void>(resolve => {
    end = resolve;
  });
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.once(name, end);
  return {
    promise,
    release: () => {
      for (const name of names) process.removeListener(name, end);
    },
  };
}

async function print(events: AsyncIterable<DirectorEvent>, json: boolean, shell: Shell): Promise<void> {
  for await (const event of events) {
    const line = json ? JSON.stringify(event, plain) : eventText(event);
    if (line !== undefined) shell.print(`${line}\n`);
  }
}

/** Errors in JSON by their messages. */
function plain(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

/** An event in a line; undefined for those that say nothing new to people. */
function eventText(event: DirectorEvent): string | undefined {
  const where = () => {
    const { service, destination } = event as WeightEvent;
    return `${serviceKey(service)} ${destinationKey(destination)}`;
  };
  switch (event.type) {
    case 'desired':
      return `takes ${counted(event.services, 'service')} with ${counted(event.destinations, 'destination')} (${event.revision ?? 'unnamed'})`;
    case 'refused':
      return `refuses ${event.revision ?? 'a desired state'}: ${event.message}`;
    case 'health': {
      const { state, reason } = event.health;
      return `${where()}: ${event.check} is ${state}${state === 'down' && reason !== undefined ? `: ${reason}` : ''}`;
    }
    case 'weight':
      return `${where()}: weight ${event.from} to ${event.to} (${event.reason})`;
    case 'service':
      return `${serviceKey(event.service)}: ${event.isUp ? 'up' : 'down'}, by tier ${event.tier}`;
    case 'panic':
      return event.kept.length === 0
        ? `${serviceKey(event.service)}: no failing server has to stay in any more`
        : `${serviceKey(event.service)}: too many fail, kept in: ${event.kept.map(destinationKey).join(', ')}`;
    case 'suspicion':
      return event.held === 0
        ? 'checks are believed again'
        : `${event.held} of ${event.of} checks failed at once: that is not believed yet`;
    case 'applied': {
      const undone = event.steps.filter(({ outcome }) => outcome !== 'done').length;
      return `${counted(event.steps.length, 'change')} in ${event.duration.toFixed(0)} ms${undone > 0 ? `, ${undone} of them undone` : ''}`;
    }
    case 'drift':
      return `another program changed ${event.rows.join(', ')}: ${event.isRepaired ? 'repaired' : 'left so'}`;
    case 'drained':
      return `${where()}: ${event.isIdle ? 'idle' : `its time is up, with ${counted(event.connections, 'connection')}`}, and goes`;
    case 'admin':
      return `${where()}: ${event.admin}${event.weight === undefined ? '' : `, weight ${event.weight}`} by an operator`;
    case 'problem':
      return `${event.isOver ? 'no more' : 'problem'} (${event.problem.code}): ${event.problem.message}`;
    case 'left-out':
      return `${event.count} events were left out`;
  }
}
