import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readDirectorFile } from '../../../lib/cli/director/file.ts';

// Files of directors with mistakes that are put into good ones: each mistake is told, with its place.

type Step = string | number;
type Path = readonly Step[];

const checks = [
  { http: { path: '/health', host: 'www.example.com', statuses: [200], body: '/^ok/' } },
  { tcp: { send: 'PING', expect: '/PONG/' } },
  { dns: { name: 'www.example.com' } },
  { exec: { command: '/bin/true', args: ['{address}'] } },
];

const good = {
  owner: 'web',
  maxRemovals: 5,
  initial: 'up',
  drift: 'report',
  driftInterval: 5000,
  concurrency: 100,
  drain: { deadline: 60_000, idleFor: 1000 },
  suspicion: { share: 0.5, least: 4, hold: 15_000 },
  defaults: { checks, policy: { interval: 2000, timeout: 1000, rise: 2 }, quorum: 2, maxUnhealthy: 0.5 },
  services: [
    {
      protocol: 'tcp',
      address: '10.0.0.1',
      port: 80,
      scheduler: 'wlc',
      persistence: { timeout: 300, granularity: 24 },
      quorum: 3,
      hysteresis: 1,
      slowStart: 5000,
      onFailure: 'remove',
      policy: { interval: 1000, fall: 3 },
      target: { address: '10.0.0.9', port: 8080 },
      checks,
      destinations: [
        { address: '10.0.0.2', port: 80, forwarding: 'masquerade', weight: 5, upperThreshold: 7 },
        { address: '10.0.0.3', port: 80, tier: 1, admin: 'drain', policy: { rise: 1 }, checks },
      ],
    },
    { fwmark: 7, family: 'ipv4', scheduler: 'rr', destinations: [] },
  ],
};

/** A file as data that a test may change. */
type Draft = { [step: Step]: Draft };

/** The good file, of which no two parts are one object. */
const copy = () => JSON.parse(JSON.stringify(good)) as Draft;

const service: Path = ['services', 0];
const destinations: Path = [...service, 'destinations'];

/** Fields that take no text of this sort, wherever policies and checks may stand. */
const policyFields = ['interval', 'fasterInterval', 'timeout', 'rise', 'fall', 'jitter', 'first'];
const optionFields: readonly Path[] = [
  ['http', 'statuses'],
  ['http', 'maxBytes'],
  ['tcp', 'maxBytes'],
  ['dns', 'type'],
  ['exec', 'args'],
  ['exec', 'uid'],
];
const withChecks: readonly Path[] = [['defaults'], service, [...destinations, 1]];

const fields: readonly Path[] = [
  ...['maxRemovals', 'initial', 'drift', 'driftInterval', 'concurrency', 'drain', 'suspicion'].map(name => [
    name,
  ]),
  ...['deadline', 'idle', 'idleFor', 'poll'].map(name => ['drain', name]),
  ...['share', 'least', 'hold'].map(name => ['suspicion', name]),
  ...['quorum', 'hysteresis', 'maxUnhealthy', 'slowStart', 'onFailure', 'policy', 'target'].flatMap(name => [
    ['defaults', name],
    [...service, name],
  ]),
  ...['protocol', 'address', 'port', 'persistence', 'onePacket', 'schedulerFlags'].map(name => [
    ...service,
    name,
  ]),
  [...service, 'persistence', 'timeout'],
  [...service, 'target', 'address'],
  [...service, 'target', 'port'],
  ...['address', 'port', 'forwarding', 'weight', 'upperThreshold', 'tier', 'admin'].flatMap(name =>
    [0, 1].map(i => [...destinations, i, name]),
  ),
  ['services', 1, 'fwmark'],
  ['services', 1, 'family'],
  ...[['defaults'], service, [...destinations, 1]].flatMap(path =>
    policyFields.map(name => [...path, 'policy', name]),
  ),
  ...withChecks.map(path => [...path, 'checks']),
  ...withChecks.flatMap(path => checks.map((_, i) => [...path, 'checks', i])),
  ...withChecks.flatMap(path =>
    optionFields.map(([check, name]) => {
      const i = checks.findIndex(one => check! in one);
      return [...path, 'checks', i, check!, name!];
    }),
  ),
];

/** Objects that know which options they have. */
const objects: readonly Path[] = [
  [],
  ['drain'],
  ['suspicion'],
  ['defaults'],
  ['defaults', 'policy'],
  service,
  [...service, 'policy'],
  [...service, 'target'],
  [...service, 'persistence'],
  ['services', 1],
  ...[0, 1].map(i => [...destinations, i]),
  ...withChecks.flatMap(path =>
    checks.map((check, i) => [...path, 'checks', i, Object.keys(check)[0]!] satisfies Path),
  ),
];

/** A mistake, by where it is made and how. */
interface Mistake {
  readonly path: Path;
  readonly isUnknown: boolean;
}

const mistakes: readonly Mistake[] = [
  ...fields.map(path => ({ path, isUnknown: false })),
  ...objects.map(path => ({ path, isUnknown: true })),
];

