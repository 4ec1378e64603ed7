import { existsSync } from 'node:fs';
import { Ipvs } from '../../client.ts';
import { lint } from '../../model/lint/lint.ts';
import type { ServiceSpec } from '../../model/service.ts';
import { readKernelModules } from '../../proc/modules.ts';
import { written } from '../../rules/grammar/lookup.ts';
import { withNames } from '../../rules/names.ts';
import { type Doubt, doubtOf } from '../../rules/parse/doubt.ts';
import { readLines } from '../../rules/parse/lines.ts';
import {
  applyLines,
  destinationLine,
  type LineTable,
  lineTable,
  type Refusal,
} from '../../rules/parse/table.ts';
import { type Diagnostic, type RuleProblem, show } from '../../rules/problem.ts';
import type { RuleLine, ServiceRules } from '../../rules/types.ts';
import type { Shell } from '../terminal.ts';
import { REFUSED } from './restore.ts';
import { clearLine } from './steps.ts';
import { tellProblems, tellWarnings } from './tell.ts';

/**
 * Says what is wrong with lines, what this kernel would refuse of them, and what it would take and hardly
 * anybody wants, and returns the exit status: 0 where nothing is wrong. Changes nothing and loads no module.
 */
export async function checkText(text: string, shell: Shell, clear = false): Promise<number> {
  const { lines, problems, warnings, isDoubtful } = await withNames(names => {
    const read = readLines(text, { names });
    return { ...read, isDoubtful: doubtOf(text, read.problems, names) };
  });
  const all = clear ? [clearLine, ...lines] : lines;
  const { table, refusals } = await applyToKernelTable(all, isDoubtful, shell);
  const found = [...problems, ...(await missingModules(lines)), ...refusals.map(toProblem)];
  const odd = [...warnings, ...lintLines(table, warnings, isDoubtful)];
  const byLine = (a: RuleProblem, b: RuleProblem) => a.line - b.line;
  tellWarnings(odd.sort(byLine), shell);
  return tellProblems(found.sort(byLine), 'nothing was done', shell);
}

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
async function missingModules(lines: readonly RuleLine[]): Promise<Diagnostic[]> {
  const modules = await readKernelModules();
  const missing: Diagnostic[] = [];
  for (const { line, command } of lines) {
    if (command.command !== 'add-service' && command.command !== 'edit-service') continue;
    for (const { option, kind, name, module } of modulesOf(command.service)) {
      if (modules.state(module) !== 'missing') continue;
      const message = `${option}: this kernel has no ${kind} ${show(name)} (module ${module})`;
      missing.push({ line, option, message, status: REFUSED });
    }
  }
  return missing;
}

/**
 * Does lines on a copy of the kernel's table, which is read only where a line is about what no other line
 * adds. What is in doubt is not told.
 */
async function applyToKernelTable(
  lines: readonly RuleLine[],
  isDoubtful: Doubt,
  shell: Shell,
): Promise<{ readonly table: LineTable; readonly refusals: readonly Refusal[] }> {
  const table = lineTable([]);
  const refusalsOn = (rows: LineTable) => applyLines(rows, lines).filter(refusal => !isDoubtful(refusal));
  const refusals = refusalsOn(table);
  const isMissing = ({ kind }: Refusal) => kind === 'missing';
  if (!refusals.some(isMissing)) return { table, refusals };
  const present = await readTable(shell);
  if (present === undefined) return { table, refusals: refusals.filter(refusal => !isMissing(refusal)) };
  const whole = lineTable(present);
  return { refusals: refusalsOn(whole), table: whole };
}

/** Warnings about what lines say of services and destinations. */
function lintLines(table: LineTable, warned: readonly RuleProblem[], isDoubtful: Doubt): RuleProblem[] {
  const warnings: RuleProblem[] = [];
  const told = new Set(warned.map(({ line }) => line));
  for (const entry of table.values()) {
    // Servers that a line without mistakes would have given it may be all that is odd.
    if (isDoubtful({ kind: 'missing', service: entry.service })) continue;
    const destinations = Array.from(entry.destinations.values(), ({ destination }) => destination);
    for (const { code, destination, message } of lint([{ ...entry.service, destinations }])) {
      const at = destination === undefined ? entry.line : destinationLine(entry, destination);
      // Line 0: the kernel has it already. What -M and --pe leave without -p was told when the line was read.
      if (at === 0 || (code === 'dormant-persistence' && told.has(at))) continue;
      warnings.push({ line: at, message: `${message} (${code})` });
    }
  }
  return warnings;
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
