import { runCommandLine } from '../../lib/cli/run.ts';

/** What a command did. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `ipvs` with these words in this process, in a network namespace; it reads `input` in place of any
 * file.
 */
export async function runCommand(words: readonly string[], netns: string, input = ''): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const status = await runCommandLine(words, {
    netns,
    print: text => {
      stdout += Buffer.from(text).toString();
    },
    complain: text => {
      stderr += `${text}\n`;
    },
    read: async () => input,
  });
  return { status, stdout, stderr };
}
