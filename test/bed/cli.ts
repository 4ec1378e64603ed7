import { DeadlineError, runOnBed } from './bed.ts';
import { say } from './say.ts';
import { catchSignals } from './signals.ts';

const usage = `Runs a command on a kernel with IPVS.

  npm run bed -- COMMAND [ARGUMENT…]

  IPVS_KERNEL       host, 5.10, 6.1, 6.12, 7.x or arm64 (default: the host's own if it has IPVS, else 6.1)
  IPVS_BED_TIMEOUT  seconds until the command is stopped (default: 900)
  IPVS_BED_OUTPUT   a directory whose files come back to the host: under QEMU none else do
  IPVS_BED_ACCEL    kvm: boot with hardware acceleration, where that really works
  IPVS_CACHE        where unpacked kernels are kept (default: ipvs-bed in the user's cache directory)

The exit status is the command's; 124 at the deadline, 125 when the bed itself fails.
`;

async function main(command: readonly string[]): Promise<number> {
  if (command.length === 0 || command[0] === '--help') {
    process.stderr.write(usage);
    return command.length === 0 ? 2 : 0;
  }
  const stop = catchSignals();
  try {
    return (await runOnBed({ command, signal: stop.signal })).exitStatus;
  } catch (error) {
    const exitStatus = stop.exitStatus();
    if (exitStatus !== undefined) return exitStatus;
    say((error as Error).message);
    return error instanceof DeadlineError ? 124 : 125;
  }
}

// Not process.exit(), which would lose output that is still in a pipe.
process.exitCode = await main(process.argv.slice(2));
