import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quote, quoteAll } from '../../bed/quote.ts';

test('plain words stay as they are, without quotes', () => {
  expect(quoteAll(['ipvsadm', '-Ln', '--rate', '/a/b.ts', 'X=1,2:3@4'])).toBe(
    'ipvsadm -Ln --rate /a/b.ts X=1,2:3@4',
  );
  expect(quote('')).toBe("''");
});

test('a shell reads quoted words back unchanged', () => {
  // A program's argument ends at a NUL.
  const word = fc.string({ unit: 'grapheme' }).map(text => text.replaceAll('\0', ''));
  const words = fc.array(
    fc.oneof(word, fc.constantFrom("'", '"', '$HOME', '`id`', 'a b', '\n', '\\', '*', '~', '!', ';', '-')),
  );
  fc.assert(
    fc.property(words, given => {
      const script = `for word in ${quoteAll(given)}; do printf '%s\\0' "$word"; done`;
      const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      expect(read.split('\0').slice(0, -1)).toEqual(given);
    }),
    { numRuns: 50 },
  );
});
