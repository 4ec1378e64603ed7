import { runCommandLine } from './run.ts';
import { processShell } from './terminal.ts';

runCommandLine(process.argv.slice(2), processShell).then(status => {
  // Not process.exit: output still in a pipe would be lost.
  // A stream that failed while it waited has set it already.
  process.exitCode ||= status;
});
