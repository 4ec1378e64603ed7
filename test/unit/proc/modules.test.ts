import { expect, test } from 'vitest';
import { kernelModules } from '../../../lib/proc/modules.ts';

const files = {
  loaded: 'ip_vs_rr 16384 2 - Live 0x0000000000000000\nip_vs 200704 4 ip_vs_rr, Live 0x0000000000000000\n',
  builtin: 'kernel/net/netfilter/ipvs/ip_vs_wrr.ko\nkernel/fs/ext4/ext4.ko\n',
  onDisk: `kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
kernel/net/netfilter/ipvs/ip_vs_mh.ko.zst: kernel/net/netfilter/ipvs/ip_vs.ko.zst
updates/dkms/ip-vs-own.ko:
ip_vs_flat.ko:
`,
  disabled: '0\n',
};

test('a module is present, loadable or missing by /proc/modules and the files of depmod', () => {
  const { state } = kernelModules(files);
  expect(
    ['ip_vs_rr', 'ip_vs_wrr', 'ip_vs_mh', 'ip_vs_own', 'ip-vs-flat', 'ip_vs_m', 'vs_mh'].map(state),
  ).toEqual(['present', 'present', 'loadable', 'loadable', 'loadable', 'missing', 'missing']);
});

test('a module that is not loaded is unknown where a file of depmod cannot be read', () => {
  const { state } = kernelModules({ ...files, onDisk: undefined });
  expect(['ip_vs_rr', 'ip_vs_wrr', 'ip_vs_mh'].map(state)).toEqual(['present', 'present', 'unknown']);
  expect(kernelModules({ ...files, builtin: undefined }).state('ip_vs_nonesuch')).toBe('unknown');
});

test('a module on disk is missing where the kernel loads no more modules', () => {
  const { state } = kernelModules({ ...files, disabled: '1\n' });
  expect(['ip_vs_rr', 'ip_vs_mh'].map(state)).toEqual(['present', 'missing']);
});
