import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { dial } from '../../../lib/health/index.ts';
import type { TableEntry } from '../../../lib/index.ts';
import { fixture, mark, type Stage, server, serverRow, web } from './stage.ts';

const rowCount = fixture.size - 2;
const names = Array.from({ length: rowCount }, (_, i) => server(i).address);

const addressesOf = (rows: readonly { readonly address: string }[]) => rows.map(({ address }) => address);

/** A client by a path and one by a descriptor, each with its first call. */
async function open(stage: Stage): Promise<void> {
  const byPath = stage.client();
  await stage.read('services', byPath.services().then(marked), ['10.0.0.1', 'fwmark']);
  const netns = openSync(`/run/netns/${stage.netns}`, 'r');
  stage.defer(() => closeSync(netns));
  const byDescriptor = stage.client({ netns });
  await stage.read('info', byDescriptor.info());
  await stage.read('timeouts', byDescriptor.timeouts());
  await stage.read('daemons', byDescriptor.daemons(), []);
}

const marked = (services: readonly { readonly address?: string | undefined }[]) =>
  services.map(({ address }) => address ?? 'fwmark').sort();

/** Every kind of write, awaited one by one: most are executed on the JavaScript thread. */
async function write(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const api = { protocol: 'tcp', address: '10.0.0.2', port: 443 } as const;
  await stage.write('10.0.0.2:443', 'rr', ipvs.addService({ ...api, scheduler: 'rr' }));
  await stage.write('10.0.0.2:443', 'wrr', ipvs.updateService(api, { scheduler: 'wrr' }));
  const row = `10.0.0.2:443 > ${server(1).address}`;
  await stage.write(row, '3', ipvs.addDestination(api, { ...server(1), weight: 3 }));
  await stage.write(row, '5', ipvs.updateDestination(api, server(1), { weight: 5 }));
  await stage.write(row, 'absent', ipvs.removeDestination(api, server(1)));
  await stage.write('10.0.0.2:443', 'absent', ipvs.removeService(api));
  await stage.read('zero', ipvs.zero(web));
  await stage.read('setTimeouts', ipvs.setTimeouts({ tcp: 900 }));
}

/** Writes of one tick, which share sends; and a state that is applied. */
async function bulk(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const added = Array.from({ length: 150 }, (_, i) => 1000 + i);
  await Promise.all(
    added.map(i => stage.write(serverRow(i), '2', ipvs.addDestination(web, { ...server(i), weight: 2 }))),
  );
  await Promise.all(
    [0, 1, 2].map(i => stage.write(serverRow(i), '9', ipvs.updateDestination(web, server(i), { weight: 9 }))),
  );
  const desired: readonly TableEntry[] = [
    { ...web, scheduler: 'wlc', destinations: [server(0), server(1)] },
    { fwmark: 7, family: 'ipv4', scheduler: 'rr', destinations: [] },
  ];
  const after = new Map([...added, ...names.keys()].map(i => [serverRow(i), i < 2 ? '1' : 'absent']));
  await stage.apply(after, ipvs.apply(desired, { force: true }));
}

/** Lists, one of several chunks. */
async function lists(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  await stage.read('destinations', ipvs.destinations(web).then(addressesOf), names);
  await stage.read(
    'snapshot',
    ipvs.snapshot().then(services => services.map(({ destinations }) => destinations.length).sort()),
    [0, rowCount],
  );
  await stage.read('destinations again', ipvs.destinations(web).then(addressesOf), names);
  await stage.read(
    'service',
    ipvs.service(mark).then(service => service?.scheduler),
    'rr',
  );
}

/** A sampler that reads three times, and one of chosen services. */
async function sampler(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const all = ipvs.sampler();
  stage.defer(() => all.close());
  for (const time of ['first', 'second', 'third']) {
    const rows = all
      .read()
      .then(({ services, destinations }) => [services.ids.length, destinations.ids.length]);
    await stage.read(`${time} sample`, rows, [2, rowCount]);
  }
  const chosen = ipvs.sampler({ services: [web], destinations: false });
  stage.defer(() => chosen.close());
  for (const time of ['first', 'second']) {
    await stage.read(
      `${time} sample of one`,
      chosen.read().then(({ services }) => services.ids.length),
      1,
    );
  }
}

/** Two steps of watching. */
async function watch(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const steps = async () => {
    const rows: number[] = [];
    for await (const { sample } of ipvs.watch({ interval: 10 })) {
      rows.push(sample.destinations.ids.length);
      if (rows.length === 2) break;
    }
    return rows;
  };
  await stage.read('watch', steps(), [rowCount, rowCount]);
}

/** What is read from and written to files. */
async function connections(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const all = async () => {
    const found = [];
    for await (const connection of ipvs.connections()) found.push(connection);
    return found;
  };
  await stage.read('connections', all(), []);
  await stage.read(
    'totals',
    ipvs.totals().then(({ connections }) => connections),
    0,
  );
  await stage.read(
    'settings',
    ipvs.settings().then(settings => Object.keys(settings).length > 15),
    true,
  );
  await stage.read('setSettings', ipvs.setSettings({ expireNodestConn: true, amDroprate: 10 }));
}

/** Clients that open at once, each with a thread that enters the namespace. */
async function namespaces(stage: Stage): Promise<void> {
  const clients = [stage.client(), stage.client(), stage.client()];
  await Promise.all(
    clients.map(ipvs => stage.read('services', ipvs.services().then(marked), ['10.0.0.1', 'fwmark'])),
  );
}

/** A client that is closed amid its calls, which it finishes. */
async function close(stage: Stage): Promise<void> {
  const ipvs = stage.client();
  const calls = [
    stage.read(
      'snapshot',
      ipvs.snapshot().then(({ length }) => length),
      2,
    ),
    stage.write(serverRow(0), '4', ipvs.updateDestination(web, server(0), { weight: 4 })),
    stage.read('destinations', ipvs.destinations(web).then(addressesOf), names),
  ];
  await ipvs.close();
  await Promise.all(calls);
}

/** Sockets that are dialled, one accepted and one refused. */
async function dialled(stage: Stage): Promise<void> {
  const listener = createServer(socket => socket.resume()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  stage.defer(() => new Promise(resolve => listener.close(resolve)));
  const { port } = listener.address() as { port: number };
  const socket = dial({ address: '127.0.0.1', port, timeout: 10_000 });
  await stage.read(
    'dial',
    socket.then(dialledSocket => void dialledSocket.destroy()),
  );
  const refused = dial({ address: '127.0.0.1', port: 1, netns: stage.netns, timeout: 10_000 }).catch(
    error => {
      if (error.code !== 'ECONNREFUSED') throw error;
      return 'refused';
    },
  );
  await stage.read('dial of nobody', refused, 'refused');
}

/** A worker_thread that is terminated amid its calls. */
async function worker(stage: Stage): Promise<void> {
  const thread = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: stage.netns,
    execArgv: [],
  });
  stage.defer(() => thread.terminate());
  const begun = once(thread, 'message');
  await stage.read(
    'worker',
    begun.then(([message]) => message),
    'begun',
  );
}

export const scenes = {
  ...{ open, write, bulk, lists, sampler, watch, connections, namespaces, close, dialled, worker },
} as const satisfies Readonly<Record<string, (stage: Stage) => Promise<void>>>;

export type SceneName = keyof typeof scenes;
