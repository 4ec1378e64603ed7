import os from 'node:os';
import { expect, test } from 'vitest';
import * as layout from '../../../lib/addon/layout.ts';
import { native } from '../../../lib/addon/load.ts';
import { E } from '../../../lib/calls/errno.ts';
import * as constants from '../../../lib/model/constants.ts';

test('every number that TypeScript and the addon share is the same on both sides', () => {
  expect(native().layout()).toEqual({ ...layout });
});

test('every kernel constant of TypeScript is that of linux/ip_vs.h and the C library', () => {
  // The other limits are this library's own, or in no header.
  const tables = Object.entries(constants).filter(([, value]) => typeof value === 'object');
  expect(native().kernelConstants()).toEqual({
    ...Object.fromEntries(tables),
    MAX_NAME: constants.MAX_NAME,
  });
});

test('every errno of IPVS that TypeScript names is the operating system’s', () => {
  const errnos: Readonly<Record<string, number>> = os.constants.errno;
  for (const [name, number] of Object.entries(E)) expect([name, number]).toEqual([name, errnos[`E${name}`]]);
});
