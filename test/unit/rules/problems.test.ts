import { expect, test } from 'vitest';
import { parseCommands, type RulesError } from '../../../lib/rules/index.ts';
import { readLines } from '../../../lib/rules/parse/lines.ts';
import { show } from '../../../lib/rules/problem.ts';

/** The error of a text that cannot be read. */
function errorOf(text: string): RulesError {
  try {
    parseCommands(text);
  } catch (error) {
    return error as RulesError;
  }
  return expect.fail('read without a complaint');
}

test('an error’s message has a line for each of 20 bad lines, and a number in place of more', () => {
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}: there is no option '-q'`);
  expect(errorOf('-q\n'.repeat(20)).message.split('\n')).toEqual(lines);
  expect(errorOf('-q\n'.repeat(21)).message.split('\n')).toEqual([...lines, 'and 1 more']);
  expect(errorOf('-q\n'.repeat(21)).problems).toHaveLength(21);
});

test('a problem has an option only where it is one option’s, and nothing that programs do not need', () => {
  expect(errorOf('-q\n-A -t 10.0.0.1:x -s rr').problems).toStrictEqual([
    { line: 1, message: "there is no option '-q'" },
    { line: 2, option: '-t', message: "-t: expected a port from 0 to 65535, not 'x'" },
  ]);
});

test('a name that nobody knows is told from a word that could be none', () => {
  const names = { host: () => undefined, port: () => undefined };
  const text = '-A -t www:80\n-A -t 10.0.0.1:http\n-A -t w_w!:80\n-A -t 10.0.0.1:70000\n';
  const { problems } = readLines(text, { names });
  expect(problems.map(({ line, unresolved }) => [line, unresolved])).toEqual([
    [1, true],
    [2, true],
    [3, undefined],
    [4, undefined],
  ]);
});

test('words are shown up to 60 characters, on one line and without what a terminal acts on', () => {
  expect(show('a'.repeat(60))).toBe(`'${'a'.repeat(60)}'`);
  expect(show('a'.repeat(61))).toBe(`'${'a'.repeat(60)}…'`);
  expect(show('a\nb\x1b[31m é ~\x7f')).toBe("'a\\u000ab\\u001b[31m \\u00e9 ~\\u007f'");
});
