// Gives up its capabilities while clients are open and calls under way. Prints what calls come to before and after.
import { Ipvs } from 'ipvs';

const [netns, id] = [process.argv[2], { protocol: 'tcp', address: '10.100.10.101', port: 1 }];
const code = promise =>
  promise.then(
    () => 'resolved',
    error => error.code,
  );
const inline = new Ipvs({ netns });
const queued = new Ipvs({ netns, inlineWrites: false });
const own = new Ipvs();
const sampler = queued.sampler();
const calls = async () => ({
  services: await code(inline.services()),
  inline: await code(inline.zero(id)),
  queued: await code(queued.zero(id)),
  sample: await code(sampler.read()),
  // Files need no capability, and the way into another namespace does.
  files: await code(own.settings()),
  filesElsewhere: await code(inline.settings()),
});
const before = await calls();
// All threads get another user, those of the clients too.
process.setgid(65_534);
process.setuid(65_534);
const after = await calls();
const fresh = await code(new Ipvs().services());
console.log(JSON.stringify({ before, after, fresh }));
