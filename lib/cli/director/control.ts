import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Director } from '../../director/director.ts';
import type { AdminState } from '../../director/policy/decide.ts';
import type { DirectorState, Place, Problem } from '../../director/types.ts';
import type { Drained, DrainOptions, DrainProgress } from '../../drain/types.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../../model/identity.ts';
import { makeDirectory } from '../../records/file.ts';

/** What a director is about: one destination, or all with an address. */
export type ControlTarget =
  | { readonly address: string }
  | { readonly service: ServiceId; readonly destination: DestinationId };

/** What can be asked of a running director: one request a connection, a line of JSON. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** state null: what was said is taken back. */
  | { readonly command: 'admin'; readonly target: ControlTarget; readonly state: AdminState | null }
  | { readonly command: 'drain'; readonly target: ControlTarget; readonly options: ControlDrain };

/** How a director is to drain. */
export type ControlDrain = Pick<DrainOptions, 'deadline' | 'idle' | 'idleFor' | 'setSettings'>;

/** What a director answers: lines of JSON, of which the last one has a result or an error. */
export type ControlAnswer =
  | { readonly progress: DrainProgress }
  | { readonly result: unknown }
  | { readonly error: { readonly code?: string | undefined; readonly message: string } };

/** The results of requests. */
export interface ControlResults {
  readonly status: DirectorState;
  readonly admin: readonly Place[];
  readonly drain: readonly Drained[];
}

/** The longest line that is read. */
const LONGEST = 65_536;

/** How many connections are answered at once. */
const MOST_CONNECTIONS = 32;

/** Milliseconds in which a request must have come, and its answer. */
const PATIENCE = 10_000;

/** Where a director of an owner listens, in the directory of its namespace's records. */
export function controlPath(directory: string, owner: string): string {
  return join(directory, 'directors', `${owner}.sock`);
}

/** The sockets of a namespace's directors: of those that run, and of some that did. */
export function controlPaths(directory: string): readonly string[] {
  const folder = join(directory, 'directors');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter(name => name.endsWith('.sock'));
  return names.toSorted().map(name => join(folder, name));
}

/** A control socket that listens. */
export interface Control {
  close(): Promise<void>;
}

/**
 * Listens for requests to a director, from root alone; its status has `furtherProblems` too. Rejects where another
 * director answers there.
 */
export async function serveControl(
  director: Director,
  path: string,
  furtherProblems: () => readonly Problem[] = () => [],
): Promise<Control> {
  await makeDirectory(dirname(path));
  if (existsSync(path)) {
    if (await isAlive(path)) throw new Error(`another director runs already, at ${path}`);
    rmSync(path, { force: true });
  }
  const status = (): DirectorState => {
    const state = director.state();
    return { ...state, problems: [...state.problems, ...furtherProblems()] };
  };
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    answer(director, socket, status);
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, path);
  return {
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  // Nobody else may connect, not even in the moment before the mode is set.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isDeaf(error)) resolve(true);
      else if (isGone(error)) resolve(false);
      else reject(error);
    });
  });
}

/** Whether nobody listens at a socket, or there is none. */
function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}

/** Whether somebody listens at a socket who has taken no connection for so long that its queue is full. */
function isDeaf({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN';
}

/** Reads one request, and writes what comes of it. */
function answer(director: Director, socket: Socket, status: () => DirectorState): void {
  let text = '';
  const write = (line: ControlAnswer) => socket.writable && socket.write(`${JSON.stringify(line)}\n`);
  const leave = () => void socket.end().setTimeout(PATIENCE, () => socket.destroy());
  const fail = (error: Error) => {
    write({ error: { code: (error as { code?: string }).code, message: error.message } });
    leave();
  };
  const onSilence = () => fail(new Error('no request came in time'));
  socket.setEncoding('utf8').setTimeout(PATIENCE, onSilence);
  const ending = new AbortController();
  socket.on('close', () => ending.abort());
  const onData = (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0 && text.length <= LONGEST) return;
    socket.off('data', onData).resume().setTimeout(0, onSilence);
    if (end < 0 || end > LONGEST) {
      fail(new Error(`a request has at most ${LONGEST} characters`));
      return;
    }
    const line = text.slice(0, end);
    obey(director, status, line, ending.signal, progress => void write({ progress })).then(result => {
      write({ result });
      leave();
    }, fail);
  };
  socket.on('data', onData);
}

