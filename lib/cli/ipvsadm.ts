import type { IpvsError } from '../model/errors.ts';
import { withNames } from '../rules/names.ts';
import { readCommand } from '../rules/parse/lines.ts';
import type { Diagnostic } from '../rules/problem.ts';
import type { RuleCommand } from '../rules/types.ts';
import { execute } from './execute/execute.ts';
import { advise, isUnavailable } from './explain.ts';
import { restoreText } from './restore/restore.ts';
import type { Shell } from './terminal.ts';
import { versionText } from './version.ts';
import { withModule } from './with-client.ts';

/** What `ipvsadm` alone does. */
const listAll: RuleCommand = {
  command: 'list',
  what: 'services',
  show: { numeric: false, columns: 'usual', exact: false, sort: true },
};

/** Does what ipvsadm does when it is given these words, and gives back its exit status. */
export async function runIpvsadm(words: readonly string[], shell: Shell): Promise<number> {
  const { command, problems } = await withNames(names => {
    const found: Diagnostic[] = [];
    if (words.length === 0) return { command: listAll, problems: found };
    return { command: readCommand(words, { line: 1, found }, names), problems: found };
  });
  if (problems.length > 0 || command === undefined) {
    for (const { message } of problems) shell.complain(message);
    shell.complain('`ipvs -h` explains commands and options');
    return problems[0]?.status ?? 2;
  }
  switch (command.command) {
    case 'help': {
      const { ipvsadmHelp } = await import('./help.ts');
      shell.print(ipvsadmHelp());
      return 0;
    }
    case 'version':
      shell.print(versionText());
      return 0;
    case 'restore':
      return restore(command.check, shell);
    default:
      return runCommand(command, shell);
  }
}

async function runCommand(command: RuleCommand, shell: Shell): Promise<number> {
  return withModule(shell, async ipvs => {
    try {
      await execute(ipvs, command, shell);
      return 0;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      shell.complain(advise(error as IpvsError));
      return command.command === 'list' || command.command === 'save' ? 1 : 255;
    }
  });
}

/**
 * `-R`. Like ipvsadm's, it ends well even if the kernel refused some lines: scripts restore over what is there already. What was refused is
 * told all the same.
 */
async function restore(check: boolean, shell: Shell): Promise<number> {
  const text = await shell.read('-');
  return restoreText(text, { check, refused: 0 }, shell);
}
