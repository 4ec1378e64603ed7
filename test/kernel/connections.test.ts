import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  type CounterColumns,
  type Counters,
  destinationKey,
  lint,
  type ServiceId,
  type Stats,
  serviceKey,
} from '../../lib/index.ts';
import { collectGarbage } from '../support/garbage.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const web6 = { protocol: 'tcp', address: 'fd00::101', port: 80 } as const;
const dns = { protocol: 'udp', address: '10.100.10.101', port: 53 } as const;
const sip = { protocol: 'udp', address: '10.100.10.101', port: 5060 } as const;
const mark = { fwmark: 3, family: 'ipv4' } as const;

/**
 * A program of the test's namespace: the servers of all services, and clients that stay connected to them.
 */
const traffic = `
import net from 'node:net';
import dgram from 'node:dgram';
const listen = (host, port) => new Promise(done => net.createServer(s => s.on('error', () => {}).resume()).listen(port, host, done));
await Promise.all([listen('127.0.0.1', 8001), listen('::1', 8001), listen('127.0.0.1', 80)]);
dgram.createSocket('udp4').bind(8053, '127.0.0.1');
const connect = (host, port) => new Promise((done, fail) => {
  const socket = net.connect(port, host, () => done(socket)).on('error', fail);
  setTimeout(() => fail(new Error('no connection to ' + host)), 20000).unref();
});
await Promise.all([connect('10.100.10.101', 80), connect('10.100.10.101', 80), connect('fd00::101', 80), connect('10.100.10.102', 80)]);
const datagram = dgram.createSocket('udp4');
datagram.send('query', 53, '10.100.10.101');
const call = ['INVITE sip:b@example.com SIP/2.0', 'Via: SIP/2.0/UDP 10.100.10.101:5060;branch=z9hG4bK1', 'Call-ID: call-7@example.com', 'CSeq: 1 INVITE', '', ''];
datagram.send(call.join('\\r\\n'), 5060, '10.100.10.101', () => process.stdout.write('ready'));
setTimeout(() => {}, 60000);
`;

let peer: ChildProcess;

beforeAll(async () => {
  for (const address of ['10.100.10.101/32', '10.100.10.102/32', 'fd00::101/128']) {
    bed.run('ip', 'addr', 'add', address, 'dev', 'lo');
  }
  bed.run('iptables', '-t', 'mangle', '-A', 'OUTPUT', '-d', '10.100.10.102', '-j', 'MARK', '--set-mark', '3');
  await Promise.all([
    bed.ipvs.addService({ ...web, scheduler: 'rr', persistence: { timeout: 100, granularity: 24 } }),
    bed.ipvs.addService({ ...web6, scheduler: 'rr' }),
    bed.ipvs.addService({ ...dns, scheduler: 'rr' }),
    bed.ipvs.addService({ ...sip, scheduler: 'rr', persistence: { timeout: 100, engine: 'sip' } }),
    bed.ipvs.addService({ ...mark, scheduler: 'rr', persistence: { timeout: 200 } }),
    bed.ipvs.addDestination(web, { address: '127.0.0.1', port: 8001, forwarding: 'masquerade' }),
    bed.ipvs.addDestination(web6, { address: '::1', port: 8001, forwarding: 'masquerade' }),
    bed.ipvs.addDestination(dns, { address: '127.0.0.1', port: 8053, forwarding: 'masquerade' }),
    bed.ipvs.addDestination(sip, { address: '127.0.0.1', port: 8053, forwarding: 'masquerade' }),
    bed.ipvs.addDestination(mark, { address: '127.0.0.1', port: 9999, forwarding: 'masquerade' }),
  ]);
  peer = spawn('ip', ['netns', 'exec', bed.netns, process.execPath, '--input-type=module', '-e', traffic]);
  await new Promise<void>((resolve, reject) => {
    let error = '';
    peer.stdout?.once('data', () => resolve());
    peer.stderr?.on('data', chunk => {
      error += chunk;
    });
    peer.once('exit', () => reject(new Error(`the traffic ended: ${error}`)));
  });
}, 60_000);

afterAll(() => {
  peer.kill();
});

async function all(options?: { origin: boolean }): Promise<Connection[]> {
  const found: Connection[] = [];
  for await (const connection of bed.ipvs.connections(options)) found.push(connection);
  return found;
}

