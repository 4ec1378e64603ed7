import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRules } from '../../lib/index.ts';
import { runCommand as ipvs, type Outcome } from '../support/run-command.ts';
import { tables as generated } from './arbitraries.ts';
import { compareCases, setUp, stateOf, useCliBeds } from './cli-beds.ts';
import { cases, split, underTraffic } from './cli-cases.ts';

const beds = useCliBeds();
const { theirs, ours, ipvsadm } = beds;

test(
  'ipvs lists as ipvsadm does, in every case of cli-cases.ts',
  () => compareCases(beds, cases.lists),
  600_000,
);

test('ipvs -R makes the same table as ipvsadm of a large file with lines that the kernel refuses', async () => {
  await Promise.all([setUp(theirs.ipvs, 'empty'), setUp(ours.ipvs, 'empty')]);
  const rules: string[] = [];
  for (let i = 1; i <= 30; i++) {
    const service = `-t 10.0.${i}.1:${1000 + i}`;
    rules.push(`-A ${service} -s wrr${i % 3 === 0 ? ' -p 300' : ''}`);
    for (let k = 1; k <= 10; k++) rules.push(`-a ${service} -r 10.1.0.${k}:${80 + i} -m -w ${k % 2}`);
    rules.push(`-a ${service} -r 10.1.0.7:${80 + i} -m -w 1`); // there already
    rules.push(`-a ${service} -r 10.2.0.${i} -g -w 3`);
    if (i % 10 === 0)
      rules.push(`-e ${service} -r 10.1.0.1:${80 + i} -m -w 9`, `-d ${service} -r 10.2.0.${i}`);
    if (i % 4 === 0) rules.push(`-D ${service}`, `-D ${service}`);
  }
  const input = `${rules.join('\n')}\n`;
  const them = await ipvsadm(['-R'], input);
  const us = await ipvs(['-R'], ours.netns, input);
  // ipvsadm ends with the status of the last line.
  expect([us.status, them.status]).toEqual([255, 0]);
  expect(await stateOf(ours.ipvs)).toEqual(await stateOf(theirs.ipvs));
  const complaints = us.stderr.trimEnd().split('\n');
  const refused = rules.flatMap((line, i) => {
    const again = rules.slice(0, i).includes(line) && line.startsWith('-D');
    const there =
      line.includes(' -r 10.1.0.7:') &&
      rules.slice(0, i).some(other => other.startsWith(line.split(' -m')[0]!));
    return again || there ? [i + 1] : [];
  });
  expect(complaints.map(text => Number(/^line (\d+): /.exec(text)?.[1]))).toEqual(refused);
  expect(complaints[0]).toBe(
    'line 12: destination 10.1.0.7:81 of service tcp 10.0.1.1:1001 exists already; -e changes it',
  );
}, 60_000);

test('ipvs lists a table of more rows than the library reads at once as ipvsadm does', async () => {
  await setUp(theirs.ipvs, 'empty');
  const rules = Array.from({ length: 1500 }, (_, i) => `-a -f 1 -r 10.0.${i >> 8}.${i & 255}:80 -m\n`);
  for (let i = 1; i <= 1200; i++) rules.push(`-A -t 10.1.0.1:${i}\n`);
  await ipvs(['-R'], theirs.netns, `-A -f 1\n${rules.join('')}`);
  for (const words of [['-Ln'], ['-Ln', '--stats', '--nosort'], ['-Ln', '-f', '1']]) {
    // 7.x orders its table anew as it grows, some time after the write that it grows for; ipvsadm's list of that
    // moment is torn.
    for (let attempt = 1; ; attempt++) {
      const [us, them] = [await ipvs(words, theirs.netns), await ipvsadm(words)];
      expect(us.stdout.split('\n').length).toBeGreaterThan(1500);
      if (us.stdout !== them.stdout && attempt < 5) continue;
      expect(us.stdout).toBe(them.stdout);
      break;
    }
  }
});

