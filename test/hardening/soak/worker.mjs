// One worker_thread of the soak's: uses the library until it is terminated, or for some calls only and ends by itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Ipvs } from 'ipvs';

const { netns, calls, close } = workerData;
const ipvs = new Ipvs({ netns });
const sampler = ipvs.sampler();
const stepped = (async () => {
  let left = calls;
  for await (const _ of ipvs.watch({ interval: 10 })) if (left-- <= 0) break;
})();
await ipvs.info();
parentPort.postMessage('begun');
for (let left = calls; left > 0; left--) {
  await Promise.all([ipvs.services(), ipvs.snapshot(), sampler.read()]);
  await sleep(1);
}
await stepped;
sampler.close();
if (close) await ipvs.close();
