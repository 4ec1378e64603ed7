import { describe, expect, test } from 'vitest';
import { parseConnection } from '../../../lib/proc/connections.ts';

describe('rows of the connection table', () => {
  test("a connection row's IPv4 addresses are read from eight hexadecimal digits", () => {
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

  test('a connection row is read with IPv6 addresses in groups and engine data that holds spaces', () => {
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

  test('a connection row says whether a sync message made its entry', () => {
    const row = 'TCP AC107801 C350 0A640A65 0050 AC10780B 1F90 ESTABLISHED SYNC       12';
    expect(parseConnection(row, true)).toMatchObject({ origin: 'sync', expires: 12, state: 'ESTABLISHED' });
  });
});
