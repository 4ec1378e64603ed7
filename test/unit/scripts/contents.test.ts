import { expect, test } from 'vitest';
import { filesOf, targets } from '../../../scripts/prebuild/targets.ts';
import { unexpectedFiles } from '../../../scripts/prepack/contents.ts';

const whole = [
  ...['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'docs/desired-state.md'],
  ...['dist/index.js', 'dist/index.d.ts', 'dist/model/errors.js', 'dist/ipvs', 'dist/ipvs.cjs'],
  ...['native/binding.gyp', 'native/libnl/libnl.gyp', 'native/node/addon.cc', 'native/node/exports.map'],
  ...['native/third_party/libnl/COPYING', 'native/third_party/libnl/lib/nl.c'],
  'native/third_party/node-addon-api/napi.h',
  ...targets.flatMap(filesOf),
];

test('the package holds what it needs and nothing else', () => {
  expect(unexpectedFiles(whole)).toEqual([]);
});

test('the package is not packed without the files of each target', () => {
  for (const file of targets.flatMap(filesOf)) {
    expect(unexpectedFiles(whole.filter(path => path !== file))).toEqual([`${file} is missing`]);
  }
});

test.each(['NOTICE', 'dist/ipvs', 'native/binding.gyp', 'native/third_party/libnl/COPYING'])(
  'the package is not packed without %s',
  file => {
    expect(unexpectedFiles(whole.filter(path => path !== file))).toEqual([`${file} is missing`]);
  },
);

test.each([
  'binding.gyp',
  'lib/index.ts',
  'dist/index.js.map',
  'native/build/Release/ipvs.node',
  'native/node/addon.cc.orig',
  'prebuilds/linux-x64/ipvs.node',
  'prebuilds/linux-ia32/ipvs.glibc.node',
  '.env',
  'docs/.DS_Store',
])('the package is not packed with %s', file => {
  expect(unexpectedFiles([...whole, file])).toEqual([`${file} does not belong there`]);
});
