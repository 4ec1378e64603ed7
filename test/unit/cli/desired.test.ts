import { describe, expect, test } from 'vitest';
import { isPlan, readDesiredFile } from '../../../lib/cli/commands/desired-file.ts';
import { inOptions } from '../../../lib/cli/commands/desired-options.ts';
import { targetOf } from '../../../lib/cli/commands/drain.ts';
import { progressText } from '../../../lib/cli/commands/draining.ts';
import type { DesiredError, DrainProgress } from '../../../lib/index.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { scopeOf } from '../../../lib/reconcile/scope.ts';
import type { Owns } from '../../../lib/reconcile/types.ts';
import { runCommand } from '../../support/run-command.ts';

const shellOf = (text: string) => ({ print: () => {}, complain: () => {}, read: async () => text });

/** Every mistake in a file, at its place. */
async function mistakesIn(path: string, text: string, owns?: Owns): Promise<readonly string[]> {
  const file = await readDesiredFile(path, shellOf(text));
  if (isPlan(file.content)) expect.fail('it is a plan');
  const error = await readDesired(file.content, scopeOf(owns)).then(
    () => expect.fail('nothing was wrong'),
    (failed: DesiredError) => failed,
  );
  return error.problems.map(problem => file.place(problem));
}

const rules = '# a comment\n-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2 -m\n';
const json = '[{ "protocol": "tcp", "address": "10.0.0.1", "port": 80, "destinations": [] }]';
const yaml = '- protocol: tcp\n  address: 10.0.0.1\n  port: 80\n  destinations: []\n';

describe('the language of a file', () => {
  test.each([
    ['rules', rules],
    ['-', rules],
    ['-', `\n\n${rules}`],
    ['-', 'ipvsadm -A -t 10.0.0.1:80 -s rr'],
    ['services.json', json],
    ['-', `\n${json}`],
    ['services.yaml', yaml],
    ['services.yml', yaml],
    ['-', `# a comment\n\n---\n${yaml}`],
    ['-', yaml],
  ])('the language of the file %s is known by its name or its beginning: %j', async (path, text) => {
    const { content } = await readDesiredFile(path, shellOf(text));
    expect(content).toMatchObject([{ protocol: 'tcp', address: '10.0.0.1', port: 80 }]);
  });

  test('an empty file is an empty table of rules, and an error where its name says JSON or YAML', async () => {
    expect((await readDesiredFile('-', shellOf('# nothing\n'))).content).toEqual([]);
    await expect(readDesiredFile('empty.json', shellOf(''))).rejects.toThrow(/^'empty\.json': /);
    await expect(readDesiredFile('empty.yaml', shellOf(''))).rejects.toThrow(/neither a list of services/);
  });
});

