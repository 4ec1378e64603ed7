/**
 * A process that measures its own beginning: started with the library's main file and a network namespace's
 * name. Prints, in milliseconds: the import, the first call, the first write.
 */
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

type Library = typeof import('../../lib/index.ts');

const [main, netns] = process.argv.slice(2) as [string, string];

/** Milliseconds that something took. */
async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = performance.now();
  const value = await work();
  return [performance.now() - start, value];
}

const [imported, { Ipvs }] = await timed(async () => (await import(pathToFileURL(main).href)) as Library);
const ipvs = new Ipvs({ netns, timeout: 600_000 });
const [called] = await timed(() => ipvs.info());
const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const [written] = await timed(() => ipvs.addService(service));
await ipvs.removeService(service);
await ipvs.close();
process.stdout.write(`${imported} ${called} ${written}\n`);
