import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Layout } from '../../../lib/addon/layout.ts';
import { createBatch } from '../../../lib/addon/record.ts';
import { readSteps, writeOf } from '../../../lib/cli/restore/steps.ts';
import { type readLine, readLines } from '../../../lib/rules/parse/lines.ts';
import { propertyRuns } from '../../support/property-runs.ts';

/** The outcome of a line: the bytes of its record, or its command. */
type Outcome = string | object;

/** The outcome of each line by reading it. */
function byReading(text: string): [number, Outcome][] {
  return readLines(text).lines.map(({ line, command }) => [line, recordOf(command) ?? command]);
}

/** The outcome of each line by shapes, in the order of the lines. */
function byShapes(text: string): { outcomes: [number, Outcome][]; recorded: number } {
  const outcomes: [number, Outcome][] = [];
  let recorded = 0;
  for (const step of readSteps(text).steps) {
    if ('line' in step) {
      const { line, command } = step.line;
      outcomes.push([line, recordOf(command) ?? command]);
      continue;
    }
    for (const [i, line] of step.lines.entries()) {
      const record = step.records.subarray(i * Layout.bytes, (i + 1) * Layout.bytes);
      outcomes.push([line, Buffer.from(record).toString('hex')]);
      recorded++;
    }
  }
  return { outcomes, recorded };
}

function recordOf(command: ReturnType<typeof readLine>): string | undefined {
  const write = writeOf(command);
  if (write === undefined) return undefined;
  const slot = createBatch().open(write.operation);
  try {
    write.encode?.(slot);
  } catch {
    return undefined;
  }
  return Buffer.from(slot.bytes).toString('hex');
}

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
}