test('ipvs lists statistics, rates and connections under traffic as ipvsadm does', async () => {
  await Promise.all([setUp(theirs.ipvs, 'some'), setUp(ours.ipvs, 'empty')]);
  const rules = `
-A -t 10.200.0.1:80 -s rr
-a -t 10.200.0.1:80 -r 127.0.0.1:81 -m -x 1000
-A -u 10.200.0.1:53 -s rr -p 100
-a -u 10.200.0.1:53 -r 127.0.0.1:53 -m
-A -u 10.200.0.1:5060 -s rr -p 100 --pe sip
-a -u 10.200.0.1:5060 -r 127.0.0.1:5060 -m
`;
  expect(await ipvs(['-R'], theirs.netns, rules)).toMatchObject({ status: 0, stderr: '' });
  const call = String.raw`INVITE sip:a@b SIP/2.0\r\nCall-ID: call-one@example\r\nContent-Length: 0\r\n\r\n`;
  theirs.run(
    'bash',
    '-c',
    `for i in {1..25}; do
       echo "query $i" >/dev/udp/10.200.0.1/53 || true
       (: </dev/tcp/10.200.0.1/80) 2>/dev/null || true
     done
     # By cat, which writes all lines as one datagram.
     printf '${call}' | cat >/dev/udp/10.200.0.1/5060`,
  );
  // The kernel's estimator refreshes the counters every two seconds.
  await new Promise(resolve => setTimeout(resolve, 4500));
  for (const words of underTraffic) {
    const why = words === '-Sn' ? / -x 1000| -x 100 -y 50/g : /$^/g;
    // The kernel's estimator may refresh the rates between the two lists.
    for (let attempt = 1; ; attempt++) {
      const them = await ipvsadm(split(words));
      const us = await ipvs(split(words), theirs.netns);
      const [theirsLeft, ourText] = [secondsLeft(them.stdout), us.stdout.replace(why, '')];
      const listed = withoutTimes(ourText);
      if (listed !== withoutTimes(them.stdout) && attempt < 5) continue;
      expect(`${words}\n${listed}`).toBe(`${words}\n${withoutTimes(them.stdout)}`);
      for (const [i, seconds] of secondsLeft(ourText).entries()) {
        expect(Math.abs(seconds - theirsLeft[i]!), `${words}: time left in row ${i}`).toBeLessThan(10);
      }
      expect(us.status).toBe(them.status);
      if (words === '-Lnc --persistent-conn') expect(listed).toContain('call-one@example');
      // Two datagrams from one port, which may happen, are one connection.
      if (words === '-Ln --stats') expect(listed).toMatch(/UDP {2}10\.200\.0\.1:53 +\d+ +25 /);
      break;
    }
  }
  console.log(`${underTraffic.length} lists under traffic compared with ipvsadm's`);
});

/** The time left in a list of connections, which passes between two lists. */
const TIME_LEFT = /(?<=^\w+ +)(\d\d):(\d\d)(?= )/gm;

function withoutTimes(list: string): string {
  return list.replace(TIME_LEFT, '--:--');
}

function secondsLeft(list: string): readonly number[] {
  return [...list.matchAll(TIME_LEFT)].map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds));
}

const RUNS = Number(process.env['IPVS_PROPERTY_RUNS'] ?? (process.env['CI'] ? 12 : 6));

test.each(['ipvsadm', 'ipvs'])(
  'rules that are generated and loaded by %s are saved and listed the same by both programs',
  async loader => {
    let lines = 0;
    await fc.assert(
      fc.asyncProperty(generated, async table => {
        await theirs.ipvs.flush();
        const spec = table.map(({ service, destinations }) => ({ ...service, destinations }));
        const rules = formatRules(spec);
        lines += rules.split('\n').length - 1;
        const loaded =
          loader === 'ipvsadm' ? await ipvsadm(['-R'], rules) : await ipvs(['-R'], theirs.netns, rules);
        expect(loaded).toEqual({ status: 0, stdout: '', stderr: '' });
        const [them, us] = [await ipvsadm(['-Sn']), await ipvs(['-Sn'], theirs.netns)];
        expect(us.stdout).toBe(rules);
        expect(them.stdout).toBe(rules.replace(/ -[xy] \d+/g, ''));
        for (const show of [['-Ln'], ['-Ln', '--thresholds'], ['-Ln', '--tun-info']]) {
          expect((await ipvs(show, theirs.netns)).stdout).toBe((await ipvsadm(show)).stdout);
        }
      }),
      { numRuns: RUNS },
    );
    console.log(`${RUNS} generated rule sets of ${lines} lines loaded by ${loader}, read by both`);
  },
);

