import { delimiter, dirname } from 'node:path';

/** The caller's variables that a command on a bed gets. */
const handedOn = /^(?:CI|LANG|LC_\w+|TZ|NODE_ENV|NODE_OPTIONS|IPVS_\w+|VITEST_\w+)$/;
/** Variables among them that say how to make a bed, and would mislead a bed made inside one. */
const notHandedOn = /^IPVS_(?:KERNEL|CACHE|BED\w*)$/;

const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The environment of a command on a bed: this Node.js and the system's programs in PATH, and little else. */
export function commandEnvironment(): Record<string, string> {
  const { HOME = '/root' } = process.env;
  const env: Record<string, string> = { PATH: searchPath(dirname(process.execPath)), HOME, ...colours() };
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && handedOn.test(name) && !notHandedOn.test(name)) env[name] = value;
  }
  return env;
}

/**
 * Whether programs whose output reaches this process's may colour it. Those in a bed write to a pipe and
 * cannot tell.
 */
export function colours(): Record<string, string> {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  if (FORCE_COLOR) return { FORCE_COLOR };
  return process.stdout.isTTY && !NO_COLOR ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };
}

/**
 * This process's own environment, with the directories of system programs in PATH, which an ordinary user's
 * lacks.
 */
export function systemEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: searchPath() };
}

function searchPath(...first: readonly string[]): string {
  const { PATH = '' } = process.env;
  const directories = [...first, ...PATH.split(delimiter), ...systemDirectories];
  return [...new Set(directories)].filter(directory => directory !== '').join(delimiter);
}
