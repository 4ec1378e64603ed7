import { isGiven, type Run } from '../arguments.ts';
import { directorStates, directorsOf } from '../director/client.ts';
import { formatStatus } from '../director/status.ts';
import { withModule } from '../with-client.ts';

/** Shows what the directors that run see. */
export const run: Run = (given, shell) =>
  withModule(shell, async ipvs => {
    const { answers: states, failures } = await directorStates(await directorsOf(ipvs));
    for (const { message } of failures) shell.complain(message);
    if (states.length === 0 && failures.length > 0) return 1;
    if (states.length === 0) {
      shell.complain(
        'no director runs in this network namespace; `ipvs help director` shows how to start one',
      );
      return 1;
    }
    if (isGiven(given, 'json')) shell.print(`${JSON.stringify(states, undefined, 2)}\n`);
    else shell.print(states.map(state => formatStatus(state, shell.colours === true)).join('\n'));
    return failures.length === 0 && states.every(({ problems }) => problems.length === 0) ? 0 : 1;
  });
