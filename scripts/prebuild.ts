// Makes the prebuilt addons of every target, with the program ipvs-quick beside them, and checks what each
// needs of the machine it will run on. Targets whose sources did not change are taken from the cache.
//
//   npm run prebuild

import { basename } from 'node:path';
import { styleText } from 'node:util';
import { provide } from './prebuild/build.ts';
import { inspect } from './prebuild/inspect.ts';
import { type Target, targets } from './prebuild/targets.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  if (process.arch !== 'x64') {
    console.error(
      `Prebuilt addons are made on x86-64, for every architecture; this machine is ${process.arch}.`,
    );
    return 1;
  }
  const failures: string[] = [];
  for (const target of targets) {
    try {
      failures.push(...(await make(target)));
    } catch (error) {
      failures.push(`${target.name}: ${(error as Error).message}`);
    }
  }
  if (failures.length === 0) return 0;
  console.error(`\n${failures.join('\n')}`);
  return 1;
}

/** Makes a target's files and prints what each needs. Returns what is wrong with them. */
async function make(target: Target): Promise<readonly string[]> {
  const start = performance.now();
  const { files, cached } = await provide(target);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(styleText('bold', target.name), cached ? '(nothing changed)' : `(${seconds} s)`);
  const wrong: string[] = [];
  for (const file of files) {
    const { needs, size, faults } = await inspect(file, target);
    console.log(`  ${basename(file).padEnd(16)} ${String(Math.ceil(size / 1000)).padStart(4)} kB  ${needs}`);
    wrong.push(...faults.map(fault => `${target.name}: ${basename(file)} ${fault}`));
  }
  return wrong;
}
