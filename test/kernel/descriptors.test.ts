import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { useBed } from './support.ts';

const bed = useBed();

const program = fileURLToPath(new URL('programs/no-descriptors.mjs', import.meta.url));

const scarce = (what: RegExp) => ({
  name: 'IpvsError',
  code: 'ERR_IPVS_NO_RESOURCES',
  message: expect.stringMatching(what),
});

test('an open client without a descriptor left goes on, and whatever needs one says so and leaves nothing out', () => {
  const { stdout, stderr } = spawnSync('prlimit', ['--nofile=400', process.execPath, program, bed.netns], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  const { settings, found, settingsByNumberLeft, after } = JSON.parse(stdout);
  const noFiles = scarce(/too many open files|descriptor/i);
  expect(found).toEqual({
    // No descriptor is needed to know that: the family is not asked for, or asked for by the socket that is open.
    absent: expect.objectContaining({ code: 'ERR_IPVS_DESTINATION_NOT_FOUND' }),
    services: 1,
    connections: noFiles,
    settings: noFiles,
    totals: noFiles,
    another: noFiles,
    byDescriptor: noFiles,
  });
  for (const outcome of settingsByNumberLeft) {
    if (typeof outcome === 'number') expect(outcome).toBe(settings);
    else expect(outcome).toEqual(noFiles);
  }
  expect(settingsByNumberLeft.at(-1)).toBe(settings);
  expect(after).toEqual({ services: ['wrr'], settings, another: 1 });
});
