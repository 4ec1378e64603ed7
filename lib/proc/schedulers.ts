import { schedulerNames } from '../model/scheduler.ts';
import type { KernelModules } from './modules.ts';

/** A scheduler that the kernel has, could load, or may have. */
export interface SchedulerModule {
  /** As services name it: 'rr'. */
  readonly name: string;
  /**
   * 'present': part of the kernel, or loaded. 'loadable': its module is on disk, and the kernel loads it when
   * a service first uses it. 'unknown': not loaded, and whether it could be is not to be seen: /lib/modules
   * has no folder of the running kernel, as in most containers. `hasScheduler()` asks the kernel then.
   */
  readonly state: 'present' | 'loadable' | 'unknown';
}

const PREFIX = 'ip_vs_';

/** What else is named so: the helper for FTP, and persistence engines. */
const isScheduler = /^ip_vs_(?!ftp$|pe_)./;

/** The schedulers among a kernel's modules: those of the kernel's own tree, then others by their names. */
export function schedulersOf({ names, state }: KernelModules): SchedulerModule[] {
  const others = [...names].filter(name => isScheduler.test(name)).map(name => name.slice(PREFIX.length));
  return [...new Set([...schedulerNames, ...others.sort()])].flatMap(name => {
    const known = state(PREFIX + name);
    return known === 'missing' ? [] : [{ name, state: known }];
  });
}
