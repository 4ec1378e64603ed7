// Applies desired states: `node apply.mjs NETNS`, then a message { desired, owner } for each. Says 'ready', and 'begun' at each.
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs({ netns: process.argv[2], timeout: 60_000 });
await ipvs.info();

process.on('message', async ({ desired, owner }) => {
  const applying = ipvs.apply(desired, { owner, force: true });
  process.send('begun');
  process.send(
    await applying.then(
      ({ converged }) => ({ converged }),
      ({ code, message }) => ({ code, message }),
    ),
  );
});
process.on('disconnect', () => process.exit());
process.send('ready');
