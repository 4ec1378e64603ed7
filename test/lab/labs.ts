import { director } from './director/director.ts';
import { directors } from './directors/directors.ts';
import { dns } from './dns/dns.ts';
import { drain } from './drain/drain.ts';
import { faults } from './faults/faults.ts';
import type { Lab } from './lab.ts';
import { nat } from './nat/nat.ts';
import { schedulers } from './schedulers/schedulers.ts';
import { services } from './services/services.ts';
import { drArptables, drLoopback, drRedirect } from './web/dr.ts';
import { tun } from './web/tun.ts';
import { webLab } from './web/web-lab.ts';

/** All labs by name, in the order of running. */
export const labs: ReadonlyMap<string, Lab> = new Map<string, Lab>([
  ['nat', nat],
  ['dr', webLab(drRedirect)],
  ['dr-lo', webLab(drLoopback)],
  ['dr-arp', webLab(drArptables)],
  ['tun', webLab(tun)],
  ['schedulers', schedulers],
  ['services', services],
  ['directors', directors],
  ['dns', dns],
  ['drain', drain],
  ['director', director],
  ['faults', faults],
]);
