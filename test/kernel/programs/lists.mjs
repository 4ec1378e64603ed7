// Lists the table again and again, and keeps every list, until this process is killed. `node lists.mjs NETNS`; its
// standard input ends when it may begin.
import { once } from 'node:events';
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs({ netns: process.argv[2] });
await ipvs.info();
process.stdout.write('ready\n');
await once(process.stdin.resume(), 'end');
const kept = [];
for (;;) kept.push(await ipvs.snapshot());