async function obey(
  director: Director,
  status: () => DirectorState,
  line: string,
  signal: AbortSignal,
  onProgress: (progress: DrainProgress) => void,
): Promise<unknown> {
  const request = JSON.parse(line) as ControlRequest;
  switch (request.command) {
    case 'status':
      return status();
    case 'admin':
      return say(director, request.target, request.state ?? undefined);
    case 'drain': {
      const options = { ...request.options, signal, onProgress };
      if ('address' in request.target) return director.drainAddress(request.target.address, options);
      const places = placesIn(director.state(), request.target);
      return Promise.all(places.map(place => director.drain(place.service, place.destination, options)));
    }
    default:
      throw new Error('a request has a command: status, admin or drain');
  }
}

async function say(
  director: Director,
  target: ControlTarget,
  state: AdminState | undefined,
): Promise<readonly Place[]> {
  if ('address' in target) return director.adminAddress(target.address, state);
  const places = placesIn(director.state(), target);
  for (const { service, destination } of places) await director.admin(service, destination, state);
  return places;
}

/** The destinations of a director's desired state that a target means. */
export function placesIn({ services }: DirectorState, target: ControlTarget): readonly Place[] {
  const isMeant = ({ service, destination }: Place) =>
    'address' in target
      ? destination.address === target.address
      : serviceKey(service) === serviceKey(target.service) &&
        destinationKey(destination) === destinationKey(target.destination);
  return services
    .flatMap(({ service, destinations }) =>
      destinations
        .filter(({ reason }) => reason !== 'leaving')
        .map(({ destination }) => ({ service, destination })),
    )
    .filter(isMeant);
}

/** How a director is asked. */
export interface Asking {
  readonly onProgress?: ((progress: DrainProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds in which something must come, but for drains, which may be silent for as long as they take. */
  readonly patience?: number | undefined;
}

/** Asks a running director; undefined where none listens. Rejects with what it answers, or where it does not. */
export async function askDirector<R extends ControlRequest>(
  path: string,
  request: R,
  { onProgress, signal, patience = PATIENCE }: Asking = {},
): Promise<ControlResults[R['command']] | undefined> {
  const unanswered = () => new Error(`the director at ${path} does not answer`);
  const hungUp = () =>
    new Error(`the director at ${path} ended before it answered, or answers too many at once`);
  const socket = await new Promise<Socket | undefined>((resolve, reject) => {
    const opened = connect(path);
    opened.once('connect', () => resolve(opened));
    opened.once('error', (error: NodeJS.ErrnoException) => {
      if (isGone(error)) resolve(undefined);
      else if (isDeaf(error)) reject(unanswered());
      else if (error.code === 'EACCES') reject(new Error(`only root may ask the director at ${path}`));
      else reject(error);
    });
  });
  if (socket === undefined) return undefined;
  const abort = () => socket.destroy(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (request.command !== 'drain') {
    socket.setTimeout(patience, () => socket.destroy(unanswered()));
  }
  try {
    socket.setEncoding('utf8').write(`${JSON.stringify(request)}\n`);
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const told = JSON.parse(line) as ControlAnswer;
        if ('progress' in told) onProgress?.(told.progress);
        else if ('error' in told)
          throw Object.assign(new Error(told.error.message), { code: told.error.code });
        else return told.result as ControlResults[R['command']];
      }
    }
    throw hungUp();
  } catch (error) {
    // A connection more than it takes is closed at once.
    if (!['EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw hungUp();
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}
