import { spawnSync } from 'node:child_process';
import { Counter, Registry } from 'prom-client';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Director } from '../../../lib/director/index.ts';
import { createMetrics, type DirectorStatistics, type MetricsOptions } from '../../../lib/metrics/index.ts';
import { valuesOf } from '../../support/exposition.ts';
import { type Entry, makeTable } from './table.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const marked = { fwmark: 7, family: 'ipv6' } as const;
const server = (n: number) => ({ address: `10.0.1.${n}`, port: 8080 });
const now = { maxAge: 0 };

const entries = (): Entry[] => [
  {
    ...web,
    connections: 12,
    rows: [
      { ...server(1), connections: 5, inBytes: 2n ** 40n, weight: 3, active: 4, inactive: 9 },
      { ...server(2), connections: 7, weight: 0, active: 2, persistent: 1 },
    ],
  },
  { ...marked, rows: [{ address: 'fd00::2', port: 0, weight: 2_147_483_647 }] },
];

async function valuesBy(options: MetricsOptions, list = entries()) {
  return valuesOf(await createMetrics(makeTable(list).client, options).text());
}

/** What a judge complains about. */
function judge(command: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}${status === 0 ? '' : `status ${status}`}`;
}

const promtool = (text: string) => judge('promtool', ['check', 'metrics'], text);
const parseOpenMetrics = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(sum(len(family.samples) for family in parse(sys.stdin.read())))
`;
const openMetrics = (text: string) => judge('/usr/bin/python3', ['-c', parseOpenMetrics], text);

const everything: MetricsOptions = {
  maxSeries: 1000,
  name: service => (service.fwmark === undefined ? 'a "web"\\\nsite' : undefined),
  director: () => ({
    generation: 3,
    desiredTime: 1_700_000_000_123,
    storeConnected: true,
    storeTime: 1_700_000_000_500,
    applies: { converged: 4, failed: 1 },
    applyTime: 1500,
    drift: 2,
    checks: { passed: 100, failed: 2, timedOut: 3 },
    checkTime: 12_345,
    refused: 1,
    healthChanges: 2,
    lateFailures: 3,
    drained: 4,
    held: 5,
    drains: 1,
    panic: 0,
    eventLoopDelay: 1.5,
    destinations: [
      { service: web, destination: server(1), up: true, draining: false },
      { service: web, destination: server(2), up: false },
      { service: web, destination: server(99), up: true },
    ],
  }),
};

describe('judges of formats', () => {
  test.each<MetricsOptions>([{}, everything, { compat: 'node_exporter' }, { level: 'totals' }])(
    'promtool finds nothing to complain of in the text of metrics with %j',
    async options => {
      expect(promtool(await createMetrics(makeTable(entries()).client, options).text())).toBe('');
    },
  );

  test('promtool complains of a counter without its ending, so that its silence means something', async () => {
    const text = await createMetrics(makeTable(entries()).client).text();
    expect(promtool(text.replaceAll('ipvs_connections_total', 'ipvs_connections'))).toContain('_total');
  });

  test.each<MetricsOptions>([{}, everything, { compat: 'node_exporter' }])(
    "Prometheus' own parser of OpenMetrics reads every series of metrics with %j",
    async options => {
      const text = await createMetrics(makeTable(entries()).client, options).text({ format: 'openmetrics' });
      expect(openMetrics(text)).toBe(`${valuesOf(text).size}\n`);
      expect(openMetrics(text.replace('# EOF\n', ''))).toContain('Missing # EOF');
    },
  );

  test('both formats have the same series, as strings and as bytes', async () => {
    const metrics = createMetrics(makeTable(entries()).client, { ...everything, maxAge: 60_000 });
    const text = await metrics.text();
    expect([...valuesOf(await metrics.text({ format: 'openmetrics' }))]).toEqual([...valuesOf(text)]);
    expect(Buffer.from(await metrics.bytes()).toString()).toBe(text);
  });

  test('a text of OpenMetrics without its end is followed by that of prom-client in the same format', async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(3);
    const metrics = createMetrics(makeTable(entries()).client);
    const text = (await metrics.text({ format: 'openmetrics', eof: false })) + (await registry.metrics());
    expect(openMetrics(text)).toBe(`${valuesOf(text).size}\n`);
    expect(valuesOf(text).get('requests_total')).toBe(3);
  });

  test("the text is appended to a prom-client registry's in one line, and promtool takes both", async () => {
    const registry = new Registry();
    new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(3);
    const metrics = createMetrics(makeTable(entries()).client);
    const text = `${await registry.metrics()}\n${await metrics.text()}`;
    expect(promtool(text)).toBe('');
    expect(valuesOf(text).get('requests_total')).toBe(3);
  });
});

