import { expect, test } from 'vitest';
import { splitWords } from '../../../lib/rules/parse/tokenize.ts';
import { noFindings } from '../../../lib/rules/problem.ts';

// The words of a line: each row is a line, its words, and what is wrong with it.

type Row = readonly [line: string, words: readonly string[], problem?: string];

const rows: readonly Row[] = [
  ['', []],
  [' \t\r', []],
  ['# all of it', []],
  ['  # behind blanks', []],
  ['\t-A  -t\tten\r', ['-A', '-t', 'ten']],
  ['-C # the rest', ['-C']],
  ['-C#2 -s a#b', ['-C#2', '-s', 'a#b']],
  // quotes
  ['"one word" two', ['one word', 'two']],
  ["'one word' two", ['one word', 'two']],
  ['-s""', ['-s']],
  ['"" -C', ['', '-C']],
  ['o"n"e', ['one']],
  [`"it's"`, ["it's"]],
  [`'a "b"'`, ['a "b"']],
  ['"# no comment"', ['# no comment']],
  ['"one', ['one'], 'a quote (") is not closed'],
  ["'one two", ['one two'], "a quote (') is not closed"],
  // backslashes
  ['o\\ n\\"e two', ['o n"e', 'two']],
  ['"a\\"b\\\\c"', ['a"b\\c']],
  ["'a\\b'", ['a\\b']],
  ['\\#a', ['#a']],
  ['a\\', ['a\\']],
  // as long as a line may be, and longer
  ['x'.repeat(4096), ['x'.repeat(4096)]],
  ['x'.repeat(4097), [], 'a line has 4096 characters at most, not 4097'],
  [' '.repeat(4097), []],
  [` #${'x'.repeat(4096)}`, []],
];

for (const [line, words, problem] of rows) {
  const shown = line.length > 60 ? `${line.slice(0, 3)}… of ${line.length} characters` : line;
  test(`the words of ${JSON.stringify(shown)}`, () => {
    // Between two others: what is before and behind it is no part of it.
    const findings = noFindings(1);
    const text = `'x"\n${line}\nx"'`;
    expect(splitWords(text, 4, 4 + line.length, findings)).toEqual(words);
    expect(findings.problems.map(({ message }) => message)).toEqual(problem === undefined ? [] : [problem]);
  });
}