test('bad rules of any kind are an error, and nothing is done', async () => {
  await setUp(ours.ipvs, 'some');
  const before = JSON.stringify(await stateOf(ours.ipvs));
  const many = '-A -f 99\n'.repeat(99_999);
  const junk = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7919 + (i >> 3)) & 255));
  const inputs = {
    'the last of 100,000 lines': [`${many}-A -f zero\n`, /line 100000: -f: /],
    'binary junk': [junk.toString('utf8'), /line 1: /],
    'a line of 1 MiB': [`-A -f 99\n-A -t ${'1'.repeat(1 << 20)}:80\n`, /line 2: a line has 4096 /],
    zeros: ['\0'.repeat(1 << 16), /line 1: /],
  } as const;
  for (const [what, [input, message]] of Object.entries(inputs)) {
    for (const words of [['-R'], ['-R', '--check'], ['restore', '-'], ['restore', '--check', '-']]) {
      // Parsing is the same with and without --check; the largest is read once only.
      if (input.length > 800_000 && input.includes(many) && words.length > 1) continue;
      const { status, stderr } = await ipvs(words, ours.netns, input);
      expect(status, what).toBeGreaterThan(0);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/nothing was done\n$/);
    }
  }
  expect(await ipvs(['-R', '--check'], ours.netns, '-C\n')).toMatchObject({ status: 0 });
  expect(JSON.stringify(await stateOf(ours.ipvs))).toBe(before);
});

const main = fileURLToPath(new URL('../../dist/ipvs', import.meta.url));

/** Runs the built program as a process of its own. */
function program(words: readonly string[], netns: string, input = ''): Outcome {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', netns, main, ...words], {
    input,
    encoding: 'utf8',
  });
  return { status: status!, stdout, stderr };
}

test('the built program lists, changes and ends as ipvsadm does', async () => {
  await Promise.all([setUp(theirs.ipvs, 'some'), setUp(ours.ipvs, 'some')]);
  for (const words of ['-Ln', '', '-Ln --thresholds', '-L --timeout']) {
    const given = words === '' ? [] : split(words);
    expect(program(given, theirs.netns)).toEqual(await ipvsadm(given));
  }
  for (const words of ['-A -f 77', '-A -f 77 -Q', '-D -f 98', '-A -t 10.0.0.1:80']) {
    expect(program(split(words), ours.netns).status).toBe((await ipvsadm(split(words))).status);
  }
  const rules = '-A -f 78 -s rr\n-a -f 78 -r 10.1.0.1 -m\n';
  expect(program(['-R'], ours.netns, rules).status).toBe((await ipvsadm(['-R'], rules)).status);
  expect(await stateOf(ours.ipvs)).toEqual(await stateOf(theirs.ipvs));

  const list = program(['list'], ours.netns);
  expect(list.stdout).toMatch(/^tcp 10\.0\.0\.1:80 +wrr/m);
  const json: unknown = JSON.parse(program(['list', '--json'], ours.netns).stdout);
  expect(json).toEqual(JSON.parse(JSON.stringify(await ours.ipvs.snapshot())));
});

test('a reader that has seen enough of the output is no error', () => {
  const script = 'sleep 0.2; "$0" help; echo "status $?" >&2';
  const { stderr } = spawnSync('sh', ['-c', `{ ${script}; } | true`, main], { encoding: 'utf8' });
  expect(stderr).toBe('status 0\n');
});
