import { readElf } from './elf.ts';

/** A C library, as prebuildify's tags name it. */
export type Libc = 'glibc' | 'musl';

/**
 * The C library that this process runs on, told by the program's interpreter: that takes a fraction of a
 * millisecond, and process.report, which is asked where the interpreter does not tell, takes dozens. Files
 * such as /lib/ld-musl-* prove nothing: a machine may have both.
 */
export function processLibc(): Libc | undefined {
  return libcOf(readElf(process.execPath)?.interpreter) ?? reportedLibc();
}

/** The C library of a dynamic linker's path. */
export function libcOf(linker: string | undefined): Libc | undefined {
  if (linker === undefined) return undefined;
  const name = linker.slice(linker.lastIndexOf('/') + 1);
  if (name.startsWith('ld-musl-')) return 'musl';
  return name.startsWith('ld-linux-') ? 'glibc' : undefined;
}

/**
 * What process.report knows: needed without /proc, and where the dynamic linker was started with the program
 * as its argument.
 */
function reportedLibc(): Libc | undefined {
  try {
    const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report; // since 20.13, missing in its types
    const before = report.excludeNetwork ?? false;
    report.excludeNetwork = true; // otherwise the report looks up the names of all connections' peers
    const { header, sharedObjects } = report.getReport() as {
      readonly header: { readonly glibcVersionRuntime?: string };
      readonly sharedObjects?: readonly string[];
    };
    report.excludeNetwork = before;
    if (header.glibcVersionRuntime !== undefined) return 'glibc';
    return sharedObjects?.map(libcOf).find(libc => libc !== undefined);
  } catch {
    return undefined;
  }
}
