import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../../lib/metrics/index.ts';
import { valuesOf } from '../support/exposition.ts';
import { useBed } from './support.ts';

const bed = useBed();
const web = { protocol: 'tcp', address: '127.0.0.1', port: 8080 } as const;
const named = { protocol: 'udp', address: '2001:db8::1', port: 53 } as const;
const marked = { fwmark: 0xbeef, family: 'ipv4' } as const;

/** The server of a destination, and node_exporter. */
const programs: ChildProcess[] = [];
// Not in beforeAll(), where vitest takes no hook: what it left ran on, and vitest waited for its output's end.
afterAll(() => {
  for (const program of programs) program.kill('SIGKILL');
});

/** What node_exporter's collector of IPVS says in the bed's namespace. */
async function theirs(): Promise<ReadonlyMap<string, number>> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      const text = bed.run('curl', '-sSf', 'http://127.0.0.1:9100/metrics');
      return new Map([...valuesOf(text)].filter(([name]) => name.startsWith('node_ipvs_')));
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

beforeAll(async () => {
  const { ipvs } = bed;
  await ipvs.addService({ ...web, scheduler: 'rr' });
  await ipvs.addDestination(web, { address: '127.0.0.1', port: 8081, forwarding: 'masquerade', weight: 3 });
  await ipvs.addDestination(web, { address: '127.0.0.1', port: 8082, forwarding: 'masquerade', weight: 0 });
  await ipvs.addService({ ...named, scheduler: 'wrr' });
  await ipvs.addDestination(named, { address: '2001:db8::2', port: 53, forwarding: 'direct', weight: 100 });
  await ipvs.addService({ ...marked, scheduler: 'rr' });
  await ipvs.addDestination(marked, { address: '10.0.0.9', port: 0, forwarding: 'direct', weight: 7 });
  // The totals move, and one destination has a connection.
  const server = spawn(
    'ip',
    [
      'netns',
      'exec',
      bed.netns,
      process.execPath,
      '-e',
      'net.createServer(s => s.resume()).listen(8081, "127.0.0.1", () => { const s = net.connect(8080, "127.0.0.1", () => { s.write("hello"); console.log("up"); }); })',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  programs.push(server);
  await once(server.stdout, 'data');
  const exporter = spawn(
    'ip',
    [
      'netns',
      'exec',
      bed.netns,
      'prometheus-node-exporter',
      '--collector.disable-defaults',
      '--collector.ipvs',
      '--web.listen-address=127.0.0.1:9100',
    ],
    { stdio: 'ignore' },
  );
  programs.push(exporter);
  await sleep(4500); // the estimator has seen the connection by then
});

test("compat has the series of node_exporter's collector, with its labels and the same values", async () => {
  using metrics = createMetrics(bed.ipvs, { compat: 'node_exporter', maxAge: 0 });
  const before = valuesOf(await metrics.text());
  const wanted = await theirs();
  const ours = valuesOf(await metrics.text());
  expect(wanted.size).toBe(5 + 4 * 3);
  expect([...ours.keys()].sort()).toEqual([...wanted.keys()].sort());
  // What moved between our two reads may be either.
  const wrong = [...wanted].filter(([name, value]) => value !== before.get(name) && value !== ours.get(name));
  expect(wrong).toEqual([]);
  expect(wanted.get('node_ipvs_connections_total')).toBe(1);
});

test('the text of a real table is right to promtool, and its values are those of the table', async () => {
  using metrics = createMetrics(bed.ipvs);
  const text = await metrics.text();
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  const values = valuesOf(text);
  const labels =
    'protocol="tcp",address="127.0.0.1",port="8080",destination_address="127.0.0.1",destination_port="8081"';
  expect(values.get(`ipvs_destination_connections_total{${labels}}`)).toBe(1);
  expect(values.get(`ipvs_destination_active_connections{${labels}}`)).toBe(1);
  expect(values.get(`ipvs_destination_weight{${labels}}`)).toBe(3);
  expect(values.get('ipvs_service_up{fwmark="48879",family="ipv4"}')).toBe(1);
  const { connectionTableSize } = await bed.ipvs.info();
  expect(values.get('ipvs_connection_table_size')).toBe(connectionTableSize);
  expect(values.get('ipvs_setting{name="conn_reuse_mode"}')).toBe((await bed.ipvs.settings()).connReuseMode);
  const { inPackets } = await bed.ipvs.totals();
  expect(values.get('ipvs_incoming_packets_total')).toBeLessThanOrEqual(inPackets);
  expect(values.get('ipvs_incoming_packets_total')).toBeGreaterThan(0);
});

test('a sum over dropped labels does not fall while the kernel zeroes, removes and brings back', async () => {
  using metrics = createMetrics(bed.ipvs, { maxAge: 0, drop: ['destination_address', 'destination_port'] });
  const read = async () =>
    valuesOf(await metrics.text()).get(
      'ipvs_destination_incoming_packets_total{protocol="tcp",address="127.0.0.1",port="8080"}',
    )!;
  const first = await read();
  expect(first).toBeGreaterThan(0);
  const [destination] = (await bed.ipvs.destinations(web)).filter(({ port }) => port === 8081);
  await bed.ipvs.removeDestination(web, destination!);
  expect(await read()).toBe(first);
  await bed.ipvs.addDestination(web, destination!);
  expect(await read()).toBe(first);
  await bed.ipvs.zero(web);
  expect(await read()).toBe(first);
});
