/** A kind of machine that addons are prebuilt for. */
export interface Target {
  /** The name that is printed: `linux-x64, glibc`. */
  readonly name: string;
  readonly arch: 'x64' | 'arm64';
  /** prebuildify's tag of the C library. */
  readonly libc: 'glibc' | 'musl';
  /** zig's name of the target, with the version of glibc. */
  readonly triple: string;
  /** readelf's name of the architecture. */
  readonly machine: string;
  /** The largest page of the architecture's kernels, which segments must be aligned to. */
  readonly pageSize: number;
  /**
   * Whether ipvs-quick comes from this target: static with musl, one file serves all machines of the
   * architecture.
   */
  readonly makesQuick: boolean;
}

/** The newest glibc that a prebuilt addon may ask for: RHEL 8's and Debian 10's. */
export const GLIBC = '2.28';

const architectures = [
  { arch: 'x64', cpu: 'x86_64', machine: 'Advanced Micro Devices X86-64', pageSize: 4096 },
  { arch: 'arm64', cpu: 'aarch64', machine: 'AArch64', pageSize: 65536 },
] as const;

/** Every target, in the order of making. */
export const targets: readonly Target[] = architectures.flatMap(({ arch, cpu, machine, pageSize }) => [
  {
    ...{ name: `linux-${arch}, glibc`, arch, libc: 'glibc', machine, pageSize },
    triple: `${cpu}-linux-gnu.${GLIBC}`,
    makesQuick: false,
  },
  {
    ...{ name: `linux-${arch}, musl`, arch, libc: 'musl', machine, pageSize },
    triple: `${cpu}-linux-musl`,
    makesQuick: true,
  },
]);

/** The files of a target, relative to the package's folder. */
export function filesOf({ arch, libc, makesQuick }: Target): readonly string[] {
  const folder = `prebuilds/linux-${arch}`;
  return [`${folder}/ipvs.${libc}.node`, ...(makesQuick ? [`${folder}/ipvs-quick`] : [])];
}
