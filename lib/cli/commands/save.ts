import { formatRules } from '../../rules/format/format.ts';
import type { Run } from '../arguments.ts';
import { withModule } from '../with-client.ts';

/** Writes the table as rules. */
export const run: Run = (_, shell) =>
  withModule(shell, async ipvs => {
    shell.print(formatRules(await ipvs.snapshot(), { order: 'given' }));
    return 0;
  });
