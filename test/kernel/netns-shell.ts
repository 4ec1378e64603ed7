import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Outcome } from '../support/run-command.ts';

/** A shell in a network namespace. */
export interface NetnsShell {
  /** Runs a program, one at a time. */
  run(command: readonly string[], input?: string): Promise<Outcome>;
  end(): Promise<void>;
}

/**
 * Starts a shell in a network namespace. Entering the namespace anew for each of hundreds of runs would take
 * most of a test's time.
 */
export function startShell(netns: string): NetnsShell {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-shell-'));
  const shell = spawn('ip', ['netns', 'exec', netns, 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]();
  const [inFile, outFile, errFile] = ['in', 'out', 'err'].map(name => join(folder, name));
  return {
    async run(command, input = '') {
      writeFileSync(inFile!, input);
      const quoted = command.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
      shell.stdin.write(`${quoted} <${inFile} >${outFile} 2>${errFile}; echo $?\n`);
      const { value } = await lines.next();
      const [stdout, stderr] = [outFile, errFile].map(file => readFileSync(file!, 'utf8'));
      return { status: Number(value), stdout: stdout!, stderr: stderr! };
    },
    async end() {
      shell.stdin.end();
      if (shell.exitCode === null) await once(shell, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}
