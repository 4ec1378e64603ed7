import { describe, expect, test } from 'vitest';
import { kernelLabels } from '../bed/kernels.ts';
import { filtersOn, matchingProjects, parseWords, projectsOn } from '../choice.ts';

describe('the arguments of npm test', () => {
  test('the arguments of npm test are filters', () => {
    expect(parseWords(['services', '5.10'])).toEqual({ filters: ['services', '5.10'] });
  });

  test('--kernels takes its first word for a list of kernels only if every part of it names one', () => {
    expect(parseWords(['--kernels', '5.10,7.x', 'services'])).toEqual({
      kernels: ['5.10', '7.x'],
      filters: ['services'],
    });
    for (const words of [[], ['services'], ['5.10,services']])
      expect(parseWords(['--kernels', ...words])).toEqual({ kernels: kernelLabels, filters: words });
  });

  test('--again goes with kernels and without', () => {
    expect(parseWords(['--again', 'services'])).toEqual({ filters: ['services'], again: true });
    expect(parseWords(['--kernels', '7.x', '--brief', '--again'])).toEqual({
      kernels: ['7.x'],
      filters: [],
      brief: true,
      again: true,
    });
  });

  test('an unknown option of npm test is refused by its name', () => {
    expect(() => parseWords(['--kernel', '5.10'])).toThrow('--kernel');
  });
});

describe('filters of npm test', () => {
  const projects = async (...filters: readonly string[]) => [...(await matchingProjects(filters))].sort();

  test('a filter that matches only unit tests boots no kernel', async () => {
    const matching = await matchingProjects(['unit/choice']);
    expect(matching).toEqual(new Set(['unit']));
    expect(projectsOn(undefined, matching)).toEqual([]);
    expect(projectsOn('7.x', matching)).toEqual([]);
  });

  test('a filter that matches kernel tests runs no unit test', async () => {
    expect(await projects('kernel/services')).toEqual(['kernel']);
  });

  test('a filter that matches no test matches no project', async () => {
    expect(await projects('nothing/of/that/name')).toEqual([]);
  });

  test('a filter that matches only the proofs runs them on any kernel', async () => {
    expect(projectsOn(undefined, await matchingProjects(['lab/proofs']))).toEqual(['proof']);
  });

  test('the filter of `npm run test:package` takes what is installed to a kernel, and no other test', async () => {
    const matching = await matchingProjects(['test/package/kernel/']);
    expect(projectsOn(undefined, matching)).toEqual(['package-kernel']);
  });
});

test('the proofs that labs can fail run on 6.1 and 7.x alone', () => {
  const withProofs = kernelLabels.filter(kernel => projectsOn(kernel, undefined).includes('proof'));
  expect(withProofs).toEqual(['6.1', '7.x']);
});

test('a brief run takes all tests to 6.1 and 7.x, and to other kernels those of what differs there', async () => {
  const choice = parseWords(['--kernels', '--brief']);
  expect(choice.kernels).toEqual(kernelLabels);
  for (const kernel of ['6.1', '7.x'] as const) expect(filtersOn(kernel, choice)).toEqual([]);
  for (const kernel of ['5.10', '6.12', 'arm64'] as const) {
    const filters = filtersOn(kernel, choice);
    for (const filter of filters) {
      const project = filter.includes('/alone/') ? 'alone' : 'kernel';
      expect(await matchingProjects([filter])).toEqual(new Set([project]));
    }
    expect(filters).toContain('kernel/alone/lists');
  }
  expect(filtersOn('5.10', parseWords(['--kernels']))).toEqual([]);
  expect(filtersOn('5.10', parseWords(['--kernels', '--brief', 'cli']))).toEqual(['cli']);
});
