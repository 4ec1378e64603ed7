import { type CommandName, type CommandRule, commands } from '../rules/grammar/commands.ts';
import { written } from '../rules/grammar/lookup.ts';
import { type OptionName, type OptionRule, options } from '../rules/grammar/options.ts';
import { twoColumns, wrap } from './columns.ts';
import { type Builtin, type BuiltinName, builtins } from './grammar.ts';

/** Explains all of ipvsadm's language, made from its grammar, in lines of `width` characters. */
export function ipvsadmHelp(width: number): string {
  const names = Object.keys(commands) as CommandName[];
  const lines = names.map(name => {
    const rule: CommandRule = commands[name];
    return [usage(name, rule), rule.help] as const;
  });
  const later = (name: CommandName) => commands[name].takes.filter(option => !has('delete-service', option));
  const groups: readonly (readonly [title: string, options: readonly OptionName[]])[] = [
    ['Virtual services', commands['delete-service'].takes],
    ['Scheduling (-A, -E)', later('add-service')],
    ['Destinations (-a, -e)', later('add-server')],
    ['Lists (-L)', later('list')],
    ['Sync daemons (--start-daemon)', commands['start-daemon'].takes],
  ];
  const isAddition = (name: OptionName) => (options[name] as OptionRule).addition === true;
  const additions = (Object.keys(options) as OptionName[]).filter(isAddition);
  return [
    ...wrap(
      'ipvsadm’s language. The first option is the command; `ipvs help COMMAND` tells more, `ipvs help` of simpler commands.',
      width,
    ),
    '',
    'Commands',
    ...twoColumns(lines, width),
    ...groups.flatMap(([title, list]) => [
      '',
      title,
      ...optionLines(
        list.filter(name => !isAddition(name)),
        width,
      ),
    ]),
    '',
    'Additions, which ipvsadm does not have',
    ...optionLines(additions, width, ''),
    '',
    'Examples',
    ...names
      .filter(name => name !== 'help' && name !== 'version')
      .map(name => `  ipvs ${commands[name].example}`),
    '',
  ].join('\n');
}

function has(command: CommandName, option: OptionName): boolean {
  const { takes }: CommandRule = commands[command];
  return takes.includes(option);
}

/** Explains this package's commands. */
export function builtinHelp(width: number): string {
  const names = Object.keys(builtins) as BuiltinName[];
  return [
    ...wrap(
      'ipvs: lists and changes the kernel’s virtual servers. It speaks ipvsadm’s language too: `ipvs -h`.',
      width,
    ),
    '',
    ...twoColumns(
      names.map(name => [builtinUsage(name), builtins[name].help]),
      width,
    ),
    '',
    'Examples',
    ...twoColumns(
      names.flatMap((name): Builtin['examples'] => builtins[name].examples),
      width,
    ),
    '',
    'A service with two destinations',
    '  ipvs -A -t 10.100.10.101:80 -s wrr -p 300',
    '  ipvs -a -t 10.100.10.101:80 -r 172.16.120.11 -m -w 5',
    '  ipvs -a -t 10.100.10.101:80 -r 172.16.120.12 -m -w 5',
    '',
  ].join('\n');
}

/** Explains one of this package's commands. */
export function builtinCommandHelp(name: BuiltinName, width: number): string {
  const { help, options = {}, examples }: Builtin = builtins[name];
  return [
    ...wrap(`ipvs ${builtinUsage(name)}: ${help}`, width),
    '',
    ...twoColumns([...Object.entries(options), ...examples], width),
    '',
  ].join('\n');
}

function builtinUsage(name: BuiltinName): string {
  const { argument, options = {} }: Builtin = builtins[name];
  const optional = Object.keys(options).map(option => ` [${option}]`);
  return `${name}${argument === undefined ? '' : ` ${argument}`}${optional.join('')}`;
}

/** Explains one command of ipvsadm's. */
export function commandHelp(name: CommandName, width: number): string {
  const rule: CommandRule = commands[name];
  return [
    ...wrap(`ipvs ${usage(name, rule)}: ${rule.help}`, width),
    '',
    `  ipvs ${rule.example}`,
    ...(rule.takes.length > 0 ? ['', ...optionLines(rule.takes, width)] : []),
    '',
  ].join('\n');
}

function usage(name: CommandName, { short, argument, words = [] }: CommandRule): string {
  const takes =
    argument?.kind === 'choice' ? ` ${argument.choices.join('|')}` : words.map(word => ` ${word}`).join('');
  return `${short === undefined ? '' : `${written(name)}, `}--${name}${takes}`;
}

function optionLines(names: readonly OptionName[], width: number, mark = '(not in ipvsadm) '): string[] {
  return twoColumns(
    names.map(name => {
      const { short, argument, optional, help, addition }: OptionRule = options[name];
      const takes = argument === undefined ? '' : optional ? ` [${argument.name}]` : ` ${argument.name}`;
      const choice = argument !== undefined && 'choices' in argument && argument.choices !== undefined;
      return [
        `${short === undefined ? '' : `-${short}, `}--${name}${takes}`,
        `${addition ? mark : ''}${help}${choice ? `: ${argument.choices.join(' ')}` : ''}`,
      ] as const;
    }),
    width,
  );
}
