import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What of a stack makes a leak ours. Whatever else is left at a process' end is Node.js': it leaves V8's heap, its
 * environment and its threads to the kernel, and so do the programs that tests start (ip, sh, python3).
 */
const ours = /ipvs\.node|libnl(?:-genl)?-3/;

/** What is wrong by the sanitizers' reports in a folder, those of leaks that are not ours left out. */
export function reportsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .flatMap(report => {
      if (report.includes('LeakSanitizer: detected')) return leaksOf(report);
      return report.includes('WARNING: ThreadSanitizer') ? racesOf(report) : [report.trim()];
    });
}

/**
 * The leaks of a report that are ours, each with its stack. Not the indirect ones, to which other leaked memory
 * points: those are told by the leak that they hang on. A worker that is terminated may leave Node.js' environment
 * behind, with all that was wrapped for it.
 */
export function leaksOf(report: string): readonly string[] {
  return report
    .split(/\n\s*\n/)
    .map(part => part.trim())
    .filter(part => /^Direct leak of /.test(part) && ours.test(part));
}

/**
 * The thread sanitizer's reports that are ours. A race is where none of its accesses is Node.js': the sanitizer sees
 * neither how that has its threads agree (V8's atomic counters), as it is not compiled with it, nor that libuv closes
 * descriptors (by syscall(), past close()), whose numbers others get. Anything else is ours by what the threads did.
 */
export function racesOf(report: string): readonly string[] {
  return report
    .split(/^={18}$/m)
    .map(part => part.trim())
    .filter(part => part.startsWith('WARNING: ThreadSanitizer'))
    .filter(part => {
      const owners = part
        .split(/\n\s*\n/)
        .filter(isDeed)
        .map(ownerOf);
      return owners.includes('addon') && !(part.includes(': data race ') && owners.includes('node'));
    });
}

/** Whether a part of a report is what a thread did, and not what that was done to or who started the thread. */
function isDeed(part: string): boolean {
  return !/^ *(?:Location|Thread) |^ *Mutex .* created at:|^SUMMARY/.test(part);
}

/** Whose code did it: that of the first frame which is either's. Both call the sanitizer's and the C++ library. */
function ownerOf(stack: string): 'addon' | 'node' | undefined {
  const [, module] = /\((?:\S*\/)?(ipvs\.node|libnl\S*|node)\+0x/.exec(stack) ?? [];
  if (module === undefined) return undefined;
  return module === 'node' ? 'node' : 'addon';
}
