// Calls and watches without pause until its standard input ends, also while somebody stops the process. Prints "ready",
// "resumed" some steps after a line of input, and at the end what came of it.
import { Ipvs } from 'ipvs';

const netns = process.argv[2];
const ipvs = new Ipvs({ netns });
const watched = new Ipvs({ netns });
const counts = { answers: 0, steps: 0 };
const errors = [];
const added = [];
/** Milliseconds from one step of the watch to the next. */
const pauses = [];
const ended = new AbortController();
/** At which step the process has resumed. */
let resumed;
process.stdin.on('data', () => (resumed = counts.steps + 5)).on('end', () => ended.abort());

const call = async () => {
  while (!ended.signal.aborted) {
    // What had no answer at its deadline is told as that, and nothing else.
    const calls = [ipvs.services(), ipvs.info(), ipvs.zero()].map(promise =>
      promise.then(
        () => counts.answers++,
        error => errors.push(`${error.code} ${error.sent}`),
      ),
    );
    await Promise.all(calls);
  }
};
const watch = async () => {
  let last = performance.now();
  for await (const step of watched.watch({ interval: 50, signal: ended.signal, timeout: 60_000 })) {
    const now = performance.now();
    pauses.push(now - last);
    last = now;
    if (counts.steps++ > 0) added.push(...step.added.services.map(({ port }) => port));
    if (counts.steps === 3) process.stdout.write('ready\n');
    if (counts.steps === resumed) process.stdout.write('resumed\n');
  }
};
await Promise.all([call(), watch()]);
const longest = Math.max(...pauses);
const after = pauses.slice(pauses.indexOf(longest) + 1);
console.log(
  JSON.stringify({
    ...counts,
    errors,
    added,
    longest,
    after: after.length,
    atOnce: after.filter(pause => pause < 5).length,
  }),
);
