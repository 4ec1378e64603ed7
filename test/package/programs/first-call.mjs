// Imports the installed package, from worker threads too, loads it by require() and makes a call.
//
//   node first-call.mjs    prints the outcome of each as JSON

import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Ipvs, serviceKey } from 'ipvs';

if (isMainThread) {
  const required = createRequire(import.meta.url)('ipvs');
  console.log(
    JSON.stringify({
      key: serviceKey({ protocol: 'tcp', address: '2001:db8::1', port: 80 }),
      sameModule: required.Ipvs === Ipvs,
      call: await call(),
      inWorkers: await Promise.all([inWorker(), inWorker()]),
    }),
  );
} else {
  parentPort.postMessage(await call());
}

async function call() {
  const ipvs = new Ipvs();
  try {
    const services = await ipvs.services();
    return `${services.length} services`;
  } catch (error) {
    return error.code;
  } finally {
    await ipvs.close();
  }
}

function inWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url));
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
