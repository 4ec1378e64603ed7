import { type CommandName, type CommandRule, commands } from '../rules/grammar/commands.ts';
import { written } from '../rules/grammar/lookup.ts';
import { type OptionName, type OptionRule, options } from '../rules/grammar/options.ts';
import { type OwnCommand, type OwnName, ownCommands } from './grammar.ts';

/** Explains all of ipvsadm's language, made from its grammar. */
export function ipvsadmHelp(): string {
  const names = Object.keys(commands) as CommandName[];
  const lines = names.map(name => {
    const rule: CommandRule = commands[name];
    return [usage(name, rule), rule.help] as const;
  });
  const groups = [
    ['Virtual services', commands['delete-service'].takes],
    ['Scheduling (-A, -E)', commands['add-service'].takes.filter(name => !has('delete-service', name))],
    ['Destinations (-a, -e)', commands['add-server'].takes.filter(name => !has('delete-service', name))],
    ['Lists (-L)', commands.list.takes.filter(name => !has('delete-service', name))],
    ['Sync daemons (--start-daemon)', commands['start-daemon'].takes],
    ['Restoring (-R)', commands.restore.takes],
  ] as const;
  return [
    'ipvsadm’s language. The first option is the command; `ipvs help COMMAND` tells more, `ipvs help` of simpler commands.',
    '',
    'Commands',
    ...columns(lines),
    ...groups.flatMap(([title, list]) => ['', title, ...optionLines(list)]),
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

/** Explains our own commands. */
export function ownHelp(): string {
  const names = Object.keys(ownCommands) as OwnName[];
  return [
    'ipvs: lists and changes the kernel’s virtual servers. It speaks ipvsadm’s language too: `ipvs -h`.',
    '',
    ...columns(names.map(name => [ownUsage(name), ownCommands[name].help])),
    '',
    'Examples',
    ...columns(names.flatMap((name): OwnCommand['examples'] => ownCommands[name].examples)),
    '',
    'A service with two destinations',
    '  ipvs -A -t 10.100.10.101:80 -s wrr -p 300',
    '  ipvs -a -t 10.100.10.101:80 -r 172.16.120.11 -m -w 5',
    '  ipvs -a -t 10.100.10.101:80 -r 172.16.120.12 -m -w 5',
    '',
  ].join('\n');
}

/** Explains one of our own commands. */
export function ownCommandHelp(name: OwnName): string {
  const { help, options = {}, examples }: OwnCommand = ownCommands[name];
  return [
    `ipvs ${ownUsage(name)}: ${help}`,
    '',
    ...columns(Object.entries(options)),
    ...columns(examples),
    '',
  ].join('\n');
}

function ownUsage(name: OwnName): string {
  const { argument, options = {} }: OwnCommand = ownCommands[name];
  const optional = Object.keys(options).map(option => ` [${option}]`);
  return `${name}${argument === undefined ? '' : ` ${argument}`}${optional.join('')}`;
}

/** Explains one command of ipvsadm's. */
export function commandHelp(name: CommandName): string {
  const rule: CommandRule = commands[name];
  return [
    `ipvs ${usage(name, rule)}: ${rule.help}`,
    '',
    `  ipvs ${rule.example}`,
    ...(rule.takes.length > 0 ? ['', ...optionLines(rule.takes)] : []),
    '',
  ].join('\n');
}

function usage(name: CommandName, { short, argument, words = [] }: CommandRule): string {
  const takes =
    argument?.kind === 'choice' ? ` ${argument.choices.join('|')}` : words.map(word => ` ${word}`).join('');
  return `${short === undefined ? '' : `${written(name)}, `}--${name}${takes}`;
}

function optionLines(names: readonly OptionName[]): string[] {
  return columns(
    names.map(name => {
      const { short, argument, optional, help }: OptionRule = options[name];
      const takes = argument === undefined ? '' : optional ? ` [${argument.name}]` : ` ${argument.name}`;
      const choice = argument !== undefined && 'choices' in argument && argument.choices !== undefined;
      return [
        `${short === undefined ? '' : `-${short}, `}--${name}${takes}`,
        choice ? `${help}: ${argument.choices.join(' ')}` : help,
      ] as const;
    }),
  );
}

const LEFT = 46;

function columns(rows: readonly (readonly [string, string])[]): string[] {
  return rows.map(([left, right]) =>
    left.length < LEFT ? `  ${left.padEnd(LEFT)} ${right}` : `  ${left}\n  ${' '.repeat(LEFT)} ${right}`,
  );
}
