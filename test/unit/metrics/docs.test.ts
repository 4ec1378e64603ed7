import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createMetrics } from '../../../lib/metrics/index.ts';
import { valuesOf } from '../../support/exposition.ts';
import { makeTable } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipvs-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const { panels } = JSON.parse(readFileSync('docs/grafana.json', 'utf8')) as Dashboard;
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

function promtool(...args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, said: stdout + stderr };
}

function checkExpressions(list: readonly string[]) {
  const rules = list.map((expr, i) => ({
    record: `panel:${i}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const file = join(folder, 'rules.json');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  return promtool('check', 'rules', file);
}

test('promtool finds nothing wrong with the alerts, and they come and stay away as their tests say', () => {
  expect(promtool('check', 'rules', 'docs/alerts.yaml')).toMatchObject({ status: 0 });
  const { status, said } = promtool('test', 'rules', 'test/unit/metrics/alerts-test.yaml');
  expect(said).toContain('SUCCESS');
  expect(status).toBe(0);
});

test('promtool can read every expression of the dashboard, and refuses one that is wrong', () => {
  expect(expressions.length).toBeGreaterThan(15);
  expect(checkExpressions(expressions)).toMatchObject({ status: 0 });
  expect(checkExpressions(['rate(ipvs_info'])).toMatchObject({ status: 1 });
});

test('every metric that the dashboard and the alerts name is there', async () => {
  const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
  const destination = { address: '10.0.1.1', port: 80 };
  const metrics = createMetrics(makeTable([{ ...service, rows: [destination] }]).client, {
    maxSeries: 100,
    director: () => ({
      generation: 1,
      refused: 0,
      desiredTime: 1,
      storeConnected: true,
      storeTime: 1,
      applies: { converged: 1, failed: 0 },
      drift: 0,
      checks: { passed: 1, failed: 0, timedOut: 0 },
      panic: 0,
      eventLoopDelay: 1,
      destinations: [{ service, destination, up: true, draining: false }],
    }),
  });
  const known = new Set([...valuesOf(await metrics.text()).keys()].map(series => series.split('{', 1)[0]!));
  const alerts = readFileSync('docs/alerts.yaml', 'utf8').replace(/^ *#.*$/gm, '');
  const named = [...expressions, alerts].flatMap(text => text.match(/\bipvs_\w+/g) ?? []);
  expect(new Set(named).size).toBeGreaterThan(20);
  expect([...new Set(named)].filter(name => !known.has(name))).toEqual([]);
});

test('no two panels of the dashboard lie upon one another', () => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
