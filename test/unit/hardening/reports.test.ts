import { expect, test } from 'vitest';
import { leaksOf } from '../../hardening/sanitizers/reports.ts';

const frame = (number: number, place: string) => `    #${number} 0x7f22876b89cf in malloc (${place})`;

const ofNode = [
  'Direct leak of 64 byte(s) in 1 object(s) allocated from:',
  frame(0, '/usr/bin/node+0x1'),
].join('\n');
const ofAddon = [
  'Indirect leak of 32 byte(s) in 1 object(s) allocated from:',
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

test('what Node.js leaves at its end is no leak of ours', () => {
  expect(leaksOf(report(ofNode))).toEqual([]);
});
