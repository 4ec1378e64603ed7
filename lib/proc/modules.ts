import { release } from 'node:os';

/**
 * What the kernel can make of a module's name: 'present' when it is part of the kernel or loaded, 'loadable'
 * when it is on disk and may be loaded, 'missing' when it is neither, 'unknown' where that can't be told:
 * inside a container whose /lib/modules isn't the host's, for example.
 */
export type ModuleState = 'present' | 'loadable' | 'missing' | 'unknown';

/** The modules of the running kernel. */
export interface KernelModules {
  /** Those that are present or loadable. */
  readonly names: ReadonlySet<string>;
  /** Tells a module's state by its name, `ip_vs_rr`. Loads nothing. */
  state(name: string): ModuleState;
}

/** What the kernel and depmod say of modules; undefined where a file could not be read. */
export interface ModuleFiles {
  /** /proc/modules: what is loaded. */
  readonly loaded: string | undefined;
  /** modules.builtin: what is part of the kernel. */
  readonly builtin: string | undefined;
  /** modules.dep: what is on disk. */
  readonly onDisk: string | undefined;
  /** /proc/sys/kernel/modules_disabled: "1" where no module may be loaded until the next boot. */
  readonly disabled: string | undefined;
}

/** Names in the kernel's own spelling: files have dashes where the kernel has underscores. */
function names(text: string, pattern: RegExp): Set<string> {
  return new Set(Array.from(text.matchAll(pattern), ([, name]) => name!.replaceAll('-', '_')));
}

/** The modules that these files tell of. */
export function kernelModules({ loaded, builtin, onDisk, disabled }: ModuleFiles): KernelModules {
  const file = /^(?:[^:\n]*\/)?([^/:\n]+)\.ko\b/gm;
  const present = new Set([...names(loaded ?? '', /^(\S+) /gm), ...names(builtin ?? '', file)]);
  const loadable = disabled?.trim() === '1' ? new Set<string>() : names(onDisk ?? '', file);
  const isWhole = builtin !== undefined && onDisk !== undefined;
  return {
    names: new Set([...present, ...loadable]),
    state(name) {
      const wanted = name.replaceAll('-', '_');
      if (present.has(wanted)) return 'present';
      if (loadable.has(wanted)) return 'loadable';
      return isWhole ? 'missing' : 'unknown';
    },
  };
}

/**
 * Reads what the running kernel and its folder in /lib/modules tell of modules. Loads nothing and needs no
 * capability. `read` makes undefined of a file that is not there.
 */
export async function readKernelModules(
  read: (path: string) => Promise<string | undefined> = readText,
): Promise<KernelModules> {
  const folder = `/lib/modules/${release()}`;
  const [loaded, builtin, onDisk, disabled] = await Promise.all([
    read('/proc/modules'),
    read(`${folder}/modules.builtin`),
    read(`${folder}/modules.dep`),
    read('/proc/sys/kernel/modules_disabled'),
  ]);
  return kernelModules({ loaded, builtin, onDisk, disabled });
}

async function readText(path: string): Promise<string | undefined> {
  const { readFile } = await import('node:fs/promises');
  return readFile(path, 'utf8').catch(() => undefined);
}
