import { destinationKey, serviceKey } from '../../model/identity.ts';
import { isGiven, type Run } from '../arguments.ts';
import { directorsOf, sayToDirectors } from '../director/client.ts';
import { withModule } from '../with-client.ts';
import { targetOf } from './drain.ts';

/** Takes destinations out of the directors' hands for maintenance, or gives them back. */
export const run: Run = (given, shell) => {
  const target = targetOf(given.words);
  const undo = isGiven(given, 'undo');
  return withModule(shell, async ipvs => {
    const { answers, failures } = await sayToDirectors(
      await directorsOf(ipvs),
      target,
      undo ? null : 'maintenance',
    );
    if (answers.length === 0 && failures.length === 0) {
      shell.complain('no director runs in this network namespace; `ipvs drain` does without one');
      return 1;
    }
    const said = answers.flat();
    if (isGiven(given, 'json')) shell.print(`${JSON.stringify(said, undefined, 2)}\n`);
    else {
      const what = undo ? 'directed again' : 'in maintenance: weight 0, not checked';
      for (const { service, destination } of said) {
        shell.print(`${serviceKey(service)} ${destinationKey(destination)}: ${what}\n`);
      }
    }
    for (const { message } of failures) shell.complain(message);
    if (said.length === 0 && answers.length > 0)
      shell.complain('no director that answers has that destination');
    return said.length > 0 && failures.length === 0 ? 0 : 1;
  });
};
