import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../../lib/addon/load.ts';
import { createBatch } from '../../../lib/addon/record.ts';
import * as writes from '../../../lib/calls/writes.ts';
import { formatRules } from '../../../lib/index.ts';
import { readCommand, readLines } from '../../../lib/rules/parse/lines.ts';
import { noFindings } from '../../../lib/rules/problem.ts';
import type { RuleCommand } from '../../../lib/rules/types.ts';
import { tables } from '../../kernel/arbitraries.ts';
import { cases, scenes, split } from '../../kernel/cli-cases.ts';
import { commandLines } from '../../kernel/cli-lines.ts';
import { propertyRuns } from '../../support/property-runs.ts';

// The command lines that ipvs-quick reads by itself (native/cli/usual_command.h) beside the parser of
// lib/rules, which knows all there is to say about any line.

/** UsualCommand::Kind. */
const kinds = { write: 0, listTable: 1, listService: 2, save: 3, overview: 4 } as const;

/** The write that a command is, in one message: an edit replaces all. Undefined for what only reads. */
function writeOf(command: RuleCommand): writes.Write | undefined {
  switch (command.command) {
    case 'add-service':
      return writes.addService(command.service);
    case 'edit-service':
      return writes.setService(command.service);
    case 'delete-service':
      return writes.removeService(command.service);
    case 'add-server':
      return writes.addDestination(command.service, command.destination);
    case 'edit-server':
      return writes.updateDestination(command.service, command.destination, command.destination);
    case 'delete-server':
      return writes.removeDestination(command.service, command.destination);
    case 'clear':
      return writes.flush();
    case 'zero':
      return writes.zero(command.service);
    default:
      return undefined;
  }
}

/** Where CallRecord has the fields that an update names, which no message carries. */
const FIELDS = 4;

function recordOf(write: writes.Write, edits: boolean): Buffer {
  const slot = createBatch().open(write.operation);
  write.encode?.(slot);
  const record = Buffer.from(slot.bytes);
  if (edits) record.writeUInt32LE(0, FIELDS);
  return record;
}

/** Checks what ipvs-quick reads in a line, and tells whether it reads anything. */
function check(words: readonly string[]): boolean {
  const usual = native().usualCommand(words);
  if (usual === undefined) return false;
  const findings = noFindings(1);
  const command = readCommand(words, findings, undefined);
  const line = words.join(' ');
  expect([line, findings]).toMatchObject([line, { problems: [], warnings: [] }]);
  const write = writeOf(command!);
  if (write !== undefined) {
    expect([line, usual.kind]).toEqual([line, kinds.write]);
    const record = recordOf(write, command?.command === 'edit-server').toString('hex');
    expect([line, Buffer.from(usual.call).toString('hex')]).toEqual([line, record]);
  } else if (command?.command === 'save') {
    expect([line, usual.kind, command.numeric]).toEqual([line, kinds.save, true]);
  } else {
    expect(command).toMatchObject({ command: 'list', what: 'services', show: { numeric: true } });
    const isOne = command?.command === 'list' && command.what === 'services' && command.service !== undefined;
    expect([line, usual.kind]).toEqual([line, isOne ? kinds.listService : kinds.listTable]);
  }
  return true;
}

test('ipvs-quick reads `ipvs list` without options alone', () => {
  expect(native().usualCommand(['list'])?.kind).toBe(kinds.overview);
  for (const more of ['--json', '', 'x', '-n']) expect(native().usualCommand(['list', more])).toBeUndefined();
});

test('ipvs-quick reads in every case what the parser reads without a complaint, or nothing', () => {
  const read = Object.values(cases)
    .flat()
    .filter(({ input, words }) => input === undefined && check(split(words)));
  expect(read.length).toBeGreaterThan(200);
});

test('ipvs-quick reads in lines at random what the parser reads without a complaint, or nothing', () => {
  let [lines, read] = [0, 0];
  fc.assert(
    fc.property(commandLines, words => {
      lines++;
      if (check(words)) read++;
    }),
    propertyRuns(3000),
  );
  expect(read).toBeGreaterThan(lines / 3);
});

