// Reads a table for which this process has too little memory, by its own limit, and again once it has enough: what each
// read came to. `node no-memory.mjs NETNS BYTES`: that many more than it has.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Ipvs } from 'ipvs';

const [netns, bytes] = process.argv.slice(2);
const ipvs = new Ipvs({ netns });
const web = { protocol: 'tcp', address: '10.100.10.102', port: 80 };
await ipvs.info(); // the client's thread, its stack and its buffers are there from here on
const sampler = ipvs.sampler();

/** Writable memory, which RLIMIT_DATA is about (man 2 getrlimit). */
const limit = data => execFileSync('prlimit', [`--pid=${process.pid}`, `--data=${data}:unlimited`]);
const kibibytes = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];

const rows = async () => (await sampler.read()).destinations.ids.length;
const told = call => call().catch(({ name, code }) => ({ name, code }));

limit(kibibytes * 1024 + Number(bytes));
const scarce = [await told(rows), await told(rows)];
const written = await told(() => ipvs.addService({ ...web, scheduler: 'rr' }).then(() => 'done'));
limit('unlimited');
const enough = await told(rows);
await ipvs.removeService(web);
console.log(JSON.stringify({ scarce, written, enough }));
