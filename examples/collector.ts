// Reads the table ten times a second and prints, once a second, what each destination had at its peak: one JSON
// object a line. Ends at SIGINT or SIGTERM.
//
//   node collector.js [NETNS]

import { destinationKey, Ipvs, serviceKey } from 'ipvs';

const end = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());

await using ipvs = new Ipvs({ netns: process.argv[2] });
const events = ipvs.watch({ interval: 100, columns: ['rates'], signal: end.signal });
const peaks = new Map<string, { active: number; bytesPerSecond: number }>();
let printed = Date.now();

for await (const { sample } of events) {
  const { services, destinations } = sample;
  for (const [row, id] of destinations.ids.entries()) {
    const service = services.ids[destinations.service[row]!]!;
    const key = `${serviceKey(service)} ${destinationKey(id)}`;
    const peak = peaks.get(key) ?? { active: 0, bytesPerSecond: 0 };
    const rate = destinations.rates.inBytes[row]!; // NaN until it is known
    peaks.set(key, {
      active: Math.max(peak.active, destinations.activeConnections[row]!),
      bytesPerSecond: Math.max(peak.bytesPerSecond, Number.isNaN(rate) ? 0 : rate),
    });
  }
  if (sample.time - printed < 1000) continue;
  for (const [destination, peak] of peaks) console.log(JSON.stringify({ destination, ...peak }));
  peaks.clear();
  printed = sample.time;
}
