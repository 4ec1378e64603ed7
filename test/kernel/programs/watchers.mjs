// Leaves watchers behind after one step each, their client still open: the garbage collector must take their
// memory along, on both sides. Run with --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises';
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs({ netns: process.argv[2], timeout: 600_000 });
const bytes = () => process.memoryUsage().external;

const watch = async count => {
  const watchers = Array.from({ length: count }, () => ipvs.watch());
  for (const watcher of watchers) await watcher.next();
  return watchers;
};

await watch(1);
for (let i = 0; i < 5; i++) await sleep(20).then(globalThis.gc);
const before = bytes();
// Held until they were counted: V8 knows their size, and may collect some by itself.
const held = await watch(40);
const during = bytes();
held.length = 0;
let after = during;
for (let i = 0; i < 200 && after > before + 1_000_000; i++) {
  globalThis.gc();
  // What the client has of a sampler goes with a call.
  await ipvs.timeouts();
  await sleep(20);
  after = bytes();
}
console.log(JSON.stringify({ before, during, after }));
await ipvs.close();
