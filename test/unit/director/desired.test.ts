import { describe, expect, test } from 'vitest';
import { readDirected } from '../../../lib/director/desired.ts';
import type { DirectedService, ServicePolicy } from '../../../lib/director/types.ts';
import { execCheck, fileCheck, tcpCheck } from '../../../lib/health/index.ts';
import type { NamedCheck } from '../../../lib/health/types.ts';
import type { DesiredError } from '../../../lib/index.ts';

const check: NamedCheck = { name: 'any', key: 'any', check: async () => {} };
const other: NamedCheck = { name: 'other', key: 'other', check: async () => {} };
const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const server = { address: '10.0.0.2', port: 8080 } as const;

/** Every mistake of a desired state, in the order in which they are told. */
async function mistakes(desired: unknown, defaults: ServicePolicy = {}): Promise<readonly string[]> {
  const error = await readDirected(desired as DirectedService[], defaults).then(
    () => expect.fail('nothing was wrong'),
    (failed: DesiredError) => failed,
  );
  expect(error.code).toBe('ERR_IPVS_DESIRED');
  return error.problems.map(({ message }) => message);
}

describe('the desired state of a director', () => {
  test('what a destination does not say of its checks its service says, or else the director', async () => {
    const directed = await readDirected(
      [
        {
          ...web,
          policy: { rise: 5 },
          target: { port: 9000 },
          destinations: [server, { ...server, port: 81, checks: [other], policy: { fall: 7 }, tier: 1 }],
        },
        { ...web, port: 81, checks: [], destinations: [{ ...server, weight: 7 }] },
      ],
      { checks: [check], policy: { rise: 1, interval: 100 }, maxUnhealthy: 1, slowStart: 5000 },
    );
    const [first, second] = [...directed.values()];
    expect(first?.rows.map(row => [row.checks, row.policy, row.target, row.tier])).toEqual([
      [[check], { rise: 5, interval: 100 }, { address: '10.0.0.2', port: 9000 }, 0],
      [[other], { rise: 5, interval: 100, fall: 7 }, { address: '10.0.0.2', port: 9000 }, 1],
    ]);
    expect(first).toMatchObject({
      decision: { quorum: { weight: 1, hysteresis: 0 }, maxUnhealthy: 1 },
      slowStart: 5000,
      refusesClients: false,
    });
    expect(second?.rows).toMatchObject([{ checks: [], configured: 7 }]);
    expect(first?.spec).toEqual(web);
    expect(first?.rows[0]?.spec).toEqual(server);
  });

  test.each([
    [{ scheduler: 'sh' }, true],
    [{ scheduler: 'sh', schedulerFlags: ['sh-port'] }, true],
    [{ scheduler: 'sh', schedulerFlags: ['sh-fallback'] }, false],
    [{ scheduler: 'mh', schedulerFlags: ['flag-1'] }, false], // the same bit as 'mh-fallback'
    [{ scheduler: 'dh', schedulerFlags: ['flag-1'] }, true],
    [{ scheduler: 'rr', schedulerFlags: ['flag-1'] }, false],
  ] as const)(
    'a hashing scheduler refuses clients without its fallback flag: %j',
    async (config, refuses) => {
      const [entry] = (await readDirected([{ ...web, ...config, destinations: [server] }], {})).values();
      expect(entry?.refusesClients).toBe(refuses);
    },
  );

  test('checks through the path go to the service’s address, or to one that is given', async () => {
    const through = { through: true, source: '10.0.0.250' };
    const targets = async (service: DirectedService) => {
      const [entry] = (await readDirected([service], { checks: [check] })).values();
      return entry!.rows.map(({ target: { address, port, path } }) => [address, port, path !== undefined]);
    };
    const rows = [server, { ...server, port: 81, target: { through: false } }];
    expect(await targets({ ...web, target: through, destinations: rows })).toEqual([
      ['10.0.0.1', 80, true],
      ['10.0.0.2', 81, false],
    ]);
    const marked = { fwmark: 7, family: 'ipv4', destinations: [server] } as const;
    const target = { ...through, address: '10.0.0.9', port: 443 };
    expect(await targets({ ...marked, target })).toEqual([['10.0.0.9', 443, true]]);
    expect(await mistakes([{ ...marked, target: through }], { checks: [check] })).toEqual([
      'desired[0].destinations[0].target.address must be given: a service by mark has no address, not undefined',
    ]);
    const local = [{ ...server, port: 80, forwarding: 'local' }];
    expect(await mistakes([{ ...web, target: through, destinations: local }], { checks: [check] })).toEqual([
      "desired[0].destinations[0].target.through: packets by forwarding 'local' reach no other machine",
    ]);
    const wrong = { ...web, target: { through: 1, source: 'fd00::1' }, destinations: [] };
    expect(await mistakes([wrong], { checks: [check] })).toEqual([
      'desired[0].target.through must be true or false, not 1',
    ]);
    const otherFamily = { ...web, target: { through: true, source: 'fd00::1' }, destinations: [server] };
    expect(await mistakes([otherFamily], { checks: [check] })).toEqual([
      "desired[0].destinations[0].target.source must be of the family of 10.0.0.1, not 'fd00::1'",
    ]);
  });

  test('a destination without a port needs one only for checks that connect to the target’s own', async () => {
    const portless = { fwmark: 7, family: 'ipv4', destinations: [{ address: '10.0.0.2', port: 0 }] } as const;
    const program = execCheck({ command: '/bin/true', args: ['{address}', '{port}'] });
    const checks = [program, fileCheck({ directory: '/etc/maintenance' }), tcpCheck({ port: 22 })];
    const [entry] = (await readDirected([portless], { checks })).values();
    expect(entry?.rows).toMatchObject([{ checks, target: { address: '10.0.0.2', port: 0 } }]);
    for (const one of [check, tcpCheck()]) {
      expect(await mistakes([portless], { checks: [program, one] })).toEqual([
        'desired[0].destinations[0].target.port must be given: the port 0 of the destination is none to check, not 0',
      ]);
    }
  });

  test('a slow start by default is none for a service whose scheduler does not share by weight', async () => {
    const directed = await readDirected([{ ...web, scheduler: 'rr', destinations: [] }], { slowStart: 1000 });
    expect([...directed.values()]).toMatchObject([{ slowStart: 0 }]);
  });

  test('a hysteresis is judged by the quorum that its service has, whoever says either', async () => {
    const service = { ...web, destinations: [server] };
    const [entry] = (await readDirected([{ ...service, hysteresis: 4 }], { quorum: 5 })).values();
    expect(entry?.decision.quorum).toEqual({ weight: 5, hysteresis: 4 });
    const usual = { quorum: 5, hysteresis: 4 };
    expect(
      await mistakes(
        [
          { ...service, quorum: 4 },
          { ...service, port: 81 },
        ],
        usual,
      ),
    ).toEqual(['desired[0].hysteresis must be between 0 and 3, not 4']);
    expect(await mistakes([{ ...service, hysteresis: 5 }], usual)).toEqual([
      'desired[0].hysteresis must be between 0 and 4, not 5',
    ]);
  });

  test('every mistake of a desired state is told with its place, those of the kernel’s fields too', async () => {
    const desired = [
      { ...web, destinations: [server] },
      {
        ...web,
        port: 81,
        scheduler: 'rr',
        slowStart: 1000,
        quorum: 0,
        hysteresis: 1,
        maxUnhealthy: 1.5,
        onFailure: 'ignore',
        checks: ['tcp'],
        policy: { interval: 0, fast: 1, rise: 1.5 },
        target: { port: 0, path: '/' },
        destinations: [{ ...server, weight: -1, tier: 10, admin: 'off' }, 7],
      },
      { ...web, port: 82, shceduler: 'rr', destinations: 1 },
      { fwmark: 1, family: 'ipv4', destinations: [{ address: '10.0.0.2', port: 0 }] },
      7,
    ];
    const told = await mistakes(desired, { checks: [check] });
    const beginnings = [
      'desired[1].quorum must be between',
      'desired[1].hysteresis must be between 0 and 0',
      'desired[1].maxUnhealthy must be a part, from 0 to 1',
      "desired[1].onFailure must be one of 'quiet', 'remove'",
      'desired[1].checks[0] must be a check',
      "desired[1].policy has no option 'fast'",
      'desired[1].policy.interval must be between 1 and 86400000, not 0',
      'desired[1].policy.rise must be a whole number, not 1.5',
      "desired[1].target has no option 'path'",
      "desired[1].slowStart must be 0 or left out under 'rr'",
      'desired[1].destinations[0].weight must be between',
      'desired[1].destinations[0].tier must be between 0 and 9',
      "desired[1].destinations[0].admin must be one of 'ready', 'drain', 'maintenance'",
      'desired[1].destinations[1]',
      "desired[2] has no option 'shceduler'",
      'desired[2].destinations must be an array',
      'desired[3].destinations[0].target.port must be given',
      'desired[4]',
    ];
    for (const beginning of beginnings) expect(told.join('\n')).toContain(beginning);
    expect(told.filter(message => !beginnings.some(beginning => message.startsWith(beginning)))).toEqual([]);
  });

  test('a policy is judged together with what it leaves to others', async () => {
    const desired = [{ ...web, policy: { fasterInterval: 8000 }, destinations: [server] }];
    await readDirected(desired, { policy: { interval: 10_000 } });
    expect(await mistakes(desired)).toEqual([
      'desired[0].policy.fasterInterval must be at most interval, which is 5000, not 8000',
    ]);
  });

  test('a service that stands twice is a mistake, and so is a desired state that is no list', async () => {
    const twice = [
      { ...web, destinations: [] },
      { ...web, destinations: [] },
    ];
    expect(await mistakes(twice)).toEqual([
      'desired[1]: service tcp 10.0.0.1:80 stands at desired[0] already',
    ]);
    await expect(readDirected(undefined as never, {})).rejects.toThrow(
      /^desired must be an array of services/,
    );
  });
});
