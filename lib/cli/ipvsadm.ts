import type { IpvsError } from '../model/errors.ts';
import { withNames } from '../rules/names.ts';
import { readCommand } from '../rules/parse/lines.ts';
import { noFindings } from '../rules/problem.ts';
import type { RuleCommand } from '../rules/types.ts';
import { widthOf } from './columns.ts';
import { execute } from './execute/execute.ts';
import { advise, isUnavailable } from './explain.ts';
import { checkText } from './restore/check.ts';
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

/** Does what ipvsadm does when it is given these words, and returns its exit status. */
export async function runIpvsadm(words: readonly string[], shell: Shell): Promise<number> {
  const { command, problems, warnings } = await withNames(names => {
    const findings = noFindings(1);
    const read = words.length === 0 ? listAll : readCommand(words, findings, names);
    return { command: read, ...findings };
  });
  if (problems.length > 0 || command === undefined) {
    for (const { message } of problems) shell.complain(message);
    shell.complain('`ipvs -h` explains commands and options');
    return problems[0]?.status ?? 2;
  }
  for (const { message } of warnings) shell.complain(`warning: ${message}`);
  switch (command.command) {
    case 'help': {
      const { ipvsadmHelp } = await import('./help.ts');
      shell.print(ipvsadmHelp(widthOf(shell)));
      return 0;
    }
    case 'version':
      shell.print(versionText());
      return 0;
    case 'restore': {
      const text = await shell.read('-');
      return command.check ? checkText(text, shell) : restoreText(text, shell);
    }
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
