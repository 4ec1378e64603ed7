import { show } from '../../rules/problem.ts';
import { isGiven, type Run } from '../arguments.ts';
import { checkText } from '../restore/check.ts';
import { restoreText } from '../restore/restore.ts';

/** Does what the lines of a file say, or checks them. */
export const run: Run = async (given, shell) => {
  const path = given.words[0]!;
  let text: string;
  try {
    text = await shell.read(path);
  } catch (error) {
    shell.complain(`${show(path)} can't be read: ${(error as Error).message}`);
    return 1;
  }
  const clear = isGiven(given, 'clear');
  return isGiven(given, 'check') ? checkText(text, shell, clear) : restoreText(text, shell, clear);
};
