import { expect, test } from 'vitest';
import { kernelModules, type ModuleFiles } from '../../../lib/proc/modules.ts';
import { schedulersOf } from '../../../lib/proc/schedulers.ts';

const files: ModuleFiles = {
  loaded: 'ip_vs_wrr 16384 2 - Live 0x0000000000000000\nip_vs_pe_sip 16384 0 - Live 0x0000000000000000\n',
  builtin: 'kernel/net/netfilter/ipvs/ip_vs_rr.ko\n',
  onDisk: `kernel/net/netfilter/ipvs/ip_vs.ko.xz:
kernel/net/netfilter/ipvs/ip_vs_ftp.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
kernel/net/netfilter/ipvs/ip_vs_mh.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz
updates/dkms/ip_vs_own.ko:
`,
  disabled: '0\n',
};

test('schedulers are read from the names of modules, without ip_vs_ftp and persistence engines', () => {
  expect(schedulersOf(kernelModules(files))).toEqual([
    { name: 'rr', state: 'present' },
    { name: 'wrr', state: 'present' },
    { name: 'mh', state: 'loadable' },
    { name: 'own', state: 'loadable' },
  ]);
});

test('a scheduler that is not loaded is unknown where the kernel’s folder of modules is not visible', () => {
  const schedulers = schedulersOf(kernelModules({ ...files, builtin: undefined, onDisk: undefined }));
  expect(schedulers).toContainEqual({ name: 'wrr', state: 'present' });
  expect(schedulers).toContainEqual({ name: 'mh', state: 'unknown' });
  expect(schedulers.filter(({ state }) => state === 'unknown')).toHaveLength(13);
});