/** A path as messages have it. */
function textOf(path: Path): string {
  return path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

/** Makes a mistake that no other one is taken for; undefined: another mistake has taken its place away. */
function make(file: Draft, { path, isUnknown }: Mistake, mark: string): Draft | undefined {
  const way = isUnknown ? path : path.slice(0, -1);
  let at: Draft | undefined = file;
  for (const step of way) at = typeof at === 'object' ? at[step] : undefined;
  if (typeof at !== 'object') return undefined;
  at[isUnknown ? mark : path.at(-1)!] = mark as unknown as Draft;
  return file;
}

/** Whether two mistakes are both told: neither has the other within, and no one look at an object finds both. */
function areApart(one: Mistake, other: Mistake): boolean {
  const [path, another] = [one, other].map(mistake => mistake.path.join('/')) as [string, string];
  const isWithin = path === another || path.startsWith(`${another}/`);
  return !(isWithin && !other.isUnknown) && lookOf(one) !== lookOf(other);
}

/** The object that is looked at as a whole, until something is wrong with it. Of a check's options each is looked at. */
function lookOf({ path, isUnknown }: Mistake): string {
  if (optionFields.some(([, name]) => path.at(-1) === name) && !isUnknown) return path.join('/');
  const way = isUnknown ? path : path.slice(0, -1);
  return (way.at(-1) === 'persistence' ? way.slice(0, -1) : way).join('/');
}

async function messageOf(name: string, text: string): Promise<string> {
  const shell = { print: () => {}, complain: () => {}, read: async () => text };
  return readDirectorFile(name, shell).then(
    () => expect.fail(`nothing was wrong with\n${text}`),
    (error: Error) => error.message,
  );
}

/** Expects that a message tells of a mistake, in YAML with the line that has it. */
function expectPlace(
  message: string,
  { path, isUnknown }: Mistake,
  mark: string,
  yaml: string | undefined,
): void {
  const lines = message.split('\n');
  const where = textOf(path);
  const told = lines.filter(line => line.includes(where) && (!isUnknown || line.includes(mark)));
  expect(told.length, `${where} (${mark}) in:\n${message}`).toBeGreaterThan(0);
  if (yaml === undefined) return;
  const [first, ...others] = yaml.split('\n').flatMap((line, i) => (line.includes(mark) ? [i + 1] : []));
  expect(others).toEqual([]);
  const numbers = told.map(line => Number(/^line (\d+): /.exec(line)?.[1]));
  expect(numbers, `${where} (${mark}) in:\n${message}\nof:\n${yaml}`).toContain(first);
}

describe('mistakes in a director’s file', () => {
  test.each(mistakes.map(mistake => [textOf(mistake.path), mistake] as const))(
    'a mistake at %j of a director’s file is told with its place and line: %j',
    async (_, mistake) => {
      const file = make(copy(), mistake, 'wrong7')!;
      const yaml = stringify(file, { aliasDuplicateObjects: false });
      expectPlace(await messageOf('director.yaml', yaml), mistake, 'wrong7', yaml);
      expectPlace(await messageOf('director.json', JSON.stringify(file)), mistake, 'wrong7', undefined);
    },
  );

  test('each of several mistakes in a director’s file is told, in one go', async () => {
    const several = fc.uniqueArray(fc.nat(mistakes.length - 1), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(several, async chosen => {
        const made = chosen.map(i => mistakes[i]!);
        fc.pre(made.every((one, i) => made.every((other, j) => i === j || areApart(one, other))));
        const file = copy();
        for (const [i, mistake] of made.entries()) make(file, mistake, `wrong${i}`);
        const yaml = stringify(file, { aliasDuplicateObjects: false });
        const message = await messageOf('director.yaml', yaml);
        for (const [i, mistake] of made.entries()) expectPlace(message, mistake, `wrong${i}`, yaml);
      }),
      { numRuns: 100 },
    );
  });

  const required = ' must be a string, not undefined';
  test.each([
    [
      { http: { path: 5, status: 200, statuses: [99], headers: { 'A b': '1', C: 2, D: 'x' }, body: '/(/' } },
      [
        'path must',
        "http has no option 'status'",
        'statuses must',
        'headers.A b must',
        'headers.C must',
        'body is',
      ],
    ],
    [
      { https: { port: 'x', tls: { servername: 5, minDays: -1, key: 'x', alpn: [], san: 1 } } },
      [
        "tls has no option 'san'",
        'port must',
        ...['servername', 'key', 'cert', 'alpn', 'minDays'].map(name => `tls.${name} must`),
      ],
    ],
    [{ tls: { cert: 'x', port: 0 } }, ['port must', 'cert must', 'key must be given']],
    [{ tcp: { send: 7, expect: '', maxBytes: 0 } }, ['send must', 'expect must', 'maxBytes must']],
    [{ udp: { payload: 7, quiet: 0 } }, ['payload must', 'quiet must']],
    [{ dns: { type: 'CMANE', answer: 'www', port: 0 } }, [`name${required}`, 'type must', 'port must']],
    [
      { exec: { comand: '/bin/true', args: 'x', env: { A: 1, B: 2 }, uid: -1 } },
      [
        "exec has no option 'comand'",
        `command${required}`,
        'args must',
        'env.A must',
        'env.B must',
        'uid must',
      ],
    ],
    [{ file: { dir: '/x', directory: 'x' } }, ["file has no option 'dir'", 'directory must']],
    [{ agent: { patience: 0, send: 1 } }, ['port must', 'send must', 'patience must']],
    [{ tcp: 5 }, ['tcp must be an object']],
  ])('each of several wrong options of one check is told, and nothing else: %j', async (check, told) => {
    const message = await messageOf('x.json', JSON.stringify([{ ...good.services[1], checks: [check] }]));
    const [kind] = Object.keys(check);
    const lines = message.split('\n').slice(0, -1);
    const places = told.map(text => `[0].checks[0].${text.startsWith(`${kind} `) ? '' : `${kind}.`}${text}`);
    const found = lines.map(line => places.find(place => line.startsWith(place)) ?? line);
    expect(found.toSorted()).toEqual(places.toSorted());
  });
});
