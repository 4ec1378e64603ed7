import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDirectorFile } from '../../../lib/cli/director/file.ts';
import { formatStatus } from '../../../lib/cli/director/status.ts';
import { runCommandLine } from '../../../lib/cli/run.ts';
import type { DirectorState } from '../../../lib/director/index.ts';
import { blocksOf } from '../../support/markdown.ts';

const shellOf = (text: string) => ({ print: () => {}, complain: () => {}, read: async () => text });

const readFile = (path: string, text: string) => readDirectorFile(path, shellOf(text));

/** Every mistake in a file, a line each. */
async function mistakesIn(path: string, text: string): Promise<readonly string[]> {
  const error = await readFile(path, text).then(
    () => expect.fail('nothing was wrong'),
    (failed: Error) => failed,
  );
  return error.message.split('\n');
}

const good = {
  owner: 'web',
  defaults: { checks: ['tcp'], policy: { interval: 1000 }, slowStart: 5000 },
  services: [
    {
      protocol: 'tcp',
      address: '10.0.0.1',
      port: 80,
      scheduler: 'rr',
      policy: { rise: 1 },
      destinations: [
        { address: '10.0.0.2', port: 80, weight: 5 },
        { address: '10.0.0.3', port: 80, tier: 1, checks: [{ http: { path: '/health', body: '/^ok/' } }] },
      ],
    },
    { protocol: 'udp', address: '10.0.0.1', port: 53, checks: [], destinations: [] },
  ],
};

describe('a director’s file', () => {
  test('the file of a director has services with checks, defaults for them, and options', async () => {
    const { desired, options } = await readFile('director.json', JSON.stringify(good));
    expect(options).toEqual({ owner: 'web' });
    expect(desired[0]).toMatchObject({ policy: { interval: 1000, rise: 1 }, checks: [{ name: 'tcp' }] });
    expect(desired[0]).not.toHaveProperty('slowStart');
    expect(desired[0]?.destinations[1]?.checks?.map(({ name }) => name)).toEqual(['http GET /health']);
    expect(desired[1]).toMatchObject({ checks: [], slowStart: 5000 });
  });

  test('a file may take more than maxRemovals, or everything, by `force`', async () => {
    expect((await readFile('a.json', '{ "services": [], "force": true }')).force).toBe(true);
    expect((await readFile('a.json', JSON.stringify(good))).force).toBeUndefined();
    expect(await mistakesIn('a.yaml', 'services: []\nforce: 1\n')).toEqual([
      expect.stringMatching(/^line 2: .*force must be true or false/),
      '1 mistake',
    ]);
  });

  test('the file that docs/director.md shows is one', async () => {
    const [yaml] = blocksOf('docs/director.md').filter(({ language }) => language === 'yaml');
    const { desired } = await readFile('director.yaml', yaml!.code);
    expect(desired.map(({ checks }) => checks?.map(({ name }) => name))).toEqual([
      ['http GET /health'],
      [expect.stringContaining('dns')],
    ]);
  });

  test('a list of services does for a director’s file, and so do rules', async () => {
    expect(
      (await readFile('-', '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2 -m\n')).desired,
    ).toHaveLength(1);
    expect((await readFile('a.json', JSON.stringify(good.services))).desired).toHaveLength(2);
  });

  test('each mistake in a director’s file of YAML is told with its line', async () => {
    const yaml = [
      'defaults: { checks: [tpc] }',
      'services:',
      '  - protocol: tcp',
      '    address: 10.0.0.1',
      '    port: 80',
      '    quorum: 0',
      '    checks:',
      '      - http:',
      '          path: 7',
      '    destinations:',
      '      - address: 10.0.0.2',
      '        port: 80',
      '        wieght: 1',
    ].join('\n');
    const told = await mistakesIn('director.yaml', yaml);
    expect(told).toHaveLength(5);
    expect(told.join('\n')).toMatch(/^line 1: defaults\.checks\[0\] must be one of tcp, tls, http/m);
    expect(told.join('\n')).toMatch(/^line 6: services\[0\]\.quorum must be between 1/m);
    expect(told.join('\n')).toMatch(/^line 9: services\[0\]\.checks\[0\]\.http\.path must be/m);
    expect(told.join('\n')).toMatch(/^line 13: services\[0\]\.destinations\[0\] has no option 'wieght'/m);
    expect(told.map(line => /^line (\d+)/.exec(line)?.[1])).toEqual(['1', '6', '9', '13', undefined]);
    expect(told.at(-1)).toBe('4 mistakes');
  });

  test('a director’s file that is none of the sort is an error that says what it should be', async () => {
    await expect(readFile('a.json', '7')).rejects.toThrow(/neither a list of services/);
    await expect(readFile('a.json', '{ "services": [], "ownr": "a" }')).rejects.toThrow(/^ownr is no option/);
    expect(await mistakesIn('a.json', '{ "services": [7], "defaults": 7 }')).toHaveLength(3);
  });

  test('whatever is put into one field of a director’s file, it is taken or refused with a place', async () => {
    const paths = [
      ['services', 0, 'port'],
      ['services', 0, 'scheduler'],
      ['services', 0, 'policy'],
      ['services', 0, 'policy', 'rise'],
      ['services', 0, 'quorum'],
      ['services', 0, 'checks'],
      ['services', 0, 'target'],
      ['services', 0, 'maxUnhealthy'],
      ['services', 0, 'destinations', 0, 'weight'],
      ['services', 0, 'destinations', 0, 'tier'],
      ['services', 0, 'destinations', 0, 'admin'],
      ['services', 0, 'destinations', 1, 'checks', 0, 'http', 'path'],
      ['services', 0, 'destinations'],
      ['services', 0],
      ['defaults', 'policy', 'interval'],
      ['defaults', 'checks', 0],
    ] as const;
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('', -1, 1e99, [], [[]], {}));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), odd, async (path, value) => {
        const file = structuredClone(good) as Record<string | number, unknown>;
        let at = file;
        for (const step of path.slice(0, -1)) at = at[step] as typeof at;
        at[path.at(-1)!] = value;
        const error = await readFile('director.json', JSON.stringify(file)).then(
          () => undefined,
          (failed: Error) => failed,
        );
        if (error !== undefined)
          expect(error.message).toMatch(/^(?:services|defaults)\b.*\n(?:.*\n)*\d+ mistakes?$/);
      }),
      { numRuns: 300 },
    );
  });
});