describe('series', () => {
  test('series of a service and its destinations have the values of the table', async () => {
    const values = await valuesBy({});
    const service = '{protocol="tcp",address="10.0.0.1",port="80"}';
    const first =
      '{protocol="tcp",address="10.0.0.1",port="80",destination_address="10.0.1.1",destination_port="8080"}';
    expect(values.get(`ipvs_service_connections_total${service}`)).toBe(12);
    expect(values.get(`ipvs_service_destinations${service}`)).toBe(2);
    expect(values.get(`ipvs_service_active_connections${service}`)).toBe(6);
    expect(values.get(`ipvs_service_up${service}`)).toBe(1);
    expect(values.get(`ipvs_destination_connections_total${first}`)).toBe(5);
    expect(values.get(`ipvs_destination_incoming_bytes_total${first}`)).toBe(2 ** 40);
    expect(values.get(`ipvs_destination_inactive_connections${first}`)).toBe(9);
    expect(
      values.get(
        'ipvs_destination_weight{fwmark="7",family="ipv6",destination_address="fd00::2",destination_port="0"}',
      ),
    ).toBe(2_147_483_647);
    expect(values.get('ipvs_connections_total')).toBe(7);
    expect(values.get('ipvs_destinations')).toBe(3);
    expect(values.get('ipvs_active_connections')).toBe(6);
    expect(values.get('ipvs_info{version="1.2.1"}')).toBe(1);
    expect(values.get('ipvs_connection_table_size')).toBe(4096);
    expect(values.get('ipvs_timeout_seconds{state="tcp_fin"}')).toBe(120);
    expect(values.get('ipvs_setting{name="sync_period"}')).toBe(50);
    expect(values.get('ipvs_setting{name="expire_nodest_conn"}')).toBe(1);
    expect(values.get('ipvs_setting{name="est_nice"}')).toBe(-5);
    expect(values.get('ipvs_sync_daemon_running{role="master"}')).toBe(0);
    expect(values.get('ipvs_sync_daemon_running{role="backup"}')).toBe(1);
  });

  test('a service whose destinations all have the weight 0, or that has none, is not up', async () => {
    const values = await valuesBy({ level: 'services' }, [
      { ...web, rows: [{ ...server(1) }, { ...server(2) }] },
      { ...web, port: 81, rows: [] },
    ]);
    expect(values.get('ipvs_service_up{protocol="tcp",address="10.0.0.1",port="80"}')).toBe(0);
    expect(values.get('ipvs_service_up{protocol="tcp",address="10.0.0.1",port="81"}')).toBe(0);
  });

  test('each level has the series of those before it', async () => {
    const kinds = async (level: MetricsOptions['level']) => {
      const names = [...(await valuesBy({ level })).keys()];
      return ['ipvs_service_', 'ipvs_destination_', 'ipvs_info'].map(prefix =>
        names.some(name => name.startsWith(prefix)),
      );
    };
    expect(await kinds('totals')).toEqual([false, false, true]);
    expect(await kinds('services')).toEqual([true, false, true]);
    expect(await kinds('destinations')).toEqual([true, true, true]);
  });

  test("a director's own series are there, and of destinations only those that have rows", async () => {
    const values = await valuesBy({ ...everything, name: undefined });
    expect(values.get('ipvs_director_desired_timestamp_seconds')).toBe(1_700_000_000.123);
    expect(values.get('ipvs_director_applies_total{result="failed"}')).toBe(1);
    expect(values.get('ipvs_director_checks_total{result="timed_out"}')).toBe(3);
    expect(values.get('ipvs_director_apply_seconds_total')).toBe(1.5);
    expect(values.get('ipvs_director_event_loop_delay_seconds')).toBe(0.0015);
    const counted = ['refused_total', 'health_changes_total', 'late_failures_total', 'drained_total', 'held'];
    expect(counted.map(name => values.get(`ipvs_director_${name}`))).toEqual([1, 2, 3, 4, 5]);
    const up = [...values].filter(([name]) => name.startsWith('ipvs_destination_up'));
    expect(up.map(([, value]) => value)).toEqual([1, 0]);
  });

  test('what a director of ipvs/director tells of itself is what metrics take', () => {
    expectTypeOf<Director['statistics']>().toExtend<DirectorStatistics>();
  });

  test('a filter leaves out services with their destinations, or destinations alone', async () => {
    const names = async (filter: NonNullable<MetricsOptions['filter']>) =>
      [...(await valuesBy({ filter })).keys()].filter(name =>
        /^ipvs_(?:service_up|destination_weight)/.test(name),
      );
    expect(await names(service => service.fwmark === undefined)).toHaveLength(3);
    expect(await names((_, destination) => destination?.address !== '10.0.1.1')).toHaveLength(4);
    expect(await names(() => false)).toEqual([]);
  });

  test('a filtered table has the counters of its own rows', async () => {
    const values = await valuesBy({ filter: (_, destination) => destination?.address !== '10.0.1.1' });
    const second =
      '{protocol="tcp",address="10.0.0.1",port="80",destination_address="10.0.1.2",destination_port="8080"}';
    expect(values.get(`ipvs_destination_connections_total${second}`)).toBe(7);
  });

  test('no more series than maxSeries are there, and ipvs_series_dropped tells of all others', async () => {
    const full = await valuesBy({});
    const ofRows = (values: ReadonlyMap<string, number>) =>
      [...values.keys()].filter(name => /^ipvs_(?:service|destination)_/.test(name)).length;
    for (const maxSeries of [0, 9, 10, 20, 28, 29, 38, 46, 47, 1000]) {
      const values = await valuesBy({ maxSeries });
      expect(ofRows(values)).toBeLessThanOrEqual(maxSeries);
      const dropped =
        values.get('ipvs_series_dropped{level="services"}')! +
        values.get('ipvs_series_dropped{level="destinations"}')!;
      expect(ofRows(values) + dropped).toBe(ofRows(full));
    }
  });

  test.each([
    [{ level: 'host' }, /options\.level must be one of 'totals', 'services', 'destinations'/],
    [{ drop: ['host'] }, /options\.drop must hold only protocol/],
    [{ drop: 'port' }, /options\.drop must be an array/],
    [{ compat: 'node_exporter', drop: ['protocol'] }, /options\.drop must hold only local_address/],
    [{ compat: 'node_exporter', level: 'services' }, /no series under node_exporter's names/],
    [{ compat: 'telegraf' }, /options\.compat must be one of 'node_exporter'/],
    [{ compat: 'node_exporter', director: () => ({}) }, /options\.director has no series/],
    [{ maxSeries: -1 }, /options\.maxSeries must be between 0/],
    [{ maxAge: 0.5 }, /options\.maxAge must be a whole number/],
    [{ filter: true }, /options\.filter must be a function/],
    [{ levels: 'totals' }, /options has no option 'levels'/],
  ])('metrics with the options %j are refused, by the name of what is wrong', (options, message) => {
    expect(() => createMetrics(makeTable([]).client, options as MetricsOptions)).toThrow(message);
  });

  test('a text with an unknown format or option is refused', async () => {
    const metrics = createMetrics(makeTable([]).client);
    await expect(metrics.text({ format: 'json' } as never)).rejects.toThrow(/options\.format must be one of/);
    await expect(metrics.bytes({ type: 1 } as never)).rejects.toThrow(/options has no option 'type'/);
  });
});

describe('labels left out', () => {
  const sums = { ...now, level: 'destinations', drop: ['destination_address', 'destination_port'] } as const;
  const series = '{protocol="tcp",address="10.0.0.1",port="80"}';
  const counter = `ipvs_destination_connections_total${series}`;

  test('rows whose labels are the same are one series, the sum of theirs', async () => {
    const values = await valuesBy(sums);
    expect(values.get(counter)).toBe(12);
    expect(values.get(`ipvs_destination_active_connections${series}`)).toBe(6);
    expect(values.get(`ipvs_destination_weight${series}`)).toBe(3);
  });

  test('a sum of counters stays when a destination goes, and goes on with those that are left', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, sums);
    const read = async () => valuesOf(await metrics.text()).get(counter);
    expect(await read()).toBe(12);
    const gone = table.entries[0]!.rows.shift()!;
    expect(await read()).toBe(12);
    table.entries[0]!.rows[0]!.connections = 10;
    expect(await read()).toBe(15);
    table.entries[0]!.rows.push({ ...gone, connections: 1 });
    expect(await read()).toBe(16);
  });

  test('a destination that comes back with its counters, as the kernel has them for a while, counts once', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, sums);
    const read = async () => valuesOf(await metrics.text()).get(counter);
    await read();
    const gone = table.entries[0]!.rows.shift()!;
    await read();
    table.entries[0]!.rows.push({ ...server(3) });
    expect(await read()).toBe(12);
    table.entries[0]!.rows.push({ ...gone, connections: 6 });
    expect(await read()).toBe(13);
  });

  test('a sum of counters goes on from where it was when the kernel’s are zeroed', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, sums);
    await metrics.text();
    table.entries[0]!.rows[0]!.connections = 2;
    table.entries[0]!.rows[1]!.connections = 0;
    expect(valuesOf(await metrics.text()).get(counter)).toBe(14);
  });

  test('one destination’s counter is the kernel’s own, and begins anew when that is zeroed', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, now);
    const read = async () => valuesOf(await metrics.text()).get(`ipvs_service_connections_total${series}`);
    expect(await read()).toBe(12);
    table.entries[0]!.connections = 2;
    expect(await read()).toBe(2);
  });
});

