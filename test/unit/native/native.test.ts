import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The program of test/native, built with sanitizers. Each of its cases becomes a test of this file. */
const program = 'native/build/Debug/ipvs-native-test';

interface Case {
  readonly name: string;
  readonly failures: readonly string[];
}

const built = existsSync(program);
const run = built ? spawnSync(program, ['--reporters=junit'], { encoding: 'utf8' }) : undefined;
const cases = readReport(run?.stdout ?? '');

test('the native tests are built, and run to their end without a sanitizer’s report', () => {
  expect(built, `${program} is missing: node scripts/setup.mjs native`).toBe(true);
  expect(run?.stderr).toBe('');
  expect(run?.signal).toBeNull();
  expect(cases.length).toBeGreaterThan(0);
  expect(run?.status).toBe(cases.some(({ failures }) => failures.length > 0) ? 1 : 0);
});

for (const { name, failures } of cases) {
  test(name, () => void (failures.length > 0 && expect.fail(failures.join('\n'))));
}

/** The cases of a JUnit report as doctest writes it. */
function readReport(xml: string): readonly Case[] {
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, head = '', body = '']) => {
      return {
        name: attribute(head, 'name'),
        failures: [...body.matchAll(/<(?:failure|error) ([^>]*)>(.*?)<\/(?:failure|error)>/gs)].map(
          ([, failure = '', text = '']) => `${attribute(failure, 'message')}\n${decode(text).trim()}`,
        ),
      };
    },
  );
}

function attribute(head: string, name: string): string {
  return decode(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(head)?.[1] ?? '');
}

function decode(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole);
}
