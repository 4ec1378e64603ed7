import { describe, expect, test } from 'vitest';
import { compareReleases, isKernelChoice, newestKernel } from '../../bed/kernels.ts';

const index = (...packages: readonly (readonly [name: string, size: number])[]) =>
  packages.map(([name, size]) => `Package: ${name}\nVersion: 1\nSize: ${size}\n`).join('\n');

describe('the newest kernel of a package index', () => {
  test('the newest kernel is that of the highest numbers and the full flavour', () => {
    const text = index(
      ['linux-image-6.1.0-9-amd64', 70e6],
      ['linux-image-6.1.0-56-amd64', 71e6],
      ['linux-image-6.1.0-57-cloud-amd64', 30e6],
      ['linux-image-6.1.0-57-rt-amd64', 70e6],
      ['linux-image-6.1.0-57-amd64-dbg', 900e6],
      ['linux-image-6.12.117+deb12-amd64', 107e6],
    );
    expect(newestKernel(text, '6.1')).toEqual({
      release: '6.1.0-56',
      packages: ['linux-image-6.1.0-56-amd64'],
      size: 71e6,
    });
    expect(newestKernel(text, '6.12')?.release).toBe('6.12.117+deb12');
    expect(newestKernel(text, '5.10')).toBeUndefined();
  });

  test('a kernel in several packages is taken with all of them, and passed over where one is missing', () => {
    const text = index(
      ['linux-image-7.3.1+deb14-amd64', 1900],
      ['linux-binary-7.3.1+deb14-amd64', 14e6],
      ['linux-image-7.2.13+deb14-amd64', 1900],
      ['linux-binary-7.2.13+deb14-amd64', 14e6],
      ['linux-modules-7.2.13+deb14-amd64', 110e6],
      ['linux-base-7.2.13+deb14-amd64', 5e5],
    );
    expect(newestKernel(text, '7.x')).toEqual({
      release: '7.2.13+deb14',
      packages: ['binary', 'modules', 'base'].map(part => `linux-${part}-7.2.13+deb14-amd64`),
      size: 14e6 + 110e6 + 5e5,
    });
  });

  test('the newest kernel of arm64 is of that architecture and has pages of 4 KiB', () => {
    const text = index(
      ['linux-image-6.12.117+deb13-amd64', 107e6],
      ['linux-image-6.12.107+deb13-arm64', 93e6],
      ['linux-image-6.12.117+deb13-arm64', 93e6],
      ['linux-image-6.12.118+deb13-arm64-16k', 93e6],
      ['linux-image-6.12.118+deb13-cloud-arm64', 40e6],
      ['linux-image-6.12.118+deb13-arm64-unsigned', 93e6],
    );
    expect(newestKernel(text, 'arm64')).toMatchObject({
      release: '6.12.117+deb13',
      packages: ['linux-image-6.12.117+deb13-arm64'],
    });
    expect(newestKernel(text, '6.12')?.packages).toEqual(['linux-image-6.12.117+deb13-amd64']);
  });

  test('a meta package is no kernel', () => {
    expect(newestKernel(index(['linux-image-7.1.3+deb13-amd64', 1900]), '7.x')).toBeUndefined();
    expect(newestKernel('', '7.x')).toBeUndefined();
  });
});

test('releases are ordered by their numbers', () => {
  const ordered = ['5.10.0-9', '5.10.0-46', '6.1.0-56', '6.12.9+deb12', '6.12.117+deb12'];
  expect([...ordered].reverse().sort(compareReleases)).toEqual(ordered);
});

test('IPVS_KERNEL may be host or one of the known kernels', () => {
  expect(['host', '5.10', '7.x', 'arm64'].every(isKernelChoice)).toBe(true);
  expect(['', '6', '6.1.0', 'toString'].some(isKernelChoice)).toBe(false);
});