describe('connections()', () => {
  test('connections() ends amid its entries when its signal is aborted', async () => {
    const controller = new AbortController();
    const connections = bed.ipvs.connections({ signal: controller.signal });
    expect((await connections.next()).done).toBe(false);
    controller.abort('enough');
    const error = await rejection(connections.next());
    expect((await rejection(bed.ipvs.connections({ timeout: 0 }).next())).message).toMatch(
      /options\.timeout/,
    );
    expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_IPVS_ABORTED', cause: 'enough' });
  });

  test('connections() that is dropped after a next() returns its descriptor, once it is garbage', async () => {
    const isTable = (fd: string) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith('/net/ip_vs_conn');
      } catch {
        return false; // closed since it was listed
      }
    };
    const open = () => readdirSync('/proc/self/fd').filter(isTable).length;
    const drop = async () => {
      for (let i = 0; i < 10; i++) expect((await bed.ipvs.connections().next()).done).toBe(false);
    };
    await drop();
    expect(open()).toBeGreaterThan(0);
    const poll = async () => {
      await collectGarbage();
      return open();
    };
    await expect.poll(poll, { timeout: 20_000 }).toBe(0);
  });

  test('connections() returns TCP over IPv4, with its persistence template', async () => {
    const found = (await all()).filter(
      ({ virtual, protocol }) => protocol === 'tcp' && virtual.address === web.address,
    );
    const established = found.filter(({ template }) => !template);
    expect(established).toHaveLength(2);
    expect(established[0]).toEqual({
      protocol: 'tcp',
      client: { address: '10.100.10.101', port: expect.any(Number) },
      virtual: { address: '10.100.10.101', port: 80 },
      destination: { address: '127.0.0.1', port: 8001 },
      state: 'ESTABLISHED',
      expires: expect.any(Number),
      template: false,
    });
    expect(established[0]?.expires).toBeGreaterThan(800);
    const template = found.find(entry => entry.template);
    expect(template).toMatchObject({ client: { address: '10.100.10.0', port: 0 }, virtual: { port: 80 } });
  });

  test('connections() returns TCP over IPv6', async () => {
    const found = (await all()).filter(({ virtual }) => virtual.address === 'fd00::101');
    expect(found).toMatchObject([
      { protocol: 'tcp', destination: { address: '::1', port: 8001 }, state: 'ESTABLISHED' },
    ]);
  });

  test('connections() returns UDP', async () => {
    const found = (await all()).filter(({ protocol, virtual }) => protocol === 'udp' && virtual.port === 53);
    expect(found).toMatchObject([{ state: 'UDP', destination: { address: '127.0.0.1', port: 8053 } }]);
  });

  test('connections() returns the data that the sip engine knows a call by', async () => {
    const templates = (await all()).filter(({ engine }) => engine !== undefined);
    expect(templates).toMatchObject([
      { protocol: 'udp', engine: 'sip', engineData: 'call-7@example.com', template: true },
    ]);
  });

  test('connections() returns the template of a firewall mark', async () => {
    const found = (await all()).filter(({ protocol }) => protocol === 'ip');
    expect(found).toMatchObject([{ template: true, virtual: { address: '0.0.0.3' } }]);
  });

  test('connections() shows that a persistent mark keeps the client’s port, as lint() says', async () => {
    const found = (await all()).filter(({ virtual }) => virtual.address === '10.100.10.102');
    expect(found).toMatchObject([{ virtual: { port: 80 }, destination: { address: '127.0.0.1', port: 80 } }]);
    const table = (await bed.ipvs.snapshot()).filter(({ fwmark }) => fwmark === mark.fwmark);
    expect(lint(table)).toMatchObject([{ code: 'ignored-port', service: mark, destination: { port: 9999 } }]);
  });

  test('connections() tells where entries come from', async () => {
    const found = await all({ origin: true });
    expect(found.length).toBeGreaterThan(4);
    expect(found.every(({ origin }) => origin === 'local')).toBe(true);
  });

  test('connections() closes its file when the reader leaves early', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for await (const connection of bed.ipvs.connections()) {
      expect(connection.protocol).toBeDefined();
      break;
    }
    await expect
      .poll(() => readdirSync('/proc/self/fd').length, { timeout: 20_000 })
      .toBeLessThanOrEqual(before);
  });

  test('connections() rejects on a closed client', async () => {
    const other = bed.client();
    await other.close();
    expect((await rejection(other.connections().next())).code).toBe('ERR_IPVS_CLOSED');
  });
});

