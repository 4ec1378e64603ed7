import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { serviceKey } from '../../lib/index.ts';
import { useBed } from './support.ts';

const bed = useBed();

const directory = mkdtempSync(join(tmpdir(), 'ipvs-keepalived-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const config = `
global_defs {
  router_id test
}
virtual_server 10.100.10.101 80 {
  lvs_sched wrr
  lvs_method NAT
  protocol TCP
  persistence_timeout 600
  persistence_granularity 255.255.255.0
  real_server 172.16.120.11 8080 {
    weight 3
    uthreshold 1000
    lthreshold 900
  }
  real_server 172.16.120.12 80 {
    weight 0
    lvs_method DR
  }
}
virtual_server 10.100.10.101 53 {
  lvs_sched rr
  lvs_method DR
  protocol UDP
  ops
  real_server 172.16.120.11 53 {
    weight 1
  }
}
virtual_server fd00::101 443 {
  lvs_sched mh
  mh-port
  mh-fallback
  lvs_method TUN
  protocol TCP
  persistence_timeout 60
  persistence_granularity 64
  real_server fd00::11 443 {
    weight 7
    lvs_method TUN type gue port 6080 csum
  }
  real_server fd00::12 443 {
    weight 8
    lvs_method TUN type gre nocsum
  }
}
virtual_server 10.100.10.102 2905 {
  lvs_sched sh
  sh-port
  lvs_method NAT
  protocol SCTP
  real_server 172.16.120.11 2905 {
    weight 65535
  }
}
virtual_server 10.100.10.103 5060 {
  lvs_sched rr
  lvs_method NAT
  protocol UDP
  persistence_timeout 360
  persistence_engine sip
  real_server 172.16.120.11 5060 {
    weight 1
  }
}
virtual_server fwmark 7 {
  lvs_sched lc
  lvs_method DR
  ip_family inet
  real_server 172.16.120.11 0 {
    weight 1
  }
}
`;

const limits = { upperThreshold: 0, lowerThreshold: 0 };

/** The rows that the configuration describes, field by field. */
const expected = {
  'tcp 10.100.10.101:80': {
    scheduler: 'wrr',
    schedulerFlags: [],
    onePacket: false,
    persistence: { timeout: 600, granularity: 24 },
    destinations: [
      {
        address: '172.16.120.11',
        port: 8080,
        forwarding: 'masquerade',
        weight: 3,
        upperThreshold: 1000,
        lowerThreshold: 900,
      },
      { address: '172.16.120.12', port: 80, forwarding: 'direct', weight: 0, ...limits },
    ],
  },
  'udp 10.100.10.101:53': {
    scheduler: 'rr',
    onePacket: true,
    destinations: [{ address: '172.16.120.11', port: 53, forwarding: 'direct', weight: 1, ...limits }],
  },
  'tcp [fd00::101]:443': {
    scheduler: 'mh',
    schedulerFlags: ['mh-fallback', 'mh-port'],
    persistence: { timeout: 60, granularity: 64 },
    destinations: [
      {
        address: 'fd00::11',
        port: 443,
        forwarding: 'tunnel',
        tunnel: { type: 'gue', port: 6080, checksum: 'csum' },
        weight: 7,
        ...limits,
      },
      {
        address: 'fd00::12',
        port: 443,
        forwarding: 'tunnel',
        tunnel: { type: 'gre', checksum: 'none' },
        weight: 8,
        ...limits,
      },
    ],
  },
  'sctp 10.100.10.102:2905': {
    scheduler: 'sh',
    schedulerFlags: ['sh-port'],
    destinations: [
      { address: '172.16.120.11', port: 2905, forwarding: 'masquerade', weight: 65_535, ...limits },
    ],
  },
  'udp 10.100.10.103:5060': {
    scheduler: 'rr',
    persistence: { timeout: 360, granularity: 32, engine: 'sip' },
    destinations: [{ address: '172.16.120.11', port: 5060, forwarding: 'masquerade', weight: 1, ...limits }],
  },
  'fwmark 7 ipv4': {
    scheduler: 'lc',
    destinations: [{ address: '172.16.120.11', port: 0, forwarding: 'direct', weight: 1, ...limits }],
  },
};

test('snapshot() describes field by field the director that keepalived set up', async () => {
  const file = join(directory, 'keepalived.conf');
  writeFileSync(file, config);
  const path = (name: string) => join(directory, name);
  const keepalived = spawn(
    'ip',
    [
      ...[
        'netns',
        'exec',
        bed.netns,
        'keepalived',
        '--dont-fork',
        '--check',
        '--log-console',
        '--use-file',
        file,
      ],
      ...['--pid', path('pid'), '--checkers_pid', path('checkers.pid')],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  keepalived.stdout.on('data', chunk => {
    log += chunk;
  });
  keepalived.stderr.on('data', chunk => {
    log += chunk;
  });
  const ended = new Promise(resolve => keepalived.once('exit', resolve));
  try {
    const read = async () =>
      Object.fromEntries((await bed.ipvs.snapshot()).map(service => [serviceKey(service), service]));
    const keys = Object.keys(expected).toSorted();
    await expect
      .poll(async () => Object.keys(await read()).toSorted(), { timeout: 30_000, interval: 300 })
      .toEqual(keys)
      .catch((error: unknown) => {
        throw new Error(`keepalived did not set up its table: ${log}`, { cause: error });
      });
    await expect.poll(read, { timeout: 10_000 }).toMatchObject(expected);
    // What it made is, read and desired, no difference.
    const plan = await bed.ipvs.plan(await bed.ipvs.snapshot(), { owns: 'everything' });
    expect(plan.steps).toEqual([]);
    expect(plan.scope).toEqual({ services: 6, destinations: 8, removals: 0 });
  } finally {
    keepalived.kill('SIGTERM');
    await ended;
  }
}, 60_000);
