// Says in one line and an exit status, as monitoring systems want it, how a table is: 0 all is well, 1 something is
// odd, 2 a service has nobody who takes connections, 3 it can't be told.
//
//   node check.js [NETNS]

import { destinationKey, Ipvs, lint, serviceKey } from 'ipvs';

async function check(): Promise<{ status: number; words: string }> {
  await using ipvs = new Ipvs({ netns: process.argv[2], timeout: 10_000 });
  const table = await ipvs.snapshot();
  const down = table.filter(({ destinations }) => destinations.every(({ weight }) => weight === 0));
  if (down.length > 0)
    return { status: 2, words: `CRITICAL: nobody serves ${down.map(serviceKey).join(', ')}` };
  const out = table.flatMap(({ destinations }) => destinations.filter(({ weight }) => weight === 0));
  const odd = lint(table).map(({ service, message }) => `${serviceKey(service)}: ${message}`);
  if (out.length + odd.length > 0) {
    return {
      status: 1,
      words: `WARNING: ${[...out.map(row => `${destinationKey(row)} is out`), ...odd].join('; ')}`,
    };
  }
  return { status: 0, words: `OK: ${table.length} services` };
}

const { status, words } = await check().catch((error: Error) => ({
  status: 3,
  words: `UNKNOWN: ${error.message}`,
}));
console.log(words);
process.exitCode = status;
