import { expect, test } from 'vitest';
import { leaksOf, racesOf } from '../../hardening/sanitizers/reports.ts';

const frame = (number: number, place: string) => `    #${number} 0x7f22876b89cf in malloc (${place})`;

const ofNode = [
  'Direct leak of 64 byte(s) in 1 object(s) allocated from:',
  frame(0, '/usr/bin/node+0x1'),
].join('\n');
const ofAddon = [
  'Direct leak of 32 byte(s) in 1 object(s) allocated from:',
  frame(0, 'native/build/Release/ipvs.node+0x2'),
  frame(1, '/usr/bin/node+0x1'),
].join('\n');
const ofLibnl = [
  'Direct leak of 16 byte(s) in 2 object(s) allocated from:',
  frame(0, '/usr/lib/libnl-3.so.200+0x3'),
].join('\n');

const report = (...leaks: readonly string[]) =>
  ['==1==ERROR: LeakSanitizer: detected memory leaks', ...leaks, 'SUMMARY: leaked'].join('\n\n');

test('a leak counts where its stack has a frame of the addon or of libnl, whoever called it', () => {
  expect(leaksOf(report(ofNode, ofAddon, ofLibnl))).toEqual([ofAddon, ofLibnl]);
});

test('what Node.js leaves at its end is no leak of ours, nor what hangs on that', () => {
  expect(leaksOf(report(ofNode, ofAddon.replace('Direct', 'Indirect')))).toEqual([]);
});

const line = '='.repeat(18);
const texts = (...parts: readonly string[]) => parts.map(part => `${line}\n${part}\n${line}\n`).join('');

/** A race of two threads, of which one was started by the addon, with the frames of both stacks. */
const race = (first: readonly string[], second: readonly string[]) =>
  [
    'WARNING: ThreadSanitizer: data race (pid=7)\n' +
      `  Write of size 1 at 0x7b30000064b8 by thread T2:\n${first.map((place, i) => frame(i, place)).join('\n')}`,
    `  Previous read of size 1 at 0x7b30000064b8 by main thread:\n${second.map((place, i) => frame(i, place)).join('\n')}`,
    `  Location is heap block of size 192 at 0x7b3000006480 allocated by main thread:\n${frame(0, 'node+0x1')}`,
    `  Mutex M1 (0x7b1400000050) created at:\n${frame(0, 'Release/ipvs.node+0x5')}`,
    `  Thread T2 (tid=9, running) created by main thread at:\n${frame(0, 'Release/ipvs.node+0x5')}`,
    'SUMMARY: ThreadSanitizer: data race (/usr/bin/node+0x1d65445)',
  ].join('\n\n');
const runtime = 'libtsan.so.2.0.0+0x42191';
const addon = 'native/build/Release/ipvs.node+0x2';

test('a race counts where both threads were in the addon, or one in what has no known stack', () => {
  const both = race([runtime, addon], ['libstdc++.so.6+0x5', addon, 'node+0x1']);
  const unknown = race([addon], []);
  expect(racesOf(`${texts(both, unknown)}ThreadSanitizer: reported 2 warnings\n`)).toEqual([both, unknown]);
});

test('a race of Node.js with itself or with the addon does not count, whoever called or started it', () => {
  const itself = race([runtime, 'node+0x1'], [runtime, 'node+0x2', addon]);
  // A descriptor that libuv has closed past close(), and whose number the addon got.
  const descriptor = race([runtime, addon], [runtime, 'node+0x3']);
  expect(racesOf(texts(itself, descriptor))).toEqual([]);
});

test('locks that threads of the addon take in different orders count', () => {
  const inversion = (place: string) =>
    [
      'WARNING: ThreadSanitizer: lock-order-inversion (potential deadlock) (pid=7)\n  Cycle in lock order graph: M1 (0x1) => M2 (0x2) => M1',
      `  Mutex M2 acquired here while holding mutex M1 in thread T2:\n${frame(0, runtime)}\n${frame(1, place)}`,
      `  Mutex M1 acquired here while holding mutex M2 in main thread:\n${frame(0, runtime)}\n${frame(1, place)}`,
      'SUMMARY: ThreadSanitizer: lock-order-inversion (potential deadlock)',
    ].join('\n\n');
  expect(racesOf(texts(inversion(addon), inversion('node+0x1')))).toEqual([inversion(addon)]);
});
