import { styleText } from 'node:util';
import { isCheckPath } from '../../model/check-path.ts';
import type { Destination } from '../../model/destination.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { lint } from '../../model/lint/lint.ts';
import type { ServiceWithDestinations, TableEntry } from '../../model/table.ts';
import { isGiven, type Run } from '../arguments.ts';
import { alignColumns } from '../columns.ts';
import { withModule } from '../with-client.ts';

/** Shows the table, and what is odd in it. */
export const run: Run = (given, shell) =>
  withModule(shell, async ipvs => {
    const everything = await ipvs.snapshot();
    if (isGiven(given, 'json')) {
      shell.print(`${JSON.stringify(everything, undefined, 2)}\n`);
      return 0;
    }
    const table = everything.filter(service => !isCheckPath(service));
    shell.print(formatTable(table, shell.colours === true));
    const warnings = formatWarnings(table);
    if (warnings !== '') shell.complain(warnings);
    return 0;
  });

/**
 * How something fares: it takes connections; it may, which the kernel does not tell; it is taken out or full;
 * or there is none behind it that would take one.
 */
type Health = 'up' | 'unsure' | 'out' | 'down';

const colours = { up: 'green', unsure: 'yellow', out: 'yellow', down: 'red' } as const;

interface Row {
  readonly cells: readonly string[];
  readonly health?: Health;
}

const head: Row = {
  cells: ['service, destination', 'how', 'weight', 'active', 'inactive', 'conns/s', 'in B/s', 'out B/s', ''],
};

/** The columns without numbers. */
const TEXTS = [0, 1, 8];

/**
 * A table made for reading. Names are coloured by whether new connections get there; the last column says the
 * same in words.
 */
export function formatTable(table: readonly ServiceWithDestinations[], coloured: boolean): string {
  if (table.length === 0) return 'no services; `ipvs help add-service` shows how to add one\n';
  const rows = [head, ...table.flatMap(service => serviceRows(service))];
  const lines = alignColumns(
    rows.map(({ cells }) => cells),
    TEXTS,
  );
  return rows.map(({ health }, i) => `${lineText(lines[i]!, coloured ? health : undefined)}\n`).join('');
}

/** A line, its name in the colour of its health. */
function lineText([name = '', ...rest]: readonly string[], health: Health | undefined): string {
  const shown = health === undefined ? name : styleText(colours[health], name, { validateStream: false });
  return [shown, ...rest].join('  ').trimEnd();
}

/** At most this many warnings are shown. */
const SHOWN = 20;

/** What `lint` finds in a table, a line each; empty where it finds nothing. */
export function formatWarnings(table: readonly TableEntry[]): string {
  const found = lint(table);
  const lines = found.slice(0, SHOWN).map(({ service, destination, message, code }) => {
    const row = destination === undefined ? '' : `, destination ${destinationKey(destination)}`;
    return `warning: ${serviceKey(service)}${row}: ${message} (${code})`;
  });
  if (found.length > SHOWN) lines.push(`and ${found.length - SHOWN} more`);
  return lines.join('\n');
}

function serviceRows(service: ServiceWithDestinations): Row[] {
  const { destinations, scheduler, schedulerFlags, persistence, onePacket, stats } = service;
  const states = new Set(destinations.map(destination => stateOf(destination).health));
  const health = states.has('up') ? 'up' : states.has('unsure') ? 'unsure' : 'down';
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
      health === 'down' && destinations.length === 0 ? 'no destinations' : serviceWords[health],
    ],
    health,
  };
  return [own, ...destinations.map(destinationRow)];
}

const serviceWords = { up: '', unsure: 'may take no connections', down: 'takes no connections' } as const;

function destinationRow(destination: Destination): Row {
  const { forwarding, tunnel, weight, activeConnections, inactiveConnections, stats } = destination;
  const { health, words } = stateOf(destination);
  return {
    cells: [
      `  ${destinationKey(destination)}`,
      tunnel === undefined ? forwarding : `${forwarding} ${tunnel.type}`,
      String(weight),
      String(activeConnections),
      String(inactiveConnections),
      ...rates(stats),
      words,
    ],
    health,
  };
}

function rates({ rates: { connections, inBytes, outBytes } }: Destination['stats']): string[] {
  return [connections, inBytes, outBytes].map(String);
}

/**
 * Whether a destination takes connections, and why not. The kernel counts all connections against the
 * thresholds. Once the upper one is reached it keeps the server out until they are fewer than the lower one
 * (three quarters of the upper, where that is 0), and tells nobody (ip_vs_unbind_dest in
 * net/netfilter/ipvs/ip_vs_conn.c): between the two only who watched all the time could say.
 */
function stateOf(destination: Destination): { readonly health: Health; readonly words: string } {
  const { weight, upperThreshold, lowerThreshold, activeConnections, inactiveConnections } = destination;
  if (weight === 0) return { health: 'out', words: 'weight 0' };
  if (upperThreshold === 0) return { health: 'up', words: '' };
  const connections = activeConnections + inactiveConnections;
  if (connections >= upperThreshold) return { health: 'out', words: 'full' };
  const until = lowerThreshold > 0 ? lowerThreshold : Math.ceil((upperThreshold * 3) / 4);
  if (connections < until) return { health: 'up', words: '' };
  return { health: 'unsure', words: `full until below ${until}, if it was` };
}
