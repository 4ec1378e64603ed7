import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { createVitest } from 'vitest/node';
import { isKernelChoice, type KernelChoice, kernelLabels } from './bed/kernels.ts';

/** The tests to be run, and the kernels. */
export interface Choice {
  /** The kernels. Absent: the host's or the usual one. */
  readonly kernels?: readonly KernelChoice[];
  /** Parts of test files' paths. Empty: all tests. */
  readonly filters: readonly string[];
  /** Whether kernels between the usual and the newest one get only the tests of what differs there. */
  readonly brief?: true;
  /** Whether files with a failed test run once more, on a kernel booted anew. */
  readonly again?: true;
}

/**
 * The kernel tests of what differs between kernels, each with what that is (kernel.md's marks of versions).
 * The others test the same code of ours on every kernel: in a brief run they go through the usual kernel and
 * the newest.
 */
const differing = {
  'kernel/alone/kernel': 'settings, schedulers, sync daemons',
  'kernel/alone/lists': 'locks and order of dumps',
  'kernel/alone/module': 'modules: 5.10 does not load ip_vs by itself, 6.12 has twos',
  'kernel/connections': 'states and columns of /proc/net/ip_vs_conn',
  'kernel/destinations': 'thresholds that 5.10 takes and later kernels refuse',
  'kernel/every-row': 'what a row may hold',
  'kernel/permission': 'who may read what under /proc/sys in a user namespace',
  'kernel/sampler': 'the estimator: one timer up to 6.1, threads since',
  'kernel/services': 'what a service may hold',
} as const;

/**
 * The kernel tests of what could differ on another architecture, with a prebuilt addon: how records, columns
 * and files cross into the addon and the kernel. Each has what it uses of them. The sampler's are not among
 * them: rates go by the clock, which a busy machine that emulates another architecture does not keep up with.
 * All kernel tests run there too, `npm run test:kernels -- arm64`, and take more than half an hour: as long as a
 * brief run has for everything else.
 */
const crossing = {
  'kernel/alone/lists': 'dumps in chunks, as large as pages are',
  'kernel/cli-quick': 'the program ipvs-quick, and the command that finds it',
  'kernel/destinations': 'records of destinations, and their errors',
  'kernel/services': 'records of services, and their errors',
  'kernel/update-service': 'records that are read, merged and written',
} as const;

/** The filters of the run on a kernel. */
export function filtersOn(kernel: KernelChoice | undefined, { filters, brief }: Choice): readonly string[] {
  if (!brief || filters.length > 0) return filters;
  if (kernel === 'arm64') return Object.keys(crossing);
  return kernel === '5.10' || kernel === '6.12' ? Object.keys(differing) : filters;
}

/**
 * The choice made by command-line words. With `--kernels`, which `--brief` may go with, the first word is a
 * list of kernels if it reads like one. `--again` goes with both forms. All other words are filters.
 */
export function parseWords(words: readonly string[]): Choice {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { kernels: { type: 'boolean' }, brief: { type: 'boolean' }, again: { type: 'boolean' } },
    allowPositionals: true,
  });
  const again = values.again ? ({ again: true } as const) : {};
  if (!values.kernels) return { filters: positionals, ...again };
  const rest = { ...(values.brief ? ({ brief: true } as const) : {}), ...again };
  const named = positionals[0]?.split(',') ?? [];
  if (named.length === 0 || !named.every(isKernelChoice))
    return { kernels: kernelLabels, filters: positionals, ...rest };
  return { kernels: named, filters: positionals.slice(1), ...rest };
}

/**
 * The projects to be run on a kernel. Labs take long: with their proofs they run on the most usual kernel and
 * the newest one. On the host's kernel proofs run only where a filter asks for them alone.
 */
export function projectsOn(
  kernel: KernelChoice | undefined,
  matching: ReadonlySet<string> | undefined,
): readonly string[] {
  const usual =
    kernel === undefined
      ? ['kernel', 'alone', 'lab']
      : kernel === '6.1' || kernel === '7.x'
        ? ['kernel', 'alone', 'lab', 'proof']
        : ['kernel', 'alone'];
  if (matching === undefined) return usual;
  const wanted = usual.filter(project => matching.has(project));
  return wanted.length > 0 ? wanted : [...matching].filter(project => project !== 'unit');
}

/** The projects with test files that a filter matches, as vitest itself will match them. */
export async function matchingProjects(filters: readonly string[]): Promise<ReadonlySet<string>> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const options = { watch: false, reporters: [] };
  const vitest = await createVitest('test', options, {}, { stdout: silence, stderr: silence });
  try {
    const files = await vitest.globTestSpecifications([...filters]);
    return new Set(files.map(({ project }) => project.name));
  } finally {
    await vitest.close();
  }
}
