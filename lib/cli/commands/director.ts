import { Ipvs } from '../../client.ts';
import { validateOwner } from '../../records/owners.ts';
import { isGiven, misuse, type Run, textOf } from '../arguments.ts';
import { counted } from '../counted.ts';
import { runDaemon } from '../director/daemon.ts';
import { readDirectorFile } from '../director/file.ts';
import { withModule } from '../with-client.ts';

const modes = ['leave', 'drain', 'remove'] as const;

/** Directs the services of a file until a signal ends it, or only says what is wrong with the file. */
export const run: Run = async (given, shell) => {
  const path = given.words[0]!;
  const ending = textOf(given, 'at-end') ?? 'leave';
  const mode = modes.find(known => known === ending);
  if (mode === undefined) throw misuse(`--at-end takes ${modes.join(', ')}, not '${ending}'`);
  const file = await readDirectorFile(path, shell);
  const owner = validateOwner('--owner', textOf(given, 'owner') ?? file.options.owner ?? 'director');
  if (isGiven(given, 'check')) {
    const rows = file.desired.flatMap(({ destinations }) => destinations);
    shell.print(
      `${counted(file.desired.length, 'service')} with ${counted(rows.length, 'destination')}: nothing is wrong\n`,
    );
    return 0;
  }
  return withModule(shell, async patient => {
    // Where the kernel has no IPVS yet, this is how one learns it.
    await patient.info();
    const { netns } = shell;
    await using ipvs = new Ipvs({ ...(netns !== undefined && { netns }) });
    // Awaited here: the client is closed when this function ends.
    return await runDaemon(ipvs, { path, file, owner, json: isGiven(given, 'json'), mode }, shell);
  });
};
