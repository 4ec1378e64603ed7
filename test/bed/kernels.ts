import { parseStanzas } from './sources.ts';

/** The kernels that can be booted, by the value of `IPVS_KERNEL` that asks for each. */
export type KernelLabel = '5.10' | '6.1' | '6.12' | '7.x' | 'arm64';

/** The values of `IPVS_KERNEL`. */
export type KernelChoice = KernelLabel | 'host';

/** Debian's name of a kernel's architecture. */
export type Architecture = 'amd64' | 'arm64';

/** A kernel unpacked and ready to boot. */
export interface Kernel {
  /** The release as `uname -r` prints it. */
  readonly version: string;
  readonly architecture: Architecture;
  /** The folder of `vmlinuz` and `lib/modules/VERSION`. */
  readonly directory: string;
}

/** A suite's archive: Debian's archive proper or its security archive. */
export interface Suite {
  readonly archive: 'archive' | 'security';
  readonly name: string;
}

/** A kernel found in a suite's index. */
export interface KernelRelease {
  /** The release as `uname -r` prints it, without the flavour: `6.1.0-56`. */
  readonly release: string;
  /** The packages that hold its image and its modules. */
  readonly packages: readonly string[];
  /** The bytes to download. */
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

/** Whether a text names a kernel. */
export function isKernelChoice(text: string): text is KernelChoice {
  return text === 'host' || (kernelLabels as readonly string[]).includes(text);
}

/** The architecture of a label's kernel. */
export function architectureOf(label: KernelLabel): Architecture {
  return label === 'arm64' ? 'arm64' : 'amd64';
}

/** The beginning of the releases that a label asks for. */
const releases: Readonly<Record<KernelLabel, string>> = {
  '5.10': '5.10.',
  '6.1': '6.1.',
  '6.12': '6.12.',
  '7.x': '7.',
  arm64: '6.12.',
};

/** Whether a release is one that a label asks for. */
export function matchesLabel(release: string, label: KernelLabel): boolean {
  return release.startsWith(releases[label]);
}

/**
 * The newest kernel of a label in an index (`apt-cache show` text). Up to 6.x one package holds all of it.
 * From 7.x on `linux-image-*` is an empty meta package, image and modules are packages of their own, and some
 * suites list one without the other.
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
    // Only the full flavour matches, as the cloud one lacks 9p: `6.1.0-56`, `6.12.117+deb12`.
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
