import { alignColumns } from '../../../lib/cli/columns.ts';

/** What became of the changes in one place. */
export interface Score {
  readonly place: string;
  /** Changes that a test noticed, those without end among them. */
  readonly noticed: number;
  readonly all: number;
}

/** Scores as a table, and their sum where there are several. */
export function formatScores(scores: readonly Score[]): string {
  const rows = scores.length === 1 ? scores : [...scores, { place: 'all', ...sum(scores) }];
  const cells = rows.map(({ place, noticed, all }) => [
    place,
    `${((100 * noticed) / all).toFixed(1)} %`,
    `${noticed} of ${all} noticed`,
  ]);
  return alignColumns(cells, [0])
    .map(row => row.join('  '))
    .join('\n');
}

function sum(scores: readonly Score[]): Omit<Score, 'place'> {
  return {
    noticed: scores.reduce((total, { noticed }) => total + noticed, 0),
    all: scores.reduce((total, { all }) => total + all, 0),
  };
}
