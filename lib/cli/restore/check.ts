import { existsSync } from 'node:fs';
import { Ipvs } from '../../client.ts';
import { schedulerNames } from '../../model/scheduler.ts';
import type { ServiceSpec } from '../../model/service.ts';
import { readKernelModules } from '../../proc/modules.ts';
import { written } from '../../rules/grammar/lookup.ts';
import { withNames } from '../../rules/names.ts';
import { readLines } from '../../rules/parse/lines.ts';
import { applyLines, lineTable, type Refusal } from '../../rules/parse/table.ts';
import { type Diagnostic, type RuleProblem, show } from '../../rules/problem.ts';
import type { RuleLine, ServiceRules } from '../../rules/types.ts';
import type { Shell } from '../terminal.ts';
import { REFUSED } from './restore.ts';
import { tellProblems, tellWarnings } from './tell.ts';

/**
 * Says what is wrong with lines, and with what the kernel would make of them, and returns the exit status: 0
 * where nothing is. Changes nothing and loads no module.
 */
export async function checkText(text: string, shell: Shell): Promise<number> {
  const { lines, problems, warnings } = await withNames(names => readLines(text, { names }));
  const odd = [...warnings];
  const found = [...problems, ...(await findMissingModules(lines, odd))];
  // If any line could not be read, refusals may only follow from it: the -a of an -A that is bad.
  if (problems.length === 0) found.push(...(await refusedLines(lines, shell)));
  tellWarnings(odd, shell);
  return tellProblems(
    found.sort((a, b) => a.line - b.line),
    'nothing was done',
    shell,
  );
}

/** The kernel's own schedulers and persistence engines by their modules. */
const treeModules: ReadonlySet<string> = new Set([
  ...schedulerNames.map(name => `ip_vs_${name}`),
  'ip_vs_pe_sip',
]);

/** A module that a line needs. */
interface Needed {
  readonly option: string;
  readonly kind: string;
  readonly name: string;
  readonly module: string;
}

function* modulesOf({ scheduler, persistence, dormantPersistence }: ServiceSpec): Generator<Needed> {
  if (scheduler !== undefined && scheduler !== 'none') {
    yield { option: '-s', kind: 'scheduler', name: scheduler, module: `ip_vs_${scheduler}` };
  }
  const name = (persistence ?? dormantPersistence)?.engine;
  if (name !== undefined)
    yield { option: '--pe', kind: 'persistence engine', name, module: `ip_vs_pe_${name}` };
}

/** Problems with schedulers and persistence engines that this kernel neither has nor could load. */
async function findMissingModules(
  lines: readonly RuleLine[],
  warnings: RuleProblem[],
): Promise<Diagnostic[]> {
  const modules = await readKernelModules();
  const missing: Diagnostic[] = [];
  for (const { line, command } of lines) {
    if (command.command !== 'add-service' && command.command !== 'edit-service') continue;
    for (const { option, kind, name, module } of modulesOf(command.service)) {
      const state = modules.state(module);
      if (state === 'missing') {
        const message = `${option}: this kernel has no ${kind} ${show(name)} (module ${module})`;
        missing.push({ line, option, message, status: REFUSED });
      } else if (state === 'unknown' && !treeModules.has(module)) {
        const rule = 'and /lib/modules does not tell whether this one could load it';
        warnings.push({
          line,
          option,
          message: `${option}: ${show(name)} is no ${kind} of the kernel's own tree, ${rule}`,
        });
      }
    }
  }
  return missing;
}

/** Problems with lines that the kernel would refuse because of what is there, or is not. */
async function refusedLines(lines: readonly RuleLine[], shell: Shell): Promise<Diagnostic[]> {
  const alone = applyLines(lineTable([]), lines);
  const isMissing = ({ kind }: Refusal) => kind === 'missing';
  if (!alone.some(isMissing)) return alone.map(toProblem);
  const present = await readTable(shell);
  if (present === undefined) return alone.filter(refusal => !isMissing(refusal)).map(toProblem);
  return applyLines(lineTable(present), lines).map(toProblem);
}

/** The kernel's table; undefined after saying why it can't be read. */
async function readTable(shell: Shell): Promise<readonly ServiceRules[] | undefined> {
  // To open a client would load the module.
  if (!existsSync('/proc/net/ip_vs')) return [];
  const { netns } = shell;
  await using ipvs = new Ipvs(netns === undefined ? {} : { netns });
  try {
    return await ipvs.snapshot();
  } catch (error) {
    shell.complain(
      `warning: lines about services that the file does not add are not checked: ${(error as Error).message}`,
    );
    return undefined;
  }
}

const messages: Readonly<Record<Refusal['kind'], Readonly<Record<Refusal['of'], string>>>> = {
  doubled: {
    service: 'a line before adds this service already',
    destination: 'a line before adds this destination already',
  },
  missing: {
    service: 'neither the file nor the kernel has this service at this line',
    destination: 'neither the file nor the kernel has this destination at this line',
  },
};

function toProblem({ line, command, kind, of }: Refusal): Diagnostic {
  const option = written(command);
  return { line, option, message: `${option}: ${messages[kind][of]}`, status: REFUSED };
}
