import { byName } from '../../rules/grammar/lookup.ts';
import { show } from '../../rules/problem.ts';
import { MISUSED, type Run } from '../arguments.ts';
import { widthOf } from '../columns.ts';
import { type BuiltinName, builtins } from '../grammar.ts';
import { builtinCommandHelp, builtinHelp, commandHelp } from '../help.ts';

/** Explains the commands, or one of them. */
export const run: Run = async ({ words: [word] }, shell) => {
  const width = widthOf(shell);
  if (word === undefined) {
    shell.print(builtinHelp(width));
    return 0;
  }
  if (Object.hasOwn(builtins, word)) {
    shell.print(builtinCommandHelp(word as BuiltinName, width));
    return 0;
  }
  // As one writes it, or without its dashes.
  const found = byName.get(word) ?? byName.get(`--${word}`) ?? byName.get(`-${word}`);
  if (found === undefined || !('command' in found)) {
    shell.complain(`there is no command ${show(word)}; \`ipvs help\` lists them`);
    return MISUSED;
  }
  shell.print(commandHelp(found.command, width));
  return 0;
};
