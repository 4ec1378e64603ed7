import { expect, test } from 'vitest';
import { formatScores } from '../../hardening/mutants/score.ts';

test('scores of mutants are told by folder, and altogether where there are several', () => {
  const model = { place: 'lib/model', noticed: 9, all: 10 };
  expect(formatScores([model])).toBe('lib/model  90.0 %  9 of 10 noticed');
  expect(formatScores([model, { place: 'lib/rules', noticed: 1, all: 30 }]).split('\n')).toEqual([
    'lib/model  90.0 %   9 of 10 noticed',
    'lib/rules   3.3 %   1 of 30 noticed',
    'all        25.0 %  10 of 40 noticed',
  ]);
});
