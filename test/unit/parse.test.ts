import { describe, expect, test } from 'vitest';
import { IpvsError } from '../../lib/index.ts';
import { flagBits, flagNames } from '../../lib/model/scheduler.ts';
import { parseConnection } from '../../lib/proc/connections.ts';
import { readSettings, sysctlName, writeSettings } from '../../lib/proc/settings.ts';
import { parseTotals } from '../../lib/proc/totals.ts';

describe('the connection table', () => {
  test('a row of IPv4', () => {
    const row = 'TCP AC107801 C350 0A640A65 0050 AC10780B 1F90 ESTABLISHED     893';
    expect(parseConnection(row, false)).toEqual({
      protocol: 'tcp',
      client: { address: '172.16.120.1', port: 50_000 },
      virtual: { address: '10.100.10.101', port: 80 },
      destination: { address: '172.16.120.11', port: 8080 },
      state: 'ESTABLISHED',
      expires: 893,
      template: false,
    });
  });

  test('a row of IPv6, with an engine whose data has spaces', () => {
    const six = 'fd00:0000:0000:0000:0000:0000:0000:0001';
    const row = `UDP ${six} 0000 ${six} 13C4 0A000001 13C4 NONE            10 sip call id`;
    expect(parseConnection(row, false)).toMatchObject({
      client: { address: 'fd00::1' },
      destination: { address: '10.0.0.1' },
      template: true,
      engine: 'sip',
      engineData: 'call id',
    });
  });

  test('a row with its origin', () => {
    const row = 'TCP AC107801 C350 0A640A65 0050 AC10780B 1F90 ESTABLISHED SYNC       12';
    expect(parseConnection(row, true)).toMatchObject({ origin: 'sync', expires: 12, state: 'ESTABLISHED' });
  });
});

test('totals', () => {
  const content = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      1F       A0       B0  FFFFFFFFFFFFFFFF              C0D

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        2        3                4                A
`;
  expect(parseTotals<bigint>(content, true)).toEqual({
    connections: 0x1fn,
    inPackets: 0xa0n,
    outPackets: 0xb0n,
    inBytes: 2n ** 64n - 1n,
    outBytes: 0xc0dn,
    rates: { connections: 1n, inPackets: 2n, outPackets: 3n, inBytes: 4n, outBytes: 10n },
  });
  expect(parseTotals<number>(content, false).rates.outBytes).toBe(10);
});

describe('settings', () => {
  test('names are the kernel’s', () => {
    expect(sysctlName('expireNodestConn')).toBe('expire_nodest_conn');
    expect(sysctlName('conntrack')).toBe('conntrack');
  });

  test('what the kernel has and we know', () => {
    const content =
      'conntrack\x001\n\0sync_threshold\x003\t50\n\0est_nice\x00-5\n\0est_cpulist\x000-3\n\0new_one\x007\n\0';
    expect(readSettings(content)).toEqual({
      conntrack: true,
      syncThreshold: { threshold: 3, period: 50 },
      estNice: -5,
      estCpulist: '0-3',
    });
  });

  test('are written as they are read', () => {
    const content = writeSettings({
      conntrack: false,
      syncThreshold: { threshold: 1, period: 9 },
      estCpulist: '',
    });
    expect(content).toBe('conntrack\x000\n\0sync_threshold\x001 9\n\0est_cpulist\0\n\0');
  });
});

test('scheduler flags', () => {
  expect(flagBits('f', 'sh', ['sh-fallback', 'sh-port', 'flag-3'])).toBe(0x38);
  expect(flagNames('sh', 0x38)).toEqual(['sh-fallback', 'sh-port', 'flag-3']);
  expect(flagNames('mh', 0x10)).toEqual(['mh-port']);
  expect(flagNames('rr', 0x18)).toEqual(['flag-1', 'flag-2']);
  expect(flagNames('rr', 0x7)).toEqual([]);
});

test('IpvsError is known across copies of the package', () => {
  const error = new IpvsError('ERR_IPVS_CLOSED', 'closed', { cause: 1 });
  const twin = { [Symbol.for('ipvs.IpvsError')]: true };
  expect(error).toBeInstanceOf(Error);
  expect(twin).toBeInstanceOf(IpvsError);
  expect(new Error('x')).not.toBeInstanceOf(IpvsError);
  expect(null).not.toBeInstanceOf(IpvsError);
  expect(error).toMatchObject({ name: 'IpvsError', cause: 1 });
  expect(Object.keys(error)).toEqual(['code']);
});
