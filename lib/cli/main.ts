import { runCommandLine } from './run.ts';
import { processShell } from './terminal.ts';

runCommandLine(process.argv.slice(2), processShell).then(status => {
  // Not process.exit: output still in a pipe would be lost.
  process.exitCode = status;
});