test.each([
  '-Ln',
  '-L -n --stats --exact',
  '-Ln -t 10.0.0.1:80 --rate',
  '-Sn',
  '-A -t 10.0.0.1:80 -s wrr -p 300',
  '-E -f 7 -s sh -b sh-port',
  '-D -u 10.0.0.1:53',
  '-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 5 -x 100 -y 50',
  '-e -t [fd00::1]:443 -r [fd00::11]:443 -g -w 0',
  '-d -t 10.0.0.1:80 -r 10.1.0.1',
  '-Z -t 10.0.0.1:80',
  '-C',
  '--add-server --tcp-service 10.0.0.1:80 --real-server 10.1.0.1 --masquerading --weight 1',
])('ipvs-quick reads the usual line %s', line => {
  expect(check(line.split(' '))).toBe(true);
});

/** Checks what ipvs-quick reads in a rules file, and tells whether it reads anything. */
function checkRules(text: string): boolean {
  const usual = native().usualRules(text);
  if (usual === undefined) return false;
  const { lines, problems, warnings } = readLines(text);
  expect([text, { problems, warnings }]).toEqual([text, { problems: [], warnings: [] }]);
  expect([text, [...usual.lines]]).toEqual([text, lines.map(({ line }) => line)]);
  const records = lines.map(({ command }) => recordOf(writeOf(command)!, false));
  expect([text, Buffer.from(usual.records).toString('hex')]).toEqual([
    text,
    Buffer.concat(records).toString('hex'),
  ]);
  return true;
}

test('ipvs-quick reads in rules what the parser reads without a complaint, or nothing', () => {
  const texts = Object.values(cases).flatMap(some => some.flatMap(({ input }) => input ?? []));
  expect([...texts, ...Object.values(scenes)].filter(checkRules).length).toBeGreaterThan(15);
});

test.each([
  '# saved\n-A -t 10.0.0.1:80 -s rr\n\n  -a\t-t 10.0.0.1:80 -r 10.1.0.1 -m # the first\r\n-d -f 1 -r 10.1.0.1\n-D -f 1',
  '',
  `#${'x'.repeat(5000)}\n-A -f 1\n`,
])('ipvs-quick reads the usual rules %j', text => {
  expect(checkRules(text)).toBe(true);
});

test.each([
  '-A -f 1\nipvsadm -A -f 2\n',
  '-A -f 1\n-E -f 1 -s rr\n',
  '-C\n-A -f 1\n',
  '-A -f 1\n-Ln\n',
  '-A -f "1"\n',
  '-A -f 1\n-A -f 2#3\n',
  `-A -f 1${' '.repeat(4096)}\n`,
  '\ufeff-A -f 1\n',
  '-A -f 1\0\n',
])('ipvs-quick leaves to Node.js the rules %j', text => {
  expect(native().usualRules(text)).toBeUndefined();
});

test('ipvs-quick reads of rules at random what the parser reads without a complaint, or nothing', () => {
  let [texts, read] = [0, 0];
  const line = fc.oneof(
    { weight: 8, arbitrary: commandLines.map(words => words.join(' ')) },
    { weight: 1, arbitrary: fc.constantFrom('', ' \t\r', '# -A -f 1', '-A -f 1 # x', 'x', '"') },
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 3 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
      texts++;
      if (checkRules(lines.join(end))) read++;
    }),
    propertyRuns(3000),
  );
  expect(read).toBeGreaterThan(texts / 10);
});

test('ipvs-quick reads all that formatRules() writes of tables in which all has words', () => {
  fc.assert(
    fc.property(tables, table => {
      const text = formatRules(table.map(({ service, destinations }) => ({ ...service, destinations })));
      expect([text, checkRules(text)]).toEqual([text, true]);
    }),
    propertyRuns(100),
  );
});
