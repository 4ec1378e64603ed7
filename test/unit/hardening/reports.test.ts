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

/** A race of two threads, of which one was started by the addon. */
const race = (first: string, second: string) =>
  [
    'WARNING: ThreadSanitizer: data race (pid=7)',
    `  Write of size 1 at 0x7b30000064b8 by thread T2:\n${frame(0, first)}`,
    `  Previous read of size 1 at 0x7b30000064b8 by main thread:\n${frame(0, second)}`,
    `  Location is heap block of size 192 at 0x7b3000006480 allocated by main thread:\n${frame(0, 'node+0x1')}`,
    `  Thread T2 (tid=9, running) created by main thread at:\n${frame(0, 'Release/ipvs.node+0x5')}`,
    'SUMMARY: ThreadSanitizer: data race',
  ].join('\n\n');

test('a race counts where either of its threads was in the addon, not where the addon only started one', () => {
  const line = '='.repeat(18);
  const ours = [race('node+0x1', 'Release/ipvs.node+0x5'), race('Release/ipvs.node+0x5', 'node+0x2')];
  const text = [...ours, race('node+0x1', 'node+0x2')].map(part => `${line}\n${part}\n${line}\n`).join('');
  expect(racesOf(`${text}ThreadSanitizer: reported 3 warnings\n`)).toEqual(ours);
});
