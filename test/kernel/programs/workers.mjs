// Terminates worker threads amid their calls, several times, while the process goes on.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Ipvs } from 'ipvs';

const resources = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: readdirSync('/proc/self/fd').length,
});

if (isMainThread) {
  const netns = process.argv[2];
  const round = async delay => {
    const worker = new Worker(new URL(import.meta.url), { workerData: netns });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await sleep(delay);
    await worker.terminate();
  };
  await round(10);
  const before = resources();
  for (let i = 0; i < 6; i++) await round(i * 9);
  let after = resources();
  for (
    let i = 0;
    i < 100 && (after.threads > before.threads || after.descriptors > before.descriptors);
    i++
  ) {
    await sleep(50);
    after = resources();
  }
  // The addon, loaded in workers only so far, works here too.
  const services = (await new Ipvs({ netns }).services()).length;
  console.log(JSON.stringify({ before, after, services }));
} else {
  const { parentPort } = await import('node:worker_threads');
  const clients = Array.from({ length: 3 }, () => new Ipvs({ netns: workerData }));
  await clients[0].info();
  for await (const _ of clients[1].connections()); // a warning would show in the output
  parentPort.postMessage('ready');
  for (;;) {
    const opened = Array.from({ length: 20 }, () => clients[2].connections().next());
    await Promise.all([...clients.map(ipvs => ipvs.snapshot()), ...opened]);
  }
}
