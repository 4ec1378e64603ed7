import { describe, expect, test } from 'vitest';
import { parseCommands, parseRules, type RulesError } from '../../../lib/rules/index.ts';
import {
  applyLines,
  destinationLine,
  lineTable,
  readLineTable,
  servicesOf,
} from '../../../lib/rules/parse/table.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const server = { address: '10.0.1.1', port: 80 } as const;

/** The table that there is before the first line: a service of a destination, and one of a mark. */
const there = parseRules('-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.1.1\n-A -f 1 -6');

/** What comes of lines on the table that there is: the services, and which lines are refused. */
function onTable(...lines: string[]) {
  const table = lineTable(there);
  const refusals = applyLines(table, parseCommands(lines.join('\n')));
  return {
    services: servicesOf(table),
    refused: refusals.map(({ line, kind, of }) => `${line} ${kind} ${of}`),
  };
}

describe('lines on a table', () => {
  test('a table without lines is what it was made of', () => {
    expect(onTable()).toEqual({ services: there, refused: [] });
  });

  test('what is there may be added once, as rules are restored over it', () => {
    const { services, refused } = onTable(
      '-A -t 10.0.0.1:80 -s rr',
      '-A -t 10.0.0.1:80 -s wrr',
      '-a -t 10.0.0.1:80 -r 10.0.1.1 -w 7',
      '-a -t 10.0.0.1:80 -r 10.0.1.1 -w 8',
    );
    expect(refused).toEqual(['2 doubled service', '4 doubled destination']);
    expect(services[0]).toMatchObject({ ...web, scheduler: 'rr', destinations: [{ ...server, weight: 7 }] });
  });

  test('what is not there cannot be changed, nor deleted twice', () => {
    const { services, refused } = onTable(
      '-E -t 10.0.0.2:80 -s rr',
      '-Z -t 10.0.0.2:80',
      '-e -t 10.0.0.1:80 -r 10.0.1.2',
      '-D -f 1',
      '-D -f 1 -6',
      '-D -f 1 -6',
      '-d -t 10.0.0.1:80 -r 10.0.1.1',
      '-d -t 10.0.0.1:80 -r 10.0.1.1',
      '-a -t 10.0.0.1:81 -r 10.0.1.1',
    );
    expect(refused).toEqual([
      '1 missing service',
      '2 missing service',
      '3 missing destination',
      '4 missing service',
      '6 missing service',
      '8 missing destination',
      '9 missing service',
    ]);
    expect(services).toEqual([{ ...there[0], destinations: [] }]);
  });

  test('counters are zeroed and services listed without a change to the table', () => {
    expect(onTable('-Z', '-Z -t 10.0.0.1:80', '-L', '-L -t 10.0.0.1:80', '--set 1 2 3')).toEqual({
      services: there,
      refused: [],
    });
    expect(onTable('-C', '-Z').services).toEqual([]);
  });

  test('a destination’s line is the one that said it last, and 0 where it was there', () => {
    const { table } = readLineTable(
      '-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.1.1\n-e -t 10.0.0.1:80 -r 10.0.1.1 -w 3\n',
    );
    const [entry] = table.values();
    expect([destinationLine(entry!, server), destinationLine(entry!, { ...server, port: 81 })]).toEqual([
      3, 0,
    ]);
    const [before] = lineTable(there).values();
    expect([before?.line, destinationLine(before!, server)]).toEqual([0, 0]);
  });
});

test('a line that the kernel would refuse says what would do instead', () => {
  const text = `-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-d -t 10.0.0.1:80 -r 10.0.1.2
-E -f 1
-Z
-L`;
  let error: unknown;
  try {
    parseRules(text);
  } catch (thrown) {
    error = thrown;
  }
  expect((error as RulesError).problems).toEqual([
    { line: 2, option: '-A', message: '-A: this service was added before; -E changes it' },
    { line: 4, option: '-a', message: '-a: this service has this destination already; -e changes it' },
    { line: 5, option: '-d', message: '-d: this service lacks this destination; add it with -a' },
    { line: 6, option: '-E', message: '-E: this service was not added before; add it with -A' },
    { line: 7, option: '-Z', message: '-Z: says nothing about services: a table is made of -A and -a' },
    { line: 8, option: '-L', message: '-L: says nothing about services: a table is made of -A and -a' },
  ]);
});
