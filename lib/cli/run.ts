import { runIpvsadm } from './ipvsadm.ts';
import type { Shell } from './terminal.ts';

/**
 * Does what a command line says and returns the exit status. What begins with a dash is ipvsadm's, and so are
 * nothing at all and numbers, which are the arguments of a --set behind them; any other word is a command of
 * this package's.
 */
export async function runCommandLine(words: readonly string[], shell: Shell): Promise<number> {
  try {
    if (words.length === 0 || /^\s*[-+\d]/.test(words[0]!)) return await runIpvsadm(words, shell);
    const { runBuiltin } = await import('./commands/commands.ts');
    return await runBuiltin(words, shell);
  } catch (error) {
    shell.complain((error as Error).message);
    return 1;
  }
}
