import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

// A list of failures names a test by its title, which must be a sentence without its file and its describe().

const root = join(import.meta.dirname, '../../..');

/** First words of a title without a subject of its own, which goes on where another title ended. */
const continuing =
  /^(?:and|or|so|but|also|then|it|its|they|their|those|them|this|these|that|by|of|in|on|at|to|from|with|without|where|when|while|although|though|after|before|is|are|was|were|has|have|may|can|does|do|gets|takes|ends|reads|writes|shows|tells|keeps|makes|finds|names?)\b/i;

interface Title {
  readonly file: string;
  readonly text: string;
}

/** The titles in a test file. What a title is computed of is left out of the text. */
function titlesIn(file: string): readonly Title[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const titles: Title[] = [];
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) && isTest(node.expression) ? node.arguments[0] : undefined;
    if (title !== undefined && ts.isStringLiteralLike(title)) titles.push({ file, text: title.text });
    if (title !== undefined && ts.isTemplateExpression(title)) {
      const rest = title.templateSpans.map(({ literal }) => `%s${literal.text}`);
      titles.push({ file, text: title.head.text + rest.join('') });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** Whether a call of this makes a test: of `test`, of a variant of it, or of what `test.each()` returned for rows. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'test' || callee.text === 'it';
  if (ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isPropertyAccessExpression(callee) && isTest(callee.expression);
}

const titles = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.test.ts'))
  .flatMap(path => titlesIn(join('test', path)));

test('every test’s title stands alone: three words at least, and not the rest of another sentence', () => {
  expect(titles.length).toBeGreaterThan(400);
  expect(titles.filter(({ text }) => continuing.test(text) || text.trim().split(/\s+/).length < 3)).toEqual(
    [],
  );
});

test('every test’s title has at most 110 characters and begins in lower case, unless with a name', () => {
  const capital = /^(?:An?|The|All|Any|Both|Each|Every|Many|No|Nothing|One|Some|Two|What|Which|Who)\b/;
  expect(titles.filter(({ text }) => text.length > 110 || capital.test(text))).toEqual([]);
});
