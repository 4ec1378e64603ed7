import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DeadlineError, runOnBed } from '../bed/bed.ts';
import { catchSignals } from '../bed/signals.ts';
import { messageOf } from './hosts/scope.ts';
import { labs } from './labs.ts';
import { htmlReport } from './report/html.ts';
import { teeReport } from './report/tee.ts';
import { terminalReport, wantsColour } from './report/terminal.ts';

const names = [...labs.keys()];
/** The page's file name on its way out of the bed. */
const PAGE = 'lab.html';

function usage(): string {
  const width = Math.max(...names.map(name => name.length));
  const rows = [...labs].map(([name, { title, proofs }]) => {
    return `  ${name.padEnd(width)} ${title}\n  ${' '.repeat(width)} without: ${Object.keys(proofs).join(', ')}\n`;
  });
  return `Shows Linux Virtual Server at work, with real traffic on a kernel with IPVS.

  npm run lab [-- NAME…] [--without STEP]… [--html FILE]

${rows.join('')}
  NAME            the labs to run; all when there is none
  --without STEP  leaves a step out, to see what it is for: the lab fails then
  --html FILE     writes a page with everything that was shown, to be opened without a network
  IPVS_KERNEL     host, 5.10, 6.1, 6.12 or 7.x (default: the host's own if it has IPVS, else 6.1)

The exit status is 0 when every lab passed and 1 when one did not.
`;
}

interface Request {
  readonly names: readonly string[];
  readonly leaveOut: readonly string[];
  /** The file that gets the page. */
  readonly html: string | undefined;
}

/** The request of a command line. Throws at unknown labs and steps. */
function parse(args: readonly string[]): Request | 'help' {
  const options = {
    help: { type: 'boolean', short: 'h' },
    without: { type: 'string', multiple: true },
    html: { type: 'string' },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help) return 'help';
  const unknown = positionals.filter(name => !labs.has(name));
  if (unknown.length > 0) throw new Error(`no lab ${unknown.join(', ')}. There is: ${names.join(', ')}`);
  const wanted = positionals.length > 0 ? positionals : names;
  const { without = [] } = values;
  const steps = wanted.flatMap(name => Object.keys(labs.get(name)?.proofs ?? {}));
  const noSteps = without.filter(step => !steps.includes(step));
  if (noSteps.length > 0) {
    throw new Error(`no step ${noSteps.join(', ')} in ${wanted.join(', ')}. There is: ${steps.join(', ')}`);
  }
  return { names: wanted, leaveOut: without, html: values.html };
}

/** Runs this program on a kernel with IPVS. */
async function runOutside(
  args: readonly string[],
  html: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const self = [process.execPath, '--import', 'tsx', fileURLToPath(import.meta.url), ...args];
  // On an emulated machine even Node.js takes seconds to start: say that the kernel is up.
  const announce = 'echo "Linux $(uname -r) is up, the lab starts on it" >&2; exec "$@"';
  const command = ['sh', '-c', announce, 'sh', ...self];
  // Only this directory's files leave an emulated machine.
  const outputDirectory = html === undefined ? undefined : await mkdtemp(join(tmpdir(), 'ipvs-lab-'));
  try {
    const { exitStatus } = await runOnBed({
      command,
      signal,
      ...(outputDirectory !== undefined && { outputDirectory }),
    });
    if (html !== undefined && outputDirectory !== undefined) {
      await copyFile(join(outputDirectory, PAGE), html);
      console.log(`\n${html} shows it all`);
    }
    return exitStatus;
  } catch (error) {
    signal.throwIfAborted();
    console.error(messageOf(error));
    return error instanceof DeadlineError ? 124 : 125;
  } finally {
    if (outputDirectory !== undefined) await rm(outputDirectory, { recursive: true });
  }
}

/** Runs labs on this kernel, one after another, including those after one that fails. */
async function runInside(request: Request, signal: AbortSignal): Promise<number> {
  const terminal = terminalReport(text => void process.stdout.write(text), wantsColour(process.stdout));
  const page = htmlReport(release());
  const report = teeReport(terminal, page);
  let status = 0;
  for (const name of request.names) {
    try {
      const checks = await labs.get(name)!.run({ report, signal, leaveOut: request.leaveOut });
      if (!checks.every(({ passed }) => passed)) status = 1;
    } catch (error) {
      signal.throwIfAborted();
      report.verdict(name, [{ what: 'the lab runs', passed: false, detail: messageOf(error) }]);
      status = 1;
    }
  }
  const { IPVS_BED_OUTPUT } = process.env;
  if (request.html !== undefined && IPVS_BED_OUTPUT !== undefined) {
    await writeFile(join(IPVS_BED_OUTPUT, PAGE), page.page());
  }
  return status;
}

async function main(args: readonly string[]): Promise<number> {
  let request: Request | 'help';
  try {
    request = parse(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage()}`);
    return 2;
  }
  if (request === 'help') {
    console.log(usage());
    return 0;
  }
  // Outside and inside the bed a signal first ends and undoes what is under way.
  const stop = catchSignals();
  try {
    // The bed sets this variable.
    const { IPVS_BED } = process.env;
    if (IPVS_BED) return await runInside(request, stop.signal);
    return await runOutside(args, request.html, stop.signal);
  } catch (error) {
    console.error(messageOf(error));
    return stop.exitStatus() ?? 1;
  }
}

// Not process.exit: output still in a pipe would be lost.
process.exitCode = await main(process.argv.slice(2));
