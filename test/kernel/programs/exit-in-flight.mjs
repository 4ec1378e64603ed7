// Exits with calls under way and others queued behind them.
import { Ipvs } from 'ipvs';

for (let i = 0; i < 4; i++) {
  const ipvs = new Ipvs({ netns: process.argv[2] });
  for (let k = 0; k < 10; k++) ipvs.snapshot().catch(() => {});
}
setTimeout(() => process.exit(7), Number(process.argv[3]));
