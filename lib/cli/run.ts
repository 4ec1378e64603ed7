import { runIpvsadm } from './ipvsadm.ts';
import type { Shell } from './shell.ts';

/**
 * Does what a command line says and gives back the exit status. What begins with a dash is ipvsadm's, and so is nothing at all; any other word
 * is one of our own commands.
 */
export async function runCommandLine(words: readonly string[], shell: Shell): Promise<number> {
  if (words.length === 0 || words[0]!.startsWith('-')) {
    return runIpvsadm(words, shell);
  }
  const { runOwn } = await import('./own.ts');
  return runOwn(words, shell);
}
