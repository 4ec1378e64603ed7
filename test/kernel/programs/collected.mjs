// Makes clients and forgets them: the garbage collector must take their threads and descriptors along. Run with --expose-gc.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ipvs } from 'ipvs';

const resources = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: readdirSync('/proc/self/fd').length,
});

const use = async count => {
  await Promise.all(Array.from({ length: count }, () => new Ipvs({ netns: process.argv[2] }).services()));
};

await use(1); // what the process keeps for itself is there after this
for (let i = 0; i < 5; i++) await sleep(20).then(globalThis.gc);
const before = resources();
await use(30);
const during = resources();
let after = during;
for (let i = 0; i < 100 && (after.threads > before.threads || after.descriptors > before.descriptors); i++) {
  globalThis.gc();
  await sleep(20);
  after = resources();
}
console.log(JSON.stringify({ before, during, after }));
