import type { DocumentOptions, LineCounter, ParsedNode, Document as YamlDocument } from 'yaml';
import type { TableEntry } from '../../model/table.ts';
import type { DesiredError, DesiredProblem } from '../../reconcile/problems.ts';
import type { PlanData } from '../../reconcile/types.ts';
import { withNames } from '../../rules/names.ts';
import { type LineTable, readLineTable, servicesOf } from '../../rules/parse/table.ts';
import { type RuleProblem, type RulesError, show } from '../../rules/problem.ts';
import type { Shell } from '../terminal.ts';
import { inOptions, rephrase } from './desired-options.ts';

/** A desired state, or a plan that was kept. */
type DesiredContent = readonly TableEntry[] | PlanData;

/** What a file says. */
export interface DesiredFile<C = DesiredContent> {
  readonly content: C;
  /** What is odd about lines that are taken. */
  readonly warnings: readonly RuleProblem[];
  /** A problem with what the file says, at its place in the file. */
  place(problem: DesiredProblem): string;
}

/** Reads a file of rules, JSON or YAML. Throws an error that tells each problem with its place. */
export function readDesiredFile(path: string, shell: Shell): Promise<DesiredFile> {
  return readFileOf(path, shell, contentOf);
}

/** As `readDesiredFile`, for files that have something else: `understand` makes it of their data, or throws. */
export async function readFileOf<C>(
  path: string,
  shell: Shell,
  understand: (data: unknown) => C,
): Promise<DesiredFile<C>> {
  let text: string;
  try {
    text = await shell.read(path);
  } catch (error) {
    throw new Error(`${show(path)} can't be read: ${(error as Error).message}`);
  }
  const named = languageNamed(path);
  const language = named ?? languageBegun(text);
  const read = readers[language];
  try {
    return await read(text, understand);
  } catch (error) {
    const { code, message } = error as Partial<RulesError> & Error;
    const isGuess = named === undefined && language === 'yaml';
    const how = isGuess ? ' (taken for YAML: it begins with neither a rule nor JSON)' : '';
    throw code === 'ERR_IPVS_RULES' ? error : new Error(`${show(path)}${how}: ${message}`);
  }
}

type Language = 'rules' | 'json' | 'yaml';

/** The language that a name tells by its end. */
function languageNamed(path: string): Language | undefined {
  const [, end] = /\.(json|ya?ml)$/.exec(path) ?? [];
  return end === 'yml' ? 'yaml' : (end as Language | undefined);
}

/** The language that a text tells by its beginning. */
function languageBegun(text: string): Language {
  if (/^\s*[[{]/.test(text)) return 'json';
  const [first] = /^(?!\s*(?:#|$)).+/m.exec(text) ?? [''];
  // A list's item in YAML is a dash and a blank; an option of rules has its letter behind the dash. A file with
  // nothing in it has no rules.
  return first === '' || /^\s*(?:-{1,2}[A-Za-z]|ipvsadm\b|\/)/.test(first) ? 'rules' : 'yaml';
}

type Reader = <C>(text: string, understand: (data: unknown) => C) => Promise<DesiredFile<C>>;

const readers: Readonly<Record<Language, Reader>> = {
  async rules(text, understand) {
    const { table, warnings } = await withNames(names => readLineTable(text, { names }));
    const place = (problem: DesiredProblem) => {
      const { rest, field } = atPath(problem);
      return `line ${lineOf(table, problem.path)}: ${field.replace(/^\./, '')}${rest}`;
    };
    return { content: understand(servicesOf(table)), warnings, place };
  },

  async json(text, understand) {
    return {
      content: understand(JSON.parse(text)),
      warnings: [],
      place: ({ message }) => withoutRoot(message),
    };
  },

  async yaml(text, understand) {
    const { parseDocument, LineCounter } = await importYaml();
    const lineCounter = new LineCounter();
    // `<<: *defaults`, which YAML 1.2 has no more and everybody writes.
    const options: DocumentOptions & { lineCounter: LineCounter; merge: true } = { lineCounter, merge: true };
    const document = parseDocument(text, options);
    const { errors } = document;
    // Without the lines of the file that follow, which may hold anything.
    const mistakes = errors
      .slice(0, LISTED)
      .map(({ message }) => message.split('\n', 1)[0]!.replace(/:$/, ''));
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
    const place = ({ path, message }: DesiredProblem) => {
      const offset = offsetOf(document, stepsOf(path));
      const at = offset === undefined ? '' : `line ${lineCounter.linePos(offset).line}: `;
      return `${at}${withoutRoot(message)}`;
    };
    return { content: understand(document.toJS()), warnings: [], place };
  },
};

/** At most this many mistakes of a file that can't be read are told. */
const LISTED = 20;

async function importYaml(): Promise<typeof import('yaml')> {
  try {
    return await import('yaml');
  } catch {
    throw new Error('to read YAML takes the package yaml: `npm install yaml`; rules and JSON need nothing');
  }
}

function contentOf(data: unknown): DesiredContent {
  if (Array.isArray(data)) return data;
  if (typeof data === 'object' && data !== null && 'steps' in data) return data as PlanData;
  throw new Error('it is neither a list of services, each with its destinations, nor a plan');
}

/** Whether a file has a plan that was kept. */
export function isPlan(content: DesiredContent): content is PlanData {
  return !Array.isArray(content);
}

const ROW = /^desired(?:\[(\d+)\](?:\.destinations\[(\d+)\])?)?/;

/** A problem's message, without the row that its path begins with. */
function atPath({ path, message }: DesiredProblem): { readonly field: string; readonly rest: string } {
  return { field: path.replace(ROW, ''), rest: message.slice(path.length).replace(/^: /, '') };
}

/** The line that says the row of a path. */
function lineOf(table: LineTable, path: string): number {
  const [, service, destination] = ROW.exec(path) ?? [];
  const entry = [...table.values()][Number(service)];
  if (entry === undefined) return 0;
  if (destination === undefined) return entry.line;
  return [...entry.destinations.values()][Number(destination)]?.line ?? entry.line;
}

/** A message with paths that begin in the file instead of in a program's argument. */
function withoutRoot(message: string): string {
  return message.replaceAll(/\bdesired(?:\.|(?=\[))/g, '');
}

/** The steps of a path: `desired[3].weight` is 3, 'weight'. */
function stepsOf(path: string): readonly (string | number)[] {
  return Array.from(path.matchAll(/\[(\d+)\]|\.(\w+)/g), ([, index, name]) =>
    index === undefined ? name! : Number(index),
  );
}

/** Where the node at a path begins, or the nearest around it that is there. */
function offsetOf(
  document: YamlDocument<ParsedNode>,
  path: readonly (string | number)[],
): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as ParsedNode | undefined;
    if (node?.range != null) return node.range[0];
  }
  return undefined;
}

/** Tells every problem of a desired state at its place; other errors are thrown on, in the command's words. */
export function tellDesired(error: unknown, file: DesiredFile, shell: Shell): void {
  const { code, problems } = error as Partial<DesiredError>;
  if (code !== 'ERR_IPVS_DESIRED') throw rephrase(error as Error);
  const places = problems!.map(problem => inOptions(file.place(problem)));
  shell.complain([...new Set(places)].join('\n'));
  shell.complain(`${places.length} ${places.length === 1 ? 'mistake' : 'mistakes'}; nothing was done`);
}
