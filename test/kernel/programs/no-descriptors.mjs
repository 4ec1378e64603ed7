// Uses an open client, and makes others, while this process has no descriptor left, or one: what each call came to.
// `node no-descriptors.mjs NETNS`, under a small `ulimit -n`.
import { closeSync, openSync } from 'node:fs';
import { Ipvs } from 'ipvs';

const netns = process.argv[2];
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 };
const ipvs = new Ipvs({ netns });
await ipvs.addService({ ...web, scheduler: 'rr' });
for (let i = 0; i < 3; i++) await ipvs.services(); // its sockets, one for each length of list, are open from here on
const settings = Object.keys(await ipvs.settings()).length;
const namespace = openSync(`/run/netns/${netns}`);

const taken = [];
const exhaust = () => {
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
};
const release = (count = taken.length) => {
  for (const fd of taken.splice(0, count)) closeSync(fd);
};

/** What a call came to: its value, or its error's code and text. */
const told = async call => {
  try {
    return await call();
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
};

exhaust();
const found = {
  absent: await told(() => ipvs.removeDestination(web, { address: '10.0.0.1', port: 80 })),
  services: await told(async () => (await ipvs.services()).length),
  written: await told(() => ipvs.updateService(web, { scheduler: 'wrr' })),
  connections: await told(() => ipvs.connections().next()),
  settings: await told(async () => Object.keys(await ipvs.settings()).length),
  totals: await told(() => ipvs.totals()),
  another: await told(() => new Ipvs({ netns }).services()),
  byDescriptor: await told(() => new Ipvs({ netns: namespace }).services()),
};
const settingsByNumberLeft = [];
for (let left = 1; left <= 4; left++) {
  release(1);
  settingsByNumberLeft.push(await told(async () => Object.keys(await ipvs.settings()).length));
}
release();
const after = {
  services: (await ipvs.services()).map(({ scheduler }) => scheduler),
  settings: Object.keys(await ipvs.settings()).length,
  another: (await new Ipvs({ netns: namespace }).services()).length,
};
await ipvs.removeService(web);
console.log(JSON.stringify({ settings, found, settingsByNumberLeft, after }));
