import { parseArgs } from 'node:util';
import { byName } from '../../rules/grammar/lookup.ts';
import { show } from '../../rules/problem.ts';
import { type Arguments, isMisuse } from '../arguments.ts';
import { widthOf } from '../columns.ts';
import { type Builtin, type BuiltinName, builtins, shells } from '../grammar.ts';
import { checkText } from '../restore/check.ts';
import { restoreText } from '../restore/restore.ts';
import type { Shell } from '../terminal.ts';
import { withModule } from '../with-client.ts';

/** A command that was written wrong. */
const MISUSED = 2;

/** For `plan`, as for diff, 2 says that something differs. */
const exitOfMisuse = (name: string) => (name === 'plan' ? 1 : MISUSED);

/** Does one of this package's commands and returns the exit status. */
export async function runBuiltin([name, ...rest]: readonly string[], shell: Shell): Promise<number> {
  if (name === undefined || !Object.hasOwn(builtins, name)) {
    const names = Object.keys(builtins).join(', ');
    shell.complain(`there is no command ${show(name ?? '')}: expected ${names}, or an option of ipvsadm's`);
    return MISUSED;
  }
  const given = readArguments(name as BuiltinName, rest, shell);
  if (given === undefined) return exitOfMisuse(name);
  try {
    return await runs[name as BuiltinName](given, shell);
  } catch (error) {
    if (!isMisuse(error)) throw error;
    shell.complain(`ipvs ${name}: ${error.message}; \`ipvs help ${name}\` explains it`);
    return exitOfMisuse(name);
  }
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

const runs: Readonly<Record<BuiltinName, (given: Arguments, shell: Shell) => Promise<number>>> = {
  list: ({ options }, shell) =>
    withModule(shell, async ipvs => {
      const table = await ipvs.snapshot();
      if (options['json']) {
        shell.print(`${JSON.stringify(table, undefined, 2)}\n`);
      } else {
        const { formatTable, formatWarnings } = await import('./list.ts');
        shell.print(formatTable(table, shell.colours === true));
        const warnings = formatWarnings(table);
        if (warnings !== '') shell.complain(warnings);
      }
      return 0;
    }),

  save: (_, shell) =>
    withModule(shell, async ipvs => {
      const { formatRules } = await import('../../rules/format/format.ts');
      shell.print(formatRules(await ipvs.snapshot(), { order: 'given' }));
      return 0;
    }),

  async restore({ words, options }, shell) {
    const path = words[0]!;
    let text: string;
    try {
      text = await shell.read(path);
    } catch (error) {
      shell.complain(`${show(path)} can't be read: ${(error as Error).message}`);
      return 1;
    }
    const clear = options['clear'] === true;
    return options['check'] === true ? checkText(text, shell, clear) : restoreText(text, shell, clear);
  },

  async plan(given, shell) {
    const { preparePlan } = await import('./plan.ts');
    const work = await preparePlan(given, shell);
    // Where there is no kernel to ask, `withModule` returns what means changes here.
    let status = 1;
    await withModule(shell, async ipvs => {
      status = await work(ipvs);
      return status;
    });
    return status;
  },

  async apply(given, shell) {
    const { prepareApply } = await import('./apply.ts');
    return withModule(shell, await prepareApply(given, shell));
  },

  async drain(given, shell) {
    const { prepareDrain } = await import('./drain.ts');
    return withModule(shell, await prepareDrain(given, shell));
  },

  async completion({ words }, shell) {
    const which = shells.find(known => known === words[0]);
    if (which === undefined) {
      shell.complain(`completion is written for ${shells.join(', ')}, not for ${show(words[0]!)}`);
      return MISUSED;
    }
    const { completionScript } = await import('./completion.ts');
    shell.print(completionScript(which));
    return 0;
  },

  async help({ words: [word] }, shell) {
    const { commandHelp, builtinHelp, builtinCommandHelp } = await import('../help.ts');
    const width = widthOf(shell);
    if (word === undefined) {
      shell.print(builtinHelp(width));
      return 0;
    }
    if (Object.hasOwn(builtins, word)) {
      shell.print(builtinCommandHelp(word as BuiltinName, width));
      return 0;
    }
    // As one writes it, or without its dashes.
    const found = byName.get(word) ?? byName.get(`--${word}`) ?? byName.get(`-${word}`);
    if (found === undefined || !('command' in found)) {
      shell.complain(`there is no command ${show(word)}; \`ipvs help\` lists them`);
      return MISUSED;
    }
    shell.print(commandHelp(found.command, width));
    return 0;
  },
};
