import { filesOf, targets } from '../prebuild/targets.ts';

/** The files that the package must have. */
const needed: readonly string[] = [
  ...['package.json', 'README.md', 'LICENSE', 'NOTICE'],
  ...['dist/index.js', 'dist/index.d.ts', 'dist/ipvs', 'dist/ipvs.cjs'],
  ...['native/binding.gyp', 'native/libnl/libnl.gyp', 'native/third_party/libnl/COPYING'],
  'native/third_party/node-addon-api/napi.h',
  ...targets.flatMap(filesOf),
];

/** The files that the package may have, by folder. */
const allowed: readonly RegExp[] = [
  /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|NOTICE)$/,
  /^dist\/(?:[\w-]+\/)*[\w-]+\.(?:js|d\.ts)$/,
  /^dist\/ipvs(?:-[\w-]+)?\.cjs$/,
  /^dist\/ipvs$/,
  /^docs\/(?:[\w-]+\/)*[\w.-]+\.(?:md|service|sysconfig|yaml|json)$/,
  /^native\/(?:[\w-]+\/)*[\w-]+\.(?:cc|h|gyp|map)$/,
  /^native\/third_party\/node-addon-api\/(?:LICENSE\.md|[\w.-]+\.h)$/,
  /^native\/third_party\/libnl\/(?:COPYING|(?:lib|include)\/(?:[\w-]+\/)*[\w-]+\.[ch])$/,
];

/** The faults of a package that holds these files, each as a phrase. */
export function unexpectedFiles(paths: readonly string[]): string[] {
  const prebuilt = targets.flatMap(filesOf);
  return [
    ...needed.filter(path => !paths.includes(path)).map(path => `${path} is missing`),
    ...paths
      .filter(path => !prebuilt.includes(path) && !allowed.some(pattern => pattern.test(path)))
      .map(path => `${path} does not belong there`),
  ];
}
