// Makes clients and forgets them: the garbage collector must take their threads and descriptors along. Run
// with --expose-gc.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ipvs } from 'ipvs';

const resources = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: readdirSync('/proc/self/fd').length,
});

const use = async count => {
  // A deadline far away must not keep a client until then.
  const client = () => new Ipvs({ netns: process.argv[2], timeout: 600_000 });
  const clients = Array.from({ length: count }, client);
  await Promise.all(clients.map(one => one.services()));
  return clients;
};

await use(1); // after this call the process has the threads that it keeps
for (let i = 0; i < 5; i++) await sleep(20).then(globalThis.gc);
const before = resources();
// The clients are held until they were counted, since V8 knows their size and may collect some by itself.
const held = await use(30);
const during = resources();
held.length = 0;
let after = during;
for (let i = 0; i < 500 && (after.threads > before.threads || after.descriptors > before.descriptors); i++) {
  globalThis.gc();
  await sleep(20);
  after = resources();
}
console.log(JSON.stringify({ before, during, after }));
