import { runCommandLine } from '../../lib/cli/run.ts';

/** The outcome of a command. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `ipvs` with these words in this process, in a network namespace. It reads `input` instead of any file.
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
