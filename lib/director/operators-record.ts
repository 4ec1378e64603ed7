import { callsOf, type Ipvs } from '../client.ts';
import { readOperators, writeOperators } from '../records/directors.ts';
import { recordsDirectory } from '../records/directory.ts';
import type { Operators } from './operators.ts';
import type { Problems } from './problems.ts';

/** What operators have said, in /run/ipvs: it holds over restarts. */
export interface OperatorsRecord {
  /** Reads what was said before. Rejects with ERR_IPVS_RECORD where that can't be read. */
  load(): Promise<void>;
  /** Writes all that was said, one write after another. */
  save(): Promise<void>;
  /** Resolves when the last write is over. */
  settled(): Promise<void>;
}

export function createOperatorsRecord(
  ipvs: Ipvs,
  owner: string,
  operators: Operators,
  problems: Problems,
): OperatorsRecord {
  const directory = () => recordsDirectory(callsOf(ipvs), {});
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const where = await directory();
    try {
      await writeOperators(where, owner, operators.records());
      problems.end('record');
    } catch (error) {
      problems.begin('record', (error as Error).message);
      throw error;
    }
  }

  return {
    load: async () => operators.load(await readOperators(await directory(), owner)),
    save() {
      const saving = writing.then(write, write);
      writing = saving.catch(() => {});
      return saving;
    },
    settled: () => writing,
  };
}
