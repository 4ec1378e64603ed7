import { styleText } from 'node:util';
import type { Destination } from '../../model/destination.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import type { ServiceWithDestinations } from '../../model/table.ts';

/** How something fares: it takes connections, it is taken out or full, or there is none behind it that would take one. */
type Health = 'up' | 'out' | 'down';

const colours = { up: 'green', out: 'yellow', down: 'red' } as const;

interface Row {
  readonly cells: readonly string[];
  readonly health?: Health;
}

const head: Row = {
  cells: ['service, destination', 'how', 'weight', 'active', 'inactive', 'conns/s', 'in B/s', 'out B/s', ''],
};

/** The columns with numbers stand to the right. */
const TEXTS: ReadonlySet<number> = new Set([0, 1, 8]);

/** A table made for reading. Names are coloured by whether new connections get there; the last column says the same in words. */
export function formatTable(table: readonly ServiceWithDestinations[], coloured: boolean): string {
  if (table.length === 0) return 'no services; `ipvs help add-service` shows how to add one\n';
  const rows = [head, ...table.flatMap(service => serviceRows(service))];
  const widths = head.cells.map((_, i) =>
    rows.reduce((widest, { cells }) => Math.max(widest, cells[i]!.length), 0),
  );
  return rows.map(row => `${rowText(row, widths, coloured)}\n`).join('');
}

function rowText({ cells, health }: Row, widths: readonly number[], coloured: boolean): string {
  const padded = cells.map((cell, i) => (TEXTS.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
  const [name, ...rest] = padded;
  const shown =
    coloured && health !== undefined ? styleText(colours[health], name!, { validateStream: false }) : name!;
  return [shown, ...rest].join('  ').trimEnd();
}

function serviceRows(service: ServiceWithDestinations): Row[] {
  const { destinations, scheduler, schedulerFlags, persistence, onePacket, stats } = service;
  const takers = destinations.filter(destination => healthOf(destination) === 'up');
  const how = [
    scheduler,
    ...schedulerFlags,
    ...(persistence === undefined ? [] : [`persistent ${persistence.timeout} s`]),
    ...(onePacket ? ['one packet'] : []),
  ];
  const sum = (count: (destination: Destination) => number) =>
    String(destinations.reduce((total, destination) => total + count(destination), 0));
  const own: Row = {
    cells: [
      serviceKey(service),
      how.join(', '),
      '',
      sum(({ activeConnections }) => activeConnections),
      sum(({ inactiveConnections }) => inactiveConnections),
      ...rates(stats),
      takers.length > 0 ? '' : destinations.length === 0 ? 'no destinations' : 'takes no connections',
    ],
    health: takers.length > 0 ? 'up' : 'down',
  };
  return [own, ...destinations.map(destinationRow)];
}

function destinationRow(destination: Destination): Row {
  const { forwarding, tunnel, weight, activeConnections, inactiveConnections, stats } = destination;
  const health = healthOf(destination);
  return {
    cells: [
      `  ${destinationKey(destination)}`,
      tunnel === undefined ? forwarding : `${forwarding} ${tunnel.type}`,
      String(weight),
      String(activeConnections),
      String(inactiveConnections),
      ...rates(stats),
      health === 'up' ? '' : weight === 0 ? 'weight 0' : 'full',
    ],
    health,
  };
}

function rates({ rates: { connections, inBytes, outBytes } }: Destination['stats']): string[] {
  return [connections, inBytes, outBytes].map(String);
}

function healthOf({ weight, upperThreshold, activeConnections, inactiveConnections }: Destination): Health {
  // What the kernel counts against a threshold: all connections.
  const full = upperThreshold > 0 && activeConnections + inactiveConnections >= upperThreshold;
  return weight === 0 || full ? 'out' : 'up';
}