describe('records by shape', () => {
  test('records made by shape equal those made by reading a rules file', () => {
    const text =
      lines(20, i => `-A -t 10.0.0.${i}:80 -s wrr -p 300`) +
      lines(20, i => `-a -t 10.0.0.${i}:80 -r 10.1.0.${i}:8080 -m -w 5`) +
      lines(20, i => `-a -t 10.0.0.${i}:80 -r 10.2.0.${i}:81 -g`) +
      lines(20, i => `-d -t 10.0.0.${i}:80 -r 10.1.0.${i}:8080`) +
      lines(20, i => `-A -t [2001:db8::${i}]:80 -s wrr -p 300`) +
      lines(20, i => `-a -t [2001:db8::${i}]:80 -r [fd00:${i}::1]:8080 -m -w 5`) +
      lines(20, i => `-a -t [2001:db8::${i}]:80 -r 10.1.0.${i}:80 -i`);
    const { outcomes, recorded } = byShapes(text);
    expect(recorded).toBe(140);
    expect(outcomes).toEqual(byReading(text));
  });

  test('no record is made by shape where it depends on an endpoint in another way', () => {
    const text =
      lines(20, i => `-A -t 10.0.0.${i}:80 -s 1.1.1.1:${i + 1}`) + lines(20, i => `-A -f ${i + 1} -s rr`);
    expect(byShapes(text)).toEqual({ outcomes: byReading(text), recorded: 0 });
  });

  test('a line that is longer than any may be is refused, though others of its shape are not', () => {
    const blanks = ' '.repeat(4096 - '-A -t 10.0.0.0:80'.length);
    const { problems, steps } = readSteps(lines(20, i => `-A -t 10.0.0.${i}:80${blanks}`));
    expect(problems.map(({ line }) => line)).toEqual(Array.from({ length: 10 }, (_, i) => i + 11));
    expect(steps).toHaveLength(10);
  });

  test('records made by shape keep their place among commands', () => {
    const text = `${lines(20, i => `-A -t 10.0.0.${i}:80`)}-C\n${lines(20, i => `-A -t 10.0.0.${i}:80`)}--set 1 2 3\n`;
    const { steps } = readSteps(text);
    expect(steps.map(step => ('line' in step ? step.line.line : [...step.lines]))).toEqual([
      Array.from({ length: 20 }, (_, i) => i + 1),
      21,
      Array.from({ length: 20 }, (_, i) => i + 22),
      42,
    ]);
  });

  test('any line of a rules file can be read again', () => {
    const { read } = readSteps(lines(20, i => `-A -t 10.0.0.${i}:80`));
    expect(read(7)).toMatchObject({ command: 'add-service', service: { address: '10.0.0.6' } });
  });

  const port = fc.integer({ min: 1, max: 65_535 });
  const ipv4 = fc.tuple(fc.ipV4(), port).map(([a, p]) => `${a}:${p}`);
  const ipv6 = fc.tuple(fc.ipV6(), port).map(([a, p]) => `[${a}]:${p}`);
  const odd = fc.constantFrom(
    '10.0.0.1:0',
    '10.0.0.01:80',
    '10.0.0.1:080',
    '10.0.0.256:80',
    '10.0.0.1:65536',
    '10.0.0.1:80x',
    '10.0.0.1',
    '192.0.2.16:16',
    '[2001:db8::10]:16',
    '[2001:DB8::10]:16',
    '[::]:80',
    '[::1]:0',
    '[::1]:080',
    '[::1]80',
    '[::1',
    '[]:80',
    '[::ffff:192.0.2.1]:80',
    '[fe80::1%lo]:80',
    '[1:2:3:4:5:6:7:8:9]:80',
    '[10.0.0.1]:80',
    'fd00::1',
    '10.1:80',
    '167772161:80',
    '0xa.0.0.1:80',
    '010.0.0.1:80',
    '10.0.0.1:+80',
  );
  /** Endpoints of lines, mostly of one family in each place, so that enough lines share a shape. */
  const rows = fc
    .array(fc.constantFrom(ipv4, ipv6, fc.oneof(ipv4, ipv6)), { minLength: 3, maxLength: 3 })
    .chain(places =>
      fc.array(
        fc.tuple(
          ...places.map(usual => fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd })),
        ),
        { maxLength: 24, size: 'max' },
      ),
    );
  const pattern = fc.oneof(
    fc.constantFrom(
      '-A -t @ -s rr',
      '-A -u @ -s sh -b sh-port -o',
      '-A -t @ -p',
      '-A -t @ -p 5 -M 255.255.255.0',
      '-a -t @ -r @ -m -w 3',
      '-a -t @ -r @',
      '-a -t @ -r @ -i --tun-type gue --tun-port 6080',
      '-a -f 7 -r @ -m',
      '-a -r @ -t @ -m -x 10 -y 5',
      '-d -t @ -r @',
      '-D -t @',
      '-e -t @ -r @ -m',
      '-E -t @ -s wrr',
      '-Z -t @',
      '-A -t @ -s @',
      '-A -t @ # @',
      '# @',
      'ipvsadm -A -t @',
      'sudo /sbin/ipvsadm -A -t @',
      'iptables -A -t @',
      '-A -t @ -M 255.0.0.0',
      '-A -t @ -p 0 -o --as-is',
      '-a -t @ -r @ -g --as-is',
      '-a -t @ -r @ --forwarding bypass',
      '-a -t @ -r @ -m --tun-type gre --tun-csum --as-is',
      '-A --ip-service 50/@',
      '-a --ip-service 50/10.0.0.1:80 -r @ -m',
      '-a -t "@" -r @ -m',
      '-a -t @ -r @ -t @',
      '-a -t\t@  -r @ -m \r',
      '-A -t@',
      '-A -t x\\ @',
      '-A -t @ -s \u0130',
      '-A -t @ -s a\0b',
      '-A -t @ -w 5',
      '@',
      '',
    ),
    fc.string().map(text => text.replaceAll('\n', ' ')),
  );
  const text = fc.array(fc.tuple(pattern, rows), { maxLength: 4 }).map(groups =>
    groups
      .flatMap(([line, rows]) =>
        rows.map(row => {
          let next = 0;
          return line.replaceAll('@', () => row[next++] ?? '10.0.0.1:80');
        }),
      )
      .join('\n'),
  );

  test('records made by shape equal those made by reading, whatever the text', () => {
    let records = 0;
    fc.assert(
      fc.property(text, rules => {
        const read = readLines(rules);
        const { problems, warnings } = readSteps(rules);
        expect(problems).toEqual(read.problems);
        expect(warnings).toEqual(read.warnings);
        const { outcomes, recorded } = byShapes(rules);
        expect(outcomes).toEqual(byReading(rules));
        records += recorded;
      }),
      propertyRuns(400),
    );
    expect(records).toBeGreaterThan(200);
  });

  test('a line too long to be read does not share the shape of a shorter one', () => {
    const long = lines(
      20,
      i => `-A -t ${i % 2 === 0 ? '10.0.0.1' : '100.100.100.100'}:80${' '.repeat(4077)}`,
    );
    expect(readLines(long).problems).toHaveLength(10);
    expect(byShapes(long).outcomes).toEqual(byReading(long));
    expect(readSteps(long).problems).toEqual(readLines(long).problems);
  });
});
