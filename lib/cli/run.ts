import { runIpvsadm } from './ipvsadm.ts';
import type { Shell } from './terminal.ts';

/**
 * Does what a command line says and gives back the exit status. What begins with a dash is ipvsadm's, and so is nothing at all; any other word
 * is one of our own commands.
 */
export async function runCommandLine(words: readonly string[], shell: Shell): Promise<number> {
  try {
    if (words.length === 0 || words[0]!.startsWith('-')) return await runIpvsadm(words, shell);
    const { runOwn } = await import('./commands/commands.ts');
    return await runOwn(words, shell);
  } catch (error) {
    shell.complain((error as Error).message);
    return 1;
  }
}
