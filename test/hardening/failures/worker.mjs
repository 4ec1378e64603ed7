// Says when its calls have begun; the program that started it terminates it then.
import { parentPort, workerData } from 'node:worker_threads';
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs({ netns: workerData });
ipvs.services().then(
  () => {},
  () => {},
);
for (let i = 0; i < 5; i++) ipvs.snapshot().catch(() => {});
parentPort.postMessage('begun');
