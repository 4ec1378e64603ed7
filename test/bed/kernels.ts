import { parseStanzas } from './sources.ts';

/** The kernels that can be booted, by the value of `IPVS_KERNEL` that asks for each. */
export type KernelLabel = '5.10' | '6.1' | '6.12' | '7.x' | 'arm64';

/** What `IPVS_KERNEL` may say. */
export type KernelChoice = KernelLabel | 'host';

/** Debian's name of what a kernel runs on. */
export type Architecture = 'amd64' | 'arm64';

/** A kernel unpacked and ready to boot. */
export interface Kernel {
  /** As `uname -r` says it. */
  readonly version: string;
  readonly architecture: Architecture;
  /** Holds `vmlinuz` and `lib/modules/VERSION`. */
  readonly directory: string;
}

/** Where a suite lies: in Debian's archive proper or in its security archive. */
export interface Suite {
  readonly archive: 'archive' | 'security';
  readonly name: string;
}

/** A kernel found in a suite's index. */
export interface KernelRelease {
  /** As `uname -r` says it, without the flavour: `6.1.0-56`. */
  readonly release: string;
  /** The packages that hold its image and its modules. */
  readonly packages: readonly string[];
  /** What they weigh to download, in bytes. */
  readonly size: number;
}

/** The suites that carry each kernel, the better one first. */
export const kernelSuites: Readonly<Record<KernelLabel, readonly Suite[]>> = {
  '5.10': [{ archive: 'security', name: 'bullseye-security' }],
  '6.1': [{ archive: 'security', name: 'bookworm-security' }],
  '6.12': [{ archive: 'security', name: 'bookworm-security' }],
  '7.x': [
    { archive: 'archive', name: 'sid' },
    { archive: 'archive', name: 'trixie-backports' },
  ],
  arm64: [
    { archive: 'archive', name: 'trixie' },
    { archive: 'security', name: 'trixie-security' },
  ],
};

/** Every bootable kernel, the oldest first, and behind them that of another architecture. */
export const kernelLabels = Object.keys(kernelSuites) as readonly KernelLabel[];

/** Tells whether a text names a kernel. */
export function isKernelChoice(text: string): text is KernelChoice {
  return text === 'host' || (kernelLabels as readonly string[]).includes(text);
}

/** What a label's kernel runs on. */
export function architectureOf(label: KernelLabel): Architecture {
  return label === 'arm64' ? 'arm64' : 'amd64';
}

/** How the releases begin that a label asks for. */
const releases: Readonly<Record<KernelLabel, string>> = {
  '5.10': '5.10.',
  '6.1': '6.1.',
  '6.12': '6.12.',
  '7.x': '7.',
  arm64: '6.12.',
};

/** Tells whether a release belongs to what a label asks for. */
export function matchesLabel(release: string, label: KernelLabel): boolean {
  return release.startsWith(releases[label]);
}

/**
 * The newest kernel of a label in an index (`apt-cache show` text). Up to 6.x one package holds it all; from
 * 7.x on `linux-image-*` is an empty meta package and image and modules come apart, and suites are seen that
 * list the one without the other.
 */
export function newestKernel(index: string, label: KernelLabel): KernelRelease | undefined {
  const sizes = new Map<string, number>();
  for (const stanza of parseStanzas(index)) {
    const name = stanza.get('package');
    if (name !== undefined) sizes.set(name, Number(stanza.get('size') ?? 0));
  }
  const architecture = architectureOf(label);
  const found = new Set<string>();
  for (const name of sizes.keys()) {
    // Only the full flavour: the cloud one lacks 9p. `6.1.0-56`, `6.12.117+deb12`.
    const match = /^linux-(?:image|binary)-(\d+\.\d+\.\d+(?:-\d+|\+deb\d+)?)-(\w+)$/.exec(name);
    const [, release = '', kind] = match ?? [];
    if (kind === architecture && matchesLabel(release, label)) found.add(release);
  }
  const candidates = [...found].sort(compareReleases).reverse();
  for (const release of candidates) {
    const [image, binary, modules, base] = ['image', 'binary', 'modules', 'base'].map(
      part => `linux-${part}-${release}-${architecture}`,
    ) as [string, string, string, string];
    const split = sizes.has(binary) || sizes.has(modules) || (sizes.get(image) ?? 0) < 1_000_000;
    const needed = split ? [binary, modules] : [image];
    if (!needed.every(name => sizes.has(name))) continue;
    const packages = split && sizes.has(base) ? [...needed, base] : needed;
    return { release, packages, size: packages.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) };
  }
  return undefined;
}

/** Orders kernel releases by their numbers. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map(release => (release.match(/\d+/g) ?? []).map(Number)) as [
    number[],
    number[],
  ];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
