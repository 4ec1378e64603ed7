import { readFileSync } from 'node:fs';
import { readLines } from '../../rules/parse/lines.ts';
import type { Shell } from '../terminal.ts';
import { withModule } from '../with-client.ts';
import { type Failure, failureOf, tellFailures } from './restore.ts';

/**
 * Tells of lines that ipvs-quick has restored and the kernel refused (native/cli/ipvs_quick.cc), and returns
 * the exit status. The lines are on standard input, and the status of each is in the file of the descriptor,
 * 32 bits each: lines up to the last that has a command.
 */
export async function tellRefused([descriptor]: readonly string[], shell: Shell): Promise<number> {
  const bytes = new Uint8Array(readFileSync(Number(descriptor)));
  const statuses = new Int32Array(bytes.buffer);
  const { lines } = readLines(await shell.read('-'));
  return withModule(shell, async ipvs => {
    const failures: Failure[] = [];
    for (const { line, command } of lines) {
      const status = statuses[line - 1]!;
      if (status !== 0) failures.push(await failureOf(ipvs, line, command, status));
    }
    return tellFailures(failures, [], shell);
  });
}
