import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** Where the time of day is told or compared with one that somebody wrote; nothing is measured by it. */
const tellsTime = new Set([
  'lib/statistics/sampler.ts', // Sample.time
  'lib/health/checks/tls.ts', // a certificate's last day
  'lib/health/clock.ts', // a comment: what that clock is not
]);

const timeOfDay =
  /\bDate\.now\(|\bnew Date\(\)|system_clock|high_resolution_clock|CLOCK_REALTIME|gettimeofday|pthread_cond_timedwait|wait_(?:for|until)\(/;

test('no deadline, pace or rate follows the time of day, which somebody may set', () => {
  const files = ['lib', 'native'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(path => /\.(?:ts|cc|h)$/.test(path) && !/^(?:build|third_party)\//.test(path))
      .map(path => join(folder, path)),
  );
  expect(files.length).toBeGreaterThan(200);
  const found = files.filter(path => timeOfDay.test(readFileSync(join(root, path), 'utf8')));
  expect(found.filter(path => !tellsTime.has(path))).toEqual([]);
  expect(found.toSorted()).toEqual([...tellsTime].toSorted());
});