describe('mistakes in a file', () => {
  test('a file that is taken for YAML by its beginning, and is none, is told so', async () => {
    const wrong = readDesiredFile('web', shellOf('A -t 10.0.0.1:80\n'));
    const how = "'web' (taken for YAML: it begins with neither a rule nor JSON)";
    await expect(wrong).rejects.toThrow(`${how}: it is neither a list of services`);
    await expect(readDesiredFile('web.yaml', shellOf('A\n'))).rejects.toThrow("'web.yaml': it is neither");
  });

  test('a mistake in a file of rules is reported with its line', async () => {
    await expect(readDesiredFile('rules', shellOf(`${rules}-A -t [::\nbogus\n`))).rejects.toThrow(
      /^line 4: -t: .*\nline 5: /s,
    );
    expect(await mistakesIn('rules', rules, { addresses: ['10.9.0.0/16'] })).toEqual([
      'line 2: service tcp 10.0.0.1:80 is outside the scope that options.owns gives',
    ]);
    const { place } = await readDesiredFile('rules', shellOf(rules));
    const path = 'desired[0].destinations[0].weight';
    expect(place({ path, message: `${path} must be less` })).toBe('line 3: weight must be less');
  });

  test('a mistake in a file of JSON is reported with its path', async () => {
    const text = `[{ "fwmark": 1, "family": "ipv4", "destinations": [] },
      { "protocol": "tcp", "address": "10.0.0.1", "port": 80, "destinations": [{ "address": "10.0.0.2", "port": 80, "weight": -1 }] },
      { "fwmark": 1, "family": "ipv4", "destinations": [] }]`;
    expect(await mistakesIn('x.json', text)).toEqual([
      expect.stringMatching(/^\[1\]\.destinations\[0\]\.weight must be between 0 and /),
      '[2]: service fwmark 1 ipv4 stands at [0] already',
    ]);
    await expect(readDesiredFile('x.json', shellOf('[{]'))).rejects.toThrow(/^'x\.json': /);
  });

  test('a mistake in a file of YAML is reported with its line and its path', async () => {
    const text = `${yaml.replace('[]', '')}    - address: 10.0.0.2
      port: 80
      weight: -1
    - port: 80
- fwmark: 1
  family: ipv4
`;
    expect(await mistakesIn('x.yaml', text)).toEqual([
      expect.stringMatching(/^line 7: \[0\]\.destinations\[0\]\.weight must be between 0 and /),
      expect.stringMatching(/^line 8: \[0\]\.destinations\[1\]\.address must be /),
      expect.stringMatching(/^line 9: \[1\]\.destinations must be an array/),
    ]);
    await expect(readDesiredFile('x.yaml', shellOf('- [a'))).rejects.toThrow(/at line 1/);
  });
});

test('a file of YAML may have its defaults in one place', async () => {
  const text = `
- &defaults { protocol: tcp, address: 10.0.0.1, port: 80, scheduler: rr, destinations: [] }
- { <<: *defaults, port: 81 }
`;
  const { content } = await readDesiredFile('x.yaml', shellOf(text));
  expect(content).toMatchObject([
    { port: 80, scheduler: 'rr' },
    { port: 81, scheduler: 'rr' },
  ]);
});

test('all mistakes of a file that is no YAML are told, and none of the file itself is printed', async () => {
  const text = '- port: 1\n  port: 2\n- port: 3\n  port: "\x1b[2Jx"\n';
  await expect(readDesiredFile('x.yaml', shellOf(text))).rejects.toThrow(
    /^'x\.yaml': Map keys must be unique at line 2, column 3\nMap keys must be unique at line 4, column 3$/,
  );
});

describe('misused commands', () => {
  const run = (words: readonly string[], input = rules) => runCommand(words, '/nonexistent/namespace', input);

  test.each([
    [['plan'], 1, 'FILE is missing'],
    [['plan', '--owns', '1-2,3-4', '-'], 1, '--owns takes one range'],
    [
      ['apply', '--owns', '9-1', '-'],
      2,
      "--owns takes firewall marks from 1 to 4294967295, the lower one first, not '9-1'",
    ],
    [
      ['apply', '--owns', '0', '-'],
      2,
      "--owns takes firewall marks from 1 to 4294967295, the lower one first, not '0'",
    ],
    [
      ['apply', '--owns', '1-4294967296', '-'],
      2,
      "--owns takes firewall marks from 1 to 4294967295, the lower one first, not '1-4294967296'",
    ],
    [['plan', '--max-removals', 'x', '-'], 1, '--max-removals takes a whole number'],
    [['plan', '--drain', '-'], 1, "unknown option '--drain'"],
    [['apply', '--cut', '--drain', '-'], 2, '--cut says what to do at a --deadline'],
    [['apply', '--deadline', '300', '--cut', '-'], 2, '--deadline goes with --drain'],
    [['drain', '--idle-for', '86401', '10.0.0.2'], 2, '--idle-for takes 0 to 86400 seconds, not 86401'],
    [['apply', '--idle-for', '0', '-'], 2, '--idle-for goes with --drain'],
    [['apply', '--set-settings', '-'], 2, '--set-settings goes with --drain'],
    [['drain', '--deadline', '2147484', '10.0.0.2'], 2, '--deadline takes 0 to 2147483 seconds, not 2147484'],
    [['plan', '--json', '--commands', '-'], 1, '--json does not go with --commands'],
    [['apply', '--json', '--commands', '-'], 2, '--json does not go with --commands'],
    [['drain', '--undo', '--keep', '10.0.0.2'], 2, '--keep says how to drain'],
    [['drain', '--undo', '--deadline=3', '10.0.0.2'], 2, '--deadline says how to drain'],
    [['drain'], 2, 'ADDRESS | SERVICE DESTINATION is missing'],
    [['drain', 'nonsense'], 2, "'nonsense' is no address"],
    [['drain', 'tcp', '10.0.0.1:80', '10.0.0.2'], 2, "'10.0.0.2' is no address and port"],
    [['drain', 'fwmark', '7', 'ipv5', '10.0.0.2:80'], 2, "'fwmark 7 ipv5' is no service"],
  ])('the misused command %j ends with %i and says: %s', async (words, status, message) => {
    const outcome = await run(words as string[]);
    expect(outcome).toMatchObject({ status, stdout: '' });
    expect(outcome.stderr).toContain(message as string);
    expect(outcome.stderr).toContain(`\`ipvs help ${words[0]}\` explains it`);
  });

  test('ipvs plan refuses a plan that was kept, and ipvs apply its options again', async () => {
    const plan = JSON.stringify({ formatVersion: 1, steps: [], warnings: [], refusals: [] });
    expect(await run(['plan', '-'], plan)).toMatchObject({ status: 1 });
    expect((await run(['apply', '--owner', 'web', '-'], plan)).stderr).toContain(
      'the file is a plan: --owner',
    );
  });

  test('ipvs plan without a kernel ends as an error does, not as a difference', async () => {
    expect(await run(['plan', '-'])).toMatchObject({ status: 1, stdout: '' });
  });
});

