import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandPage } from '../../../scripts/pages/command.ts';
import { errorCodes, errorsPage } from '../../../scripts/pages/errors.ts';
import { type Block, blocksOf, pages, readPage } from '../../support/markdown.ts';

const root = join(import.meta.dirname, '../../..');

/** What is wrong with a block, by its language. What has no rule here may not stand on a page. */
const rules: Readonly<Record<string, (block: Block) => string | undefined>> = {
  // Compiled by code.test.ts, and run by test/kernel/docs.test.ts.
  ts: () => undefined,
  // Run by test/kernel/docs.test.ts, but for steps of set-ups on hosts.
  sh: ({ code }) => spawnSync('sh', ['-n'], { input: code, encoding: 'utf8' }).stderr || undefined,
  json: ({ code }) => thrown(() => JSON.parse(code)),
  yaml: ({ code }) => thrown(() => parse(code)),
  // A unit of systemd's.
  ini: ({ code }) => (/^(?:(?:\[\w+\]|\w+=.*|#.*)?\n)+$/.test(code) ? undefined : 'a line is no setting'),
  dockerfile: ({ code }) => (/^FROM \S+$/m.test(code) ? undefined : 'it builds on nothing'),
  // Judged by keepalived in test/kernel/docs.test.ts.
  keepalived: () => undefined,
  // What a program prints, and drawings.
  text: ({ code }) => (/^[$#] /m.test(code) ? 'commands are sh' : undefined),
};

function thrown(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function complaintOf(block: Block): string | undefined {
  if (!Object.hasOwn(rules, block.language)) return `there is no rule for ${block.language}`;
  if (block.directive?.kind === 'on' && block.language !== 'sh') return 'only sh is run on a host';
  return rules[block.language]!(block);
}

test('every block of code in README and docs has a rule, and holds it', () => {
  const blocks = pages.flatMap(page => blocksOf(page));
  expect(blocks.length).toBeGreaterThan(20);
  const wrong = blocks.flatMap(block => {
    const complaint = complaintOf(block);
    return complaint === undefined ? [] : [`${block.page}:${block.line}: ${complaint}`];
  });
  expect(wrong).toEqual([]);
});

test.each([
  ['```perl\nprint 1\n```\n', 'there is no rule for perl'],
  ['```sh\nif true\n```\n', /[Ss]yntax error/],
  ['```json\n{ "a": }\n```\n', /JSON/],
  ['```yaml\na: [\n```\n', /flow/i],
  ['```ini\n[Unit\n```\n', 'a line is no setting'],
  ['```dockerfile\nRUN true\n```\n', 'it builds on nothing'],
  ['```text\n$ ipvs -L\n```\n', 'commands are sh'],
  ['<!-- on director -->\n\n```ts\n```\n', 'only sh is run on a host'],
])('a page with %j is refused', (text, complaint) => {
  expect(blocksOf('a.md', text).map(complaintOf)).toEqual([expect.stringMatching(complaint)]);
});

test.each(['``` \n```', '```ts no-run\n```', '  ```ts\n  ```', '~~~ts\n~~~', '```ts\n'])(
  'a block that opens as %j is refused',
  text => expect(() => blocksOf('a.md', text)).toThrow(/^a\.md:1: /),
);

test('no comment on a page but directives stands before a block', () => {
  const stray = pages.flatMap(page =>
    [...readPage(page).matchAll(/^<!--(.*)-->\n\n?```/gm)]
      .map(([, comment]) => comment!)
      .filter(comment => !/^ (?:not run: .+|on [\w-]+) $/.test(comment))
      .map(comment => `${page}: ${comment}`),
  );
  expect(stray).toEqual([]);
});

/** The anchors of a page as GitHub makes them of its headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = readPage(page).match(/^#+ .+$/gm) ?? [];
  return new Set(
    headings.map(heading =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link on a page to a file of the repository, or a heading of it, leads somewhere', () => {
  const broken = pages.flatMap(page =>
    [...readPage(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([, path, anchor]) => {
      const target = path === '' ? page : join(dirname(page), path!);
      if (!existsSync(join(root, target))) return [`${page}: ${target}`];
      const isThere = anchor === undefined || (target.endsWith('.md') && anchorsOf(target).has(anchor));
      return isThere ? [] : [`${page}: ${target}#${anchor}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page of docs is linked from its index', () => {
  const index = readPage('docs/README.md');
  const others = pages.filter(page => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(others.filter(page => !index.includes(`](${page.slice('docs/'.length)})`))).toEqual([]);
});

test('docs/errors.md is what `npm run docs` makes of the comments in lib/', () => {
  expect(readPage('docs/errors.md')).toBe(errorsPage(root));
});

test('every code in lib/ has a heading in docs/errors.md, once', () => {
  const used = new Set<string>();
  for (const file of readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const code of readFileSync(join(root, 'lib', file), 'utf8').match(/'ERR_IPVS_\w+'/g) ?? []) {
      used.add(code.slice(1, -1));
    }
  }
  const headings = [...readPage('docs/errors.md').matchAll(/^## (\w+)$/gm)].map(([, code]) => code!);
  expect(headings.toSorted()).toEqual([...used].sort());
  expect(errorCodes(root).map(({ code }) => code)).toEqual(headings);
});

test('docs/command.md has the commands and options that `npm run docs` finds in the grammar', () => {
  expect(readPage('docs/command.md')).toBe(commandPage(readPage('docs/command.md')));
});
