import { runIpvsadm } from './ipvsadm.ts';
import { tellRefused } from './restore/refused.ts';
import type { Shell } from './terminal.ts';

/** By this word ipvs-quick starts the command, and no user does. Then comes a descriptor. */
const TELL_REFUSED = 'tell-refused';

/**
 * Does what a command line says and returns the exit status. What begins with a dash is ipvsadm's, and so are
 * nothing at all and numbers, which are the arguments of a --set behind them; any other word is a command of
 * this package's.
 */
export async function runCommandLine(words: readonly string[], shell: Shell): Promise<number> {
  try {
    if (words.length === 0 || /^\s*[-+\d]/.test(words[0]!)) return await runIpvsadm(words, shell);
    if (words[0] === TELL_REFUSED) return await tellRefused(words.slice(1), shell);
    const { runBuiltin } = await import('./commands/commands.ts');
    return await runBuiltin(words, shell);
  } catch (error) {
    shell.complain((error as Error).message);
    return 1;
  }
}
