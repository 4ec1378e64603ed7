import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { compile } from '../../support/compile.ts';
import { examplesInComments, moduleOf, providedModule } from '../../support/examples.ts';
import { pages, programsOf, readPage } from '../../support/markdown.ts';
import { publicCallables } from './public-callables.ts';

const callables = publicCallables();
const modules = new Map([['docs/provided.ts', providedModule]]);
let complaints: readonly string[] = [];

// All at once: most of the time goes by in reading the library's own types.
beforeAll(() => {
  for (const { place, code } of examplesInComments()) {
    modules.set(`docs/${place.replaceAll('/', '-')}.ts`, moduleOf(code));
  }
  for (const { page, line, code } of pages.flatMap(page => programsOf(page))) {
    modules.set(`${page}-${line}.ts`, code);
  }
  for (const name of readdirSync('examples')) {
    modules.set(`examples/${name}`, readFileSync(`examples/${name}`, 'utf8'));
  }
  modules.set('docs/wrong.ts', moduleOf('await ipvs.addServise(web);\n'));
  complaints = compile(modules);
});

test('every public function, class and method has an example in its comment', () => {
  expect(callables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['lint', 'Ipvs', 'Ipvs.addService']),
  );
  const without = callables.filter(({ hasExample }) => !hasExample);
  expect(without.map(({ name, place }) => `${place} ${name}`)).toEqual([]);
});

test('every example, in comments and in examples/, and every program in README and docs compiles for a strict user', () => {
  expect([...modules.keys()].filter(name => /^(?:docs\/)?\w+\.md/.test(name)).length).toBeGreaterThan(8);
  const [wrong, ...others] = [...complaints].sort(
    (a, b) => Number(b.includes('wrong.ts')) - Number(a.includes('wrong.ts')),
  );
  expect(wrong).toContain("Property 'addServise' does not exist");
  expect(others).toEqual([]);
});

test('no program in examples/ has more than 40 lines', () => {
  const programs = [...modules].filter(([name]) => name.startsWith('examples/'));
  expect(programs.length).toBeGreaterThan(2);
  expect(programs.filter(([, code]) => code.split('\n').length > 41).map(([name]) => name)).toEqual([]);
});

/** What pages call that is not this package's: JavaScript's own and the kernel's functions. */
const foreign = new Set(['require', 'synchronize_rcu', 'setImmediate', 'struct']);

test('every name() in the text of a page is a function or method of the public API', () => {
  const known = new Set(callables.map(({ name }) => name.split('.').at(-1)!));
  const users = pages.filter(page => page === 'README.md' || page.startsWith('docs/'));
  const unknown = users.flatMap(page => {
    const text = readPage(page).replace(/^```.*?^```$/gms, '');
    return [...text.matchAll(/`(?:[\w]+\.)*(\w+)\([^`]*\)(?:\.\w+\(\))?`/g)]
      .map(([, name]) => name!)
      .filter(name => !known.has(name) && !foreign.has(name))
      .map(name => `${page}: ${name}()`);
  });
  expect(unknown).toEqual([]);
});