test('the status of a director tells weights with their reasons, and what stands in the way', () => {
  const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
  const row = { configured: 10, tier: 0, admin: 'ready', isPresent: true } as const;
  const health = { state: 'down', since: 0, consecutive: 3, reason: 'refused' } as const;
  const state = {
    phase: 'running',
    revision: 'two',
    isConverged: false,
    isSuspicious: true,
    problems: [{ code: 'desired', message: 'too much', since: 0 }],
    services: [
      {
        service,
        isUp: true,
        tier: 1,
        isPanicking: true,
        destinations: [
          {
            ...row,
            destination: { address: '10.0.0.2', port: 80 },
            weight: 1,
            reason: 'up',
            health: 'up',
            checks: [],
          },
          {
            ...row,
            destination: { address: '10.0.0.3', port: 80 },
            weight: 0,
            reason: 'down',
            health: 'down',
            checks: [{ name: 'tcp', health, isHeld: false }],
          },
        ],
      },
    ],
  } as unknown as DirectorState;
  expect(formatStatus(state, false)).toBe(
    [
      'service, destination   weight  why',
      'tcp 10.0.0.1:80                up, spares of tier 1, too many fail: some stay in',
      '  10.0.0.2:80         1 of 10  up',
      '  10.0.0.3:80         0 of 10  down                                               tcp: refused',
      'two stays in force',
      'the table is not yet as it is to be',
      'many checks failed at once: for a while that is not believed',
      'problem (desired): too much',
      '',
    ].join('\n'),
  );
  const taken = { ...state, problems: [{ code: 'drain', message: 'no', since: 0 }] } as const;
  expect(formatStatus(taken, false)).toContain('\nrevision two\n');
});

test('ipvs director --check says how much there is, and that nothing is wrong', async () => {
  let printed = '';
  const shell = {
    print: (text: string | Uint8Array) => {
      printed += String(text);
    },
    complain: (text: string) => expect.fail(text),
    read: async () => '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m\n',
  };
  expect(await runCommandLine(['director', '--check', 'rules'], shell)).toBe(0);
  expect(printed).toBe('1 service with 1 destination: nothing is wrong\n');
});
