import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validateString, wrongValue } from '../../model/arguments.ts';
import type { CheckTarget, NamedCheck } from '../types.ts';
import { type OptionSet, readOptions, required } from './options.ts';
import { keyOf } from './pattern.ts';

/** Which files say that a target is in maintenance. */
export interface FileCheckOptions {
  /** A folder, by an absolute path. Files in it have names of targets: `10.0.0.5`, `10.0.0.5:80`, `fd00::5` or `[fd00::5]:80`. */
  readonly directory: string;
}

/** What a check of files takes. */
export const fileOptions: OptionSet<FileCheckOptions> = { directory: required(validateDirectory) };

/** The longest detail that is read of a file, in characters. */
const LONGEST_LINE = 200;

/**
 * A target is in maintenance while a folder has a file of its name, as ldirectord's maintenancedir, and ready
 * again when there is none. Its first line is the answer's `detail`. Health is no matter of this check: it
 * fails only where a file can't be looked for. A folder that isn't there has no files.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const maintained = fileCheck({ directory: '/etc/ipvs/maintenance' });
 * ```
 */
export function fileCheck(options: FileCheckOptions): NamedCheck {
  const { directory } = readOptions(fileOptions, options);
  return {
    name: `file ${directory}`,
    key: keyOf('file', { directory }),
    heedsService: false,
    needsPort: false,
    async check(target) {
      for (const name of namesOf(target)) {
        const text = await readIfThere(join(directory, name));
        if (text === undefined) continue;
        const detail = text.split('\n', 1)[0]!.trim().slice(0, LONGEST_LINE);
        return { admin: 'maintenance', ...(detail === '' ? {} : { detail }) };
      }
      return { admin: 'ready' };
    },
  };
}

function validateDirectory(field: string, value: unknown): void {
  if (!/^\/[^\0]*$/.test(validateString(field, value))) throw wrongValue(field, 'be an absolute path', value);
}

function namesOf({ address, port }: CheckTarget): readonly string[] {
  return [address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`, address];
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
