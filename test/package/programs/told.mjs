// What a program is told by its first calls, the one over netlink and those on files, as JSON.

import { Ipvs } from 'ipvs';

const ipvs = new Ipvs();
const calls = {
  services: () => ipvs.services(),
  settings: () => ipvs.settings(),
  totals: () => ipvs.totals(),
  connections: () => ipvs.connections().next(),
};
const told = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    await call();
    told[name] = { code: 'none', message: '' };
  } catch ({ code, message }) {
    told[name] = { code, message };
  }
}
console.log(JSON.stringify(told));
