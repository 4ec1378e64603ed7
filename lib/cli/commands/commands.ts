import { parseArgs } from 'node:util';
import { show } from '../../rules/problem.ts';
import { type Arguments, isMisuse, MISUSED, type Run } from '../arguments.ts';
import { type Builtin, type BuiltinName, builtins } from '../grammar.ts';
import type { Shell } from '../terminal.ts';

/** For `plan`, as for diff, 2 says that something differs. */
const exitOfMisuse = (name: string) => (name === 'plan' ? 1 : MISUSED);

/** Does one of this package's commands and returns the exit status. */
export async function runBuiltin([name, ...rest]: readonly string[], shell: Shell): Promise<number> {
  if (name === undefined || !Object.hasOwn(builtins, name)) {
    const names = Object.keys(builtins).join(', ');
    shell.complain(`there is no command ${show(name ?? '')}: expected ${names}, or an option of ipvsadm's`);
    return MISUSED;
  }
  if (asksForHelp(name, rest)) return runBuiltin(['help', name], shell);
  const given = readArguments(name as BuiltinName, rest, shell);
  if (given === undefined) return exitOfMisuse(name);
  try {
    const { run } = await commands[name as BuiltinName]();
    return await run(given, shell);
  } catch (error) {
    if (!isMisuse(error)) throw error;
    shell.complain(`ipvs ${name}: ${error.message}; \`ipvs help ${name}\` explains it`);
    return exitOfMisuse(name);
  }
}

/** Whether a command is to be explained. `ipvs help -h`: the word after `help` is not an option. */
function asksForHelp(name: string, args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  return name !== 'help' && options.some(word => word === '--help' || word === '-h');
}

/** Reads a command's words and options; undefined after a complaint. */
function readArguments(name: BuiltinName, args: readonly string[], shell: Shell): Arguments | undefined {
  const { argument, most = argument === undefined ? 0 : 1, options = {} }: Builtin = builtins[name];
  // `ipvs help -A`: the word after `help` is not an option.
  if (name === 'help' && args.length === 1) return { words: args, options: {} };
  const known = Object.keys(options).map(option => {
    const [word, value] = option.slice(2).split(' ');
    return [word!, { type: value === undefined ? 'boolean' : 'string' }] as const;
  });
  const misused = (what: string) => {
    shell.complain(`ipvs ${name}: ${what}; \`ipvs help ${name}\` explains it`);
    return undefined;
  };
  let parsed: { readonly values: Arguments['options']; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...args], options: Object.fromEntries(known), allowPositionals: true });
  } catch (error) {
    return misused((error as Error).message.replace(/\. .*/s, '').replace(/^Unknown/, 'unknown'));
  }
  const words = parsed.positionals;
  const optional = argument === undefined || argument.startsWith('[');
  if (!optional && words.length === 0) return misused(`${argument} is missing`);
  const surplus = words[most];
  if (surplus !== undefined) return misused(`${show(surplus)} is too much`);
  return { words, options: parsed.values };
}

/** How each command is run: by a module of its own, which is imported when it is wanted. */
const commands: Readonly<Record<BuiltinName, () => Promise<{ readonly run: Run }>>> = {
  list: () => import('./list.ts'),
  save: () => import('./save.ts'),
  restore: () => import('./restore.ts'),
  plan: () => import('./plan.ts'),
  apply: () => import('./apply.ts'),
  drain: () => import('./drain.ts'),
  exporter: () => import('./exporter.ts'),
  director: () => import('./director.ts'),
  status: () => import('./status.ts'),
  maintenance: () => import('./maintenance.ts'),
  convert: () => import('./convert.ts'),
  completion: () => import('./completion.ts'),
  help: () => import('./help.ts'),
};
