import { expect, test } from 'vitest';
import type { Destination, ServiceWithDestinations } from '../../../lib/index.ts';
import { drawDiagram } from '../../lab/report/diagram.ts';
import { formatTable } from '../../lab/report/table.ts';
import { terminalReport } from '../../lab/report/terminal.ts';

test('a diagram joins neighbouring columns', () => {
  const drawn = drawDiagram([
    [{ title: 'client', lines: ['.1'] }],
    [{ title: 'director', lines: ['.2', '.3'] }],
    [
      { title: 'one', lines: ['.4'] },
      { title: 'two', lines: ['.5'] },
    ],
  ]);
  expect(drawn.map(row => row.trimEnd())).toEqual([
    '                                  ┌─────┐',
    '                ┌──────────┐   ┌──┤ one │',
    '┌────────┐      │ director │   │  │ .4  │',
    '│ client ├──────┤ .2       ├───┤  └─────┘',
    '│ .1     │      │ .3       │   │  ┌─────┐',
    '└────────┘      └──────────┘   └──┤ two │',
    '                                  │ .5  │',
    '                                  └─────┘',
  ]);
});

const counters = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
const stats = { ...counters, rates: counters };

function destination(address: string, changes: Partial<Destination> = {}): Destination {
  const limits = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  const connections = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
  return {
    address,
    port: 80,
    forwarding: 'direct',
    ...limits,
    ...connections,
    stats,
    ...changes,
  } as Destination;
}

// The lines are those that ipvsadm 1.31 printed for the same table.
test('the labs’ table has the lines of ipvsadm', () => {
  const services: ServiceWithDestinations[] = [
    {
      ...{ protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'sh', onePacket: false, stats },
      schedulerFlags: ['sh-fallback', 'sh-port'],
      persistence: { timeout: 300, granularity: 24 },
      destinations: [
        destination('10.0.0.2', { forwarding: 'masquerade', weight: 65_535 }),
        destination('10.0.0.3', { activeConnections: 12, inactiveConnections: 345 }),
        destination('10.0.0.4', { forwarding: 'tunnel', tunnel: { type: 'ipip' } }),
      ],
    },
    {
      ...{ protocol: 'udp', address: 'fd00::1', port: 5060, scheduler: 'rr', onePacket: false, stats },
      schedulerFlags: [],
      persistence: { timeout: 300, granularity: 128, engine: 'sip' },
      destinations: [destination('fd00:1111:2222:3333:4444:5555:6666:7777')],
    },
    {
      ...{ fwmark: 7, family: 'ipv6', scheduler: 'rr', onePacket: true, stats },
      schedulerFlags: [],
      destinations: [],
    },
  ];
  expect(formatTable({ version: '1.2.1', connectionTableSize: 4096 }, services)).toEqual([
    'IP Virtual Server version 1.2.1 (size=4096)',
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    'TCP  10.0.0.1:80 sh (sh-fallback,sh-port) persistent 300 mask 255.255.255.0',
    '  -> 10.0.0.2:80                  Masq    65535  0          0         ',
    '  -> 10.0.0.3:80                  Route   1      12         345       ',
    '  -> 10.0.0.4:80                  Tunnel  1      0          0         ',
    'UDP  [fd00::1]:5060 rr persistent 300 pe sip',
    '  -> [fd00:1111:2222:3333:4444:5555:6666:7777]:80 Route   1      0          0         ',
    'FWM  7 IPv6 rr ops',
  ]);
});

test('bars are drawn to scale, and an unfinished progress line is ended before them', () => {
  let text = '';
  const report = terminalReport(chunk => {
    text += chunk;
  }, false);
  report.progress('waiting').tick();
  report.bars('Distribution', [
    { label: 'one', value: 30 },
    { label: 'three', value: 15 },
  ]);
  expect(text.split('\n')).toEqual([
    '  waiting .',
    '',
    'Distribution',
    `  one   ${'█'.repeat(40)}   30  67 %`,
    `  three ${'█'.repeat(20)}${' '.repeat(20)}   15  33 %`,
    '',
  ]);
});