describe('counters under traffic', () => {
  test('counters of services, destinations and the namespace follow the traffic', async () => {
    // The estimator refreshes counters every two seconds, those of a new service within four seconds.
    await expect
      .poll(async () => (await bed.ipvs.service(web))?.stats.connections, { timeout: 15_000, interval: 500 })
      .toBe(2);
    const [destination] = await bed.ipvs.destinations(web);
    expect(destination).toMatchObject({ activeConnections: 2, stats: { connections: 2 } });
    expect(destination!.persistentConnections).toBeGreaterThanOrEqual(1);
    await expect
      .poll(async () => (await bed.ipvs.totals()).connections, { timeout: 15_000, interval: 500 })
      .toBeGreaterThanOrEqual(6);
    const totals = await bed.ipvs.totals({ bigint: true });
    expect(totals.inBytes).toBeGreaterThan(0n);
  });

  /** The numbers of each row that ipvsadm lists, by service, or by service and destination. */
  function listed(columns: string): Map<string, number[]> {
    const rows = new Map<string, number[]>();
    let service = '';
    for (const line of bed
      .run('ipvsadm', '-Ln', ...columns.split(' '))
      .trimEnd()
      .split('\n')
      .slice(3)) {
      const [first = '', second = '', ...rest] = line.trim().split(/ +/);
      if (first !== '->') service = `${first} ${second}`;
      const key = first === '->' ? `${service} ${second}` : service;
      rows.set(key, rest.map(Number));
    }
    return rows;
  }

  const name = (id: ServiceId) =>
    id.fwmark === undefined ? serviceKey(id).replace(/^\w+/, word => word.toUpperCase()) : `FWM ${id.fwmark}`;

  const totalsOf = ({ connections, inPackets, outPackets, inBytes, outBytes }: Counters<number | bigint>) =>
    [connections, inPackets, outPackets, inBytes, outBytes].map(Number);

  test('services(), service(), destinations(), snapshot() and a sampler count as ipvsadm does', async () => {
    using sampler = bed.ipvs.sampler();
    const read = async () => {
      const found = new Map<string, number[]>();
      const add = (key: string, numbers: number[]) => {
        expect(found.get(key) ?? numbers).toEqual(numbers);
        found.set(key, numbers);
      };
      for (const options of [{}, { bigint: true }] as const) {
        const type = 'bigint' in options ? 'bigint' : 'number';
        const check = (key: string, stats: Stats<number | bigint>) => {
          expect(typeof stats.outBytes).toBe(type);
          expect(typeof stats.rates.inBytes).toBe(type);
          add(key, totalsOf(stats));
        };
        for (const service of await bed.ipvs.services(options)) {
          check(name(service), service.stats);
          check(name(service), (await bed.ipvs.service(service, options))!.stats);
          for (const destination of await bed.ipvs.destinations(service, options)) {
            check(`${name(service)} ${destinationKey(destination)}`, destination.stats);
          }
        }
        for (const { destinations, ...service } of await bed.ipvs.snapshot(options)) {
          check(name(service), service.stats);
          for (const destination of destinations) {
            check(`${name(service)} ${destinationKey(destination)}`, destination.stats);
          }
        }
      }
      const { services, destinations } = await sampler.read();
      const column = (columns: CounterColumns<BigUint64Array>, row: number) =>
        totalsOf({
          connections: columns.connections[row]!,
          inPackets: columns.inPackets[row]!,
          outPackets: columns.outPackets[row]!,
          inBytes: columns.inBytes[row]!,
          outBytes: columns.outBytes[row]!,
        });
      for (const [row, id] of services.ids.entries()) add(name(id), column(services.counters!, row));
      for (const [row, id] of destinations.ids.entries()) {
        const service = services.ids[destinations.service[row]!]!;
        add(`${name(service)} ${destinationKey(id)}`, column(destinations.counters!, row));
      }
      return found;
    };
    // Nothing is sent any more, but the estimator may refresh counters between two readings.
    for (let attempt = 1; ; attempt++) {
      const expected = listed('--stats --exact');
      const found = await read().catch(error => {
        if (attempt === 5) throw error;
      });
      if (found === undefined) continue;
      if (attempt < 5 && JSON.stringify([...found].sort()) !== JSON.stringify([...expected].sort())) continue;
      expect(found).toEqual(expected);
      break;
    }
    const [connections, inPackets, outPackets, inBytes, outBytes] = listed('--stats --exact').get(name(web))!;
    expect(new Set([connections, inPackets, outPackets, inBytes, outBytes]).size).toBeGreaterThan(3);

    const bound = listed('--persistent-conn');
    const { destinations, services } = await sampler.read();
    for (const { destinations: theirs, ...service } of await bed.ipvs.snapshot()) {
      for (const destination of theirs) {
        const { weight, persistentConnections, activeConnections, inactiveConnections } = destination;
        const numbers = [weight, persistentConnections, activeConnections, inactiveConnections];
        expect(numbers).toEqual(bound.get(`${name(service)} ${destinationKey(destination)}`));
        const row = destinations.ids.findIndex(
          (id, i) =>
            destinationKey(id) === destinationKey(destination) &&
            serviceKey(services.ids[destinations.service[i]!]!) === serviceKey(service),
        );
        const sampled = [
          destinations.weight,
          destinations.persistentConnections,
          destinations.activeConnections,
          destinations.inactiveConnections,
        ];
        expect(sampled.map(column => column[row])).toEqual(numbers);
      }
    }
  }, 60_000);

  test('zero() of one service leaves the counters of the others', async () => {
    const counts = async () => {
      const services = await bed.ipvs.services();
      return new Map(services.map(service => [name(service), service.stats.connections]));
    };
    const before = await counts();
    await bed.ipvs.zero(web);
    expect(await counts()).toEqual(new Map([...before, [name(web), 0]]));
    expect(before.get(name(dns))).toBeGreaterThan(0);
    await bed.ipvs.zero();
    expect([...(await counts()).values()].every(count => count === 0)).toBe(true);
    expect((await bed.ipvs.totals()).connections).toBe(0);
  });
});