test.each([
  ['options.owner must be 1 to 64 letters', '--owner must be 1 to 64 letters'],
  ['options.owns.marks[0] must be less', '--owns must be less'],
  ['at most 2 may go (maxRemovals)', 'at most 2 may go (--max-removals)'],
  ['maxRemovals or force allow it', '--max-removals or --force allow it'],
  ['flag (setFallback sets it)', 'flag (--set-fallback sets it)'],
  ['at weight 0: admin() takes it out at once', 'at weight 0: `ipvs maintenance` takes it out at once'],
  ['setting expireNodestConn is off; by force', 'setting expireNodestConn is off; by force'],
])('the message %j is said in the words of the command line', (message, words) => {
  expect(inOptions(message)).toBe(words);
});

describe('ipvs drain', () => {
  const destination = { address: '10.0.0.2', port: 80 };

  test.each([
    [['10.0.0.2'], { address: '10.0.0.2' }],
    [['[fd00::0002]'], { address: 'fd00::2' }],
    [
      ['tcp', '10.0.0.1:80', '10.0.0.2:80'],
      { service: { protocol: 'tcp', address: '10.0.0.1', port: 80 }, destination },
    ],
    [
      ['udp [fd00::1]:53', '10.0.0.2:80'],
      { service: { protocol: 'udp', address: 'fd00::1', port: 53 }, destination },
    ],
    [['fwmark', '7', '10.0.0.2:80'], { service: { fwmark: 7, family: 'ipv4' }, destination }],
    [['fwmark', '7', 'ipv6', '10.0.0.2:80'], { service: { fwmark: 7, family: 'ipv6' }, destination }],
  ])('ipvs drain reads %j as lists write it', (words, target) => {
    expect(targetOf(words)).toEqual(target);
  });

  test('the line of progress of ipvs drain says what is left, and for how long', () => {
    const one = {
      service: { fwmark: 7, family: 'ipv4' },
      destination,
      waitingFor: 34,
      estimate: 12_300,
      left: 50_000,
    } as DrainProgress;
    expect(progressText([one])).toBe(
      'fwmark 7 ipv4 10.0.0.2:80: 34 connections left, about 12.3 s to go, deadline in 50.0 s',
    );
    expect(progressText([one, { ...one, waitingFor: 1, estimate: undefined, left: undefined }])).toBe(
      '2 destinations: 35 connections left, deadline in 50.0 s',
    );
  });
});