describe('reads', () => {
  test('texts that are asked for at once, or within maxAge, share one read', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, { maxAge: 60_000 });
    const texts = await Promise.all([metrics.text(), metrics.text(), metrics.bytes()]);
    expect(texts[1]).toBe(texts[0]);
    expect(await metrics.text()).toBe(texts[0]);
    expect(table.reads).toBe(1);
  });

  test('a text that is asked for later than maxAge is of a new read', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, now);
    await metrics.text();
    table.entries[0]!.connections = 123_456;
    expect(await metrics.text()).toContain(' 123456\n');
    expect(table.reads).toBe(2);
  });

  test('a read that fails is told to all who wait for it, and the next one is another', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, now);
    table.failure = new Error('the table is busy');
    const outcomes = await Promise.allSettled([metrics.text(), metrics.bytes()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(table.reads).toBe(1);
    expect(await metrics.text()).toContain('ipvs_info');
  });

  test('a text rejects with the reason of a signal that is aborted meanwhile, or was before', async () => {
    const metrics = createMetrics(makeTable(entries()).client, now);
    const controller = new AbortController();
    const text = metrics.text({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(text).rejects.toThrow('enough');
    await expect(metrics.text({ signal: controller.signal })).rejects.toThrow('enough');
    expect(await metrics.text()).toContain('ipvs_info');
  });

  test('closed metrics close their sampler and reject with ERR_IPVS_CLOSED, what is under way too', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, { maxAge: 60_000 });
    await metrics.text();
    const { maxAge: _, ...rest } = { maxAge: 0 };
    const late = createMetrics(makeTable(entries()).client, rest);
    const under = late.text();
    late.close();
    await expect(under).rejects.toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    metrics.close();
    metrics.close();
    expect(table.closed).toBe(true);
    await expect(metrics.text()).rejects.toMatchObject({ code: 'ERR_IPVS_CLOSED' });
  });

  test('metrics that are closed while a text is put together finish it', async () => {
    function* destinations() {
      yield { service: web, destination: server(1), up: true };
      metrics.close();
    }
    const director = () => ({ destinations: destinations() });
    const metrics = createMetrics(makeTable(entries()).client, { director });
    const text = await metrics.text();
    expect(text).toContain('ipvs_destination_up');
    expect(text).toContain('ipvs_destination_weight');
  });

  test('bytes are written into the memory of those before, and into no other memory', async () => {
    const table = makeTable(entries());
    const metrics = createMetrics(table.client, now);
    const first = await metrics.bytes();
    table.entries[0]!.connections = 1234;
    const second = await metrics.bytes({ into: first });
    expect(second.buffer).toBe(first.buffer);
    const wanted = await metrics.text();
    const series = (text: string) => text.split('\n').filter(line => !line.startsWith('ipvs_read_seconds'));
    expect(series(Buffer.from(second).toString())).toEqual(series(wanted));
    for (let port = 81; port < 100; port++) table.entries.push({ ...web, port, rows: [] });
    const larger = await metrics.bytes({ into: second });
    expect(larger.buffer).not.toBe(first.buffer);
    await expect(metrics.bytes({ into: Buffer.from('mine') })).rejects.toThrow(
      /options\.into must be what bytes\(\) gave/,
    );
    await expect(metrics.bytes({ into: 'mine' as never })).rejects.toThrow(
      /options\.into must be a Uint8Array/,
    );
  });

  test('twenty thousand destinations do not hold the event loop for long, nor change between two texts', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => ({
      address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      port: 80,
    }));
    const table = makeTable([{ ...web, rows }]);
    const metrics = createMetrics(table.client, { maxAge: 60_000 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const bytes = await metrics.bytes();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    expect(Buffer.from(bytes).toString()).toBe(await metrics.text());
  });
});

describe("node_exporter's names", () => {
  test('series have its names, its labels and no others', async () => {
    const values = await valuesBy({ compat: 'node_exporter' });
    expect(values.get('node_ipvs_connections_total')).toBe(7);
    expect(
      values.get(
        'node_ipvs_backend_connections_active{local_address="10.0.0.1",local_mark="",local_port="80",proto="TCP",remote_address="10.0.1.1",remote_port="8080"}',
      ),
    ).toBe(4);
    expect([...values.keys()].filter(name => !name.startsWith('node_ipvs_'))).toEqual([]);
  });

  test('labels that are left out add up, as by --collector.ipvs.backend-labels', async () => {
    const values = await valuesBy({
      compat: 'node_exporter',
      drop: ['remote_address', 'remote_port', 'local_mark'],
    });
    expect(
      values.get(
        'node_ipvs_backend_connections_active{local_address="10.0.0.1",local_port="80",proto="TCP"}',
      ),
    ).toBe(6);
  });
});
