import { describe, expect, test } from 'vitest';
import { formatSettings, parseSettings, sysctlName } from '../../../lib/proc/settings.ts';

describe('settings', () => {
  test('a setting’s sysctl is its name with underscores', () => {
    expect(sysctlName('expireNodestConn')).toBe('expire_nodest_conn');
    expect(sysctlName('conntrack')).toBe('conntrack');
  });

  test('settings are parsed to typed values, and those that the library does not know are left out', () => {
    const content =
      'conntrack\x001\n\0sync_threshold\x003\t50\n\0est_nice\x00-5\n\0est_cpulist\x000-3\n\0new_one\x007\n\0';
    expect(parseSettings(content)).toEqual({
      conntrack: true,
      syncThreshold: { threshold: 3, period: 50 },
      estNice: -5,
      estCpulist: '0-3',
    });
  });

  test('settings are formatted as the kernel reads them', () => {
    const content = formatSettings({
      conntrack: false,
      syncThreshold: { threshold: 1, period: 9 },
      estCpulist: '',
    });
    expect(content).toBe('conntrack\x000\n\0sync_threshold\x001 9\n\0est_cpulist\0\n\0');
  });
});
