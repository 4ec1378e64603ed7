import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Plan } from '../../../lib/index.ts';
import { type Claims, readClaims } from '../../../lib/reconcile/ownership.ts';

const parent = mkdtempSync(join(tmpdir(), 'ipvs-owners-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

let directory = '';
beforeEach(() => {
  directory = join(mkdtempSync(join(parent, 'run-')), 'ns');
});

const web = 'tcp 10.0.0.1:80';
const dns = 'udp 10.0.0.1:53';

const nothing: readonly never[] = [];

/** The content of an owner's file; undefined where there is none. */
function recordOf(owner: string): unknown {
  try {
    return JSON.parse(readFileSync(join(directory, `${owner}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

describe('an owner’s record', () => {
  test('an owner’s record claims before anything is written, and releases afterwards what is gone', async () => {
    const first = await readClaims(directory, 'one');
    expect([...first.own]).toEqual([]);
    await first.claim(new Set([web, dns]));
    expect(recordOf('one')).toEqual({ formatVersion: 1, owner: 'one', services: [web, dns] });
    await first.settle(new Set([web]), []);
    const second = await readClaims(directory, 'one');
    expect([...second.own]).toEqual([web]);
    await second.claim(new Set([dns]));
    expect(recordOf('one')).toMatchObject({ services: [web, dns] });
    await second.settle(new Set([dns]), [web]);
    expect(recordOf('one')).toMatchObject({ services: [web, dns] });
  });

  test('an owner’s record is not written where nothing changes', async () => {
    const claims = await readClaims(directory, 'one');
    await claims.claim(new Set([web]));
    writeFileSync(
      join(directory, 'one.json'),
      JSON.stringify({ formatVersion: 1, owner: 'one', services: [web] }),
    );
    const before = readFileSync(join(directory, 'one.json'), 'utf8');
    const again = await readClaims(directory, 'one');
    await again.claim(new Set([web]));
    await again.settle(new Set([web]), []);
    expect(readFileSync(join(directory, 'one.json'), 'utf8')).toBe(before);
  });

  test('two applies of one owner at once leave nothing in the table that its record lacks', async () => {
    for (let round = 0; round < 20; round++) {
      rmSync(directory, { recursive: true, force: true });
      const both = await Promise.all(
        [web, dns].map(async key => ({ key, claims: await readClaims(directory, 'one') })),
      );
      await Promise.all(
        both.map(async ({ key, claims }) => {
          await claims.claim(new Set([key]));
          await claims.settle(new Set([key]), []);
        }),
      );
      expect(recordOf('one')).toMatchObject({ services: [web, dns] });
    }
    // One gives up what it knew of while the other claims more.
    const [less, more] = [await readClaims(directory, 'one'), await readClaims(directory, 'one')];
    await more.claim(new Set([web, dns, 'fwmark 7 ipv4']));
    await less.settle(new Set([web]), []);
    expect(recordOf('one')).toMatchObject({ services: ['fwmark 7 ipv4', web] });
  });

  test('an owner’s record is removed with its last service', async () => {
    const claims = await readClaims(directory, 'one');
    await claims.claim(new Set([web]));
    await claims.settle(new Set(), []);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('an owner’s record is whole although a writer was killed amid writing', async () => {
    const claims = await readClaims(directory, 'one');
    await claims.claim(new Set([web]));
    writeFileSync(join(directory, '.one.99.json'), '{"formatVer');
    expect([...(await readClaims(directory, 'one')).own]).toEqual([web]);
  });

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '{"formatVersion":2,"services":[]}',
    '{"formatVersion":1,"owner":"one"}',
    '{"formatVersion":1,"owner":"one","services":[1,null]}',
    '{"formatVersion":1,"owner":"two","services":[]}',
  ])('an owner’s record that holds %j is an error that names the file', async text => {
    await (await readClaims(directory, 'one')).claim(new Set([web]));
    writeFileSync(join(directory, 'one.json'), text);
    for (const owner of ['one', 'two', undefined]) {
      await expect(readClaims(directory, owner)).rejects.toMatchObject({
        code: 'ERR_IPVS_RECORD',
        message: expect.stringContaining(join(directory, 'one.json')),
      });
    }
  });
});

describe('a service that another owner claims', () => {
  const expectRefusal = (work: () => unknown, message: RegExp) =>
    expect(async () => work()).rejects.toMatchObject({
      code: 'ERR_IPVS_OWNED',
      message: expect.stringMatching(message),
    });

  test('another owner’s service is refused to whoever desires it or would remove it', async () => {
    await (await readClaims(directory, 'one')).claim(new Set([web]));
    const two = await readClaims(directory, 'two');
    await expectRefusal(
      () => two.validate([dns, web], nothing),
      /^service tcp .* belongs to 'one', and 'two' wants it too/,
    );
    const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 };
    const plan = { steps: [{ kind: 'remove-service', service }] } as unknown as Plan;
    await expectRefusal(() => two.validate([], plan.steps), /belongs to 'one'/);
    const nobody = await readClaims(directory, undefined);
    await expectRefusal(() => nobody.validate([web], nothing), /this apply names no owner/);
    two.validate([dns], nothing);
    (await readClaims(directory, 'one')).validate([web], nothing);
  });

  test('a service that two owners claim at once is never granted to both', async () => {
    for (let round = 0; round < 20; round++) {
      rmSync(directory, { recursive: true, force: true });
      const claims = await Promise.all(['one', 'two'].map(owner => readClaims(directory, owner)));
      const claim = (who: Claims) => who.claim(new Set([web]));
      const outcomes = await Promise.allSettled(claims.map(claim));
      const have = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(have.length).toBeLessThanOrEqual(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_IPVS_OWNED' });
      }
      // A refused owner has taken its claim back.
      const left = ['one', 'two'].filter(owner => recordOf(owner) !== undefined);
      expect(left).toHaveLength(have.length);
    }
  });

  test('a refused claim keeps what its owner had before', async () => {
    const two = await readClaims(directory, 'two');
    await two.claim(new Set([dns]));
    const again = await readClaims(directory, 'two');
    await (await readClaims(directory, 'one')).claim(new Set([web]));
    await expectRefusal(() => again.claim(new Set([web])), /belongs to 'one'/);
    expect(recordOf('two')).toMatchObject({ services: [dns] });
  });

  test('another owner’s service does not concern a caller without a name that leaves it alone', async () => {
    await (await readClaims(directory, 'one')).claim(new Set([web]));
    const nobody = await readClaims(directory, undefined);
    nobody.validate([dns], nothing);
    await nobody.claim(new Set([dns]));
    await nobody.settle(new Set([dns]), []);
    expect(readdirSync(directory)).toEqual(['one.json']);
  });
});
