import { expect, test } from 'vitest';
import { parseRules, type RulesError } from '../../../lib/rules/index.ts';

// What is told of lines behind a bad one, each with what makes it doubtful.

/** The lines of a text that are complained about. */
function complained(text: string): readonly number[] {
  const names = {
    host: (name: string) => (name === 'www' ? '10.0.0.1' : undefined),
    port: () => undefined,
  };
  try {
    parseRules(text, { names });
    return [];
  } catch (error) {
    return (error as RulesError).problems.map(({ line }) => line);
  }
}

/** Lines of which one is about 10.0.0.1:80, two about IPv6's mark 7, two about others. */
const behind = `
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -f 7 -6 -r fd00::1
-a -f 7 -r 10.0.1.1
-A -f 9
-A -f 9`;

test.each([
  // A service that can be read: only what is about it is in doubt.
  ['-A -t 10.0.0.1:80 --nothing', [1, 3, 4, 6]],
  ['-A --nothing --tcp-service=10.0.0.1:80', [1, 3, 4, 6]],
  ['-A --nothing -t www:80', [1, 3, 4, 6]],
  ['/sbin/iptables -t 10.0.0.1:80', [1, 3, 4, 6]],
  ['-A -f 7 -6 --nothing', [1, 2, 4, 6]],
  ['-A -f 7 --ipv6 --nothing', [1, 2, 4, 6]],
  ['-A --fwmark-service 7 --nothing', [1, 2, 3, 6]],
  ['-A -f 9 --nothing', [1, 2, 3, 4]],
  // None that can be read, or several: whatever is missing may have been in it.
  ['-A --nothing', [1, 6]],
  ['nothing', [1, 6]],
  ['-A -s rr -t', [1, 6]],
  ['-A -s rr --tcp-service=', [1, 6]],
  ['-A -t www:http', [1, 6]],
  ['-A -f 0', [1, 6]],
  ['-A -6 -t 10.0.0.1:80', [1, 6]],
  ['-A -t 10.0.0.1:80 -f 7', [1, 6]],
  [`-A -t 10.0.0.1:80${' '.repeat(4096)}`, [1, 6]],
  // Lines that could never have added one.
  ['--set 1 2', [1, 2, 3, 4, 6]],
  ['--start-daemon nobody', [1, 2, 3, 4, 6]],
  ['--stop-daemon=nobody', [1, 2, 3, 4, 6]],
  ['--settle', [1, 6]],
])('lines behind `%s` are complained about but for what it may have been about', (line, lines) => {
  expect(complained(line + behind)).toEqual(lines);
});

test('several bad lines each put something in doubt', () => {
  expect(complained(`-A -f 7 -6 --nothing\n-A -t 10.0.0.1:80 --nothing${behind}`)).toEqual([1, 2, 5, 7]);
  expect(complained(`-A --nothing\n-A -f 9 --nothing${behind}`)).toEqual([1, 2]);
});
