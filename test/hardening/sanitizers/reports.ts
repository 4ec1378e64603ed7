import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What of a stack makes a leak or a race ours. Whatever else is left at a process' end is Node.js': it leaves V8's heap,
 * its environment and its threads to the kernel, and so do the programs that tests start (ip, sh, python3). And how its
 * threads agree, by atomic counters, the thread sanitizer does not see, which Node.js is not compiled with.
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

/** The thread sanitizer's reports that are ours: by what the threads did, not by who started them. */
export function racesOf(report: string): readonly string[] {
  return report
    .split(/^={18}$/m)
    .map(part => part.trim())
    .filter(part => part.startsWith('WARNING: ThreadSanitizer'))
    .filter(part => ours.test(part.replace(/\n\n {2}(?:Location|Mutex|Thread) [\s\S]*/, '')));
}
