// Applies the desired state of a file: `node apply.mjs NETNS FILE OWNER`.
import { readFileSync } from 'node:fs';
import { Ipvs } from 'ipvs';

const [netns, file, owner] = process.argv.slice(2);
const ipvs = new Ipvs({ netns, timeout: 60_000 });
const desired = JSON.parse(readFileSync(file, 'utf8'));
const { converged } = await ipvs.apply(desired, { owner, force: true });
console.log(converged);
await ipvs.close();
process.disconnect();
