import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('programs/raw-netlink.py', import.meta.url));

/** An attribute by its type: bytes in hexadecimal, or attributes within it. */
export type Attribute = readonly [type: number, value: string | readonly Attribute[]];

/** IPVS_CMD_NEW_SERVICE and IPVS_CMD_NEW_DEST. */
const Command = { newService: 1, newDest: 5 } as const;

/** IPVS_CMD_ATTR_SERVICE and IPVS_CMD_ATTR_DEST. */
const Nest = { service: 1, destination: 2 } as const;

/** A service and its destinations, as attributes. */
export interface RawService {
  readonly identity: readonly Attribute[];
  readonly config: readonly Attribute[];
  readonly destinations: readonly (readonly Attribute[])[];
}

/** The bytes of a row's attributes, by their types, in hexadecimal. */
type Row = Readonly<Record<number, string>>;

/** A table as the kernel lists it, without its counters. Services are in the order of their bytes. */
export type RawTable = readonly { readonly service: Row; readonly destinations: readonly Row[] }[];

/** A socket in a network namespace that also sends what no program that checks its input would. */
export interface RawNetlink extends AsyncDisposable {
  /** Adds services with their destinations, except those that the kernel refuses. */
  add(table: readonly RawService[]): Promise<void>;
  /** Reads the whole table. */
  read(): Promise<RawTable>;
}

/** IPVS_SVC_ATTR_STATS and _STATS64. */
const countedOfService = [10, 12];
/** IPVS_DEST_ATTR_ACTIVE_CONNS to _PERSIST_CONNS, _STATS and _STATS64. */
const countedOfDestination = [7, 8, 9, 10, 12];

type Told = readonly (readonly [type: number, bytes: string])[];

function rowOf(attributes: Told, counted: readonly number[]): Row {
  return Object.fromEntries(attributes.filter(([type]) => !counted.includes(type)));
}

export function openRawNetlink(netns: string): RawNetlink {
  const child = spawn('ip', ['netns', 'exec', netns, 'python3', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();

  async function ask<T>(request: object): Promise<T> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error(`${program} ended before its answer`);
    return JSON.parse(value);
  }

  return {
    async add(table) {
      const messages = table.flatMap(({ identity, config, destinations }) => [
        [Command.newService, [[Nest.service, [...identity, ...config]]]],
        ...destinations.map(destination => [
          Command.newDest,
          [
            [Nest.service, identity],
            [Nest.destination, destination],
          ],
        ]),
      ]);
      await ask({ send: messages });
    },
    async read() {
      const table = await ask<readonly (readonly [Told, readonly Told[]])[]>({ table: true });
      return table
        .map(([service, destinations]) => ({
          service: rowOf(service, countedOfService),
          destinations: destinations.map(row => rowOf(row, countedOfDestination)),
        }))
        .sort((a, b) => (JSON.stringify(a.service) < JSON.stringify(b.service) ? -1 : 1));
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}
