#!/usr/bin/env node
import { runCommandLine } from './run.ts';
import { processShell } from './shell.ts';

// A reader that has seen enough (`ipvs | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Not process.exit: output still in a pipe would be lost.
process.exitCode = await runCommandLine(process.argv.slice(2), processShell);
