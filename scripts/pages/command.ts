import { markdownTable } from 'markdown-table';
import { type Builtin, builtins } from '../../lib/cli/grammar.ts';
import { type CommandName, type CommandRule, commands } from '../../lib/rules/grammar/commands.ts';
import { type OptionName, type OptionRule, options } from '../../lib/rules/grammar/options.ts';

const marks = [
  '<!-- Made by `npm run docs` from the grammar: start -->',
  '<!-- the grammar: end -->',
] as const;

/** The page docs/command.md with its commands and options as lib/ has them now. */
export function commandPage(text: string): string {
  const [start, end] = marks.map(mark => text.indexOf(mark)) as [number, number];
  if (start < 0 || end < start) throw new Error(`docs/command.md lacks the line ${marks[start < 0 ? 0 : 1]}`);
  return `${text.slice(0, start + marks[0].length)}\n\n${tables()}\n${text.slice(end)}`;
}

function tables(): string {
  return [
    '### Commands of its own',
    '',
    markdownTable([['command', 'what it does'], ...Object.entries(builtins).flatMap(builtinRows)]),
    '',
    "### ipvsadm's commands",
    '',
    markdownTable([
      ['command', 'what it does', 'options'],
      ...(Object.keys(commands) as CommandName[]).map(commandRow),
    ]),
    '',
    '### Their options',
    '',
    markdownTable([['option', 'what it does'], ...(Object.keys(options) as OptionName[]).map(optionRow)]),
    '',
  ].join('\n');
}

function builtinRows([name, { argument, options = {}, help }]: [string, Builtin]): string[][] {
  return [
    [code(`ipvs ${name}${argument === undefined ? '' : ` ${argument}`}`), cell(help)],
    ...Object.entries(options).map(([option, what]) => [code(`ipvs ${name} ${option}`), cell(what)]),
  ];
}

function commandRow(name: CommandName): string[] {
  const { short, alias, argument, words = [], takes, help }: CommandRule = commands[name];
  const letters = [short, alias].flatMap(letter => (letter === undefined ? [] : [`-${letter}`]));
  const what = argument !== undefined && 'choices' in argument ? [argument.choices!.join('|')] : words;
  const names = takes.map(option => code(written(option)));
  return [code([[...letters, `--${name}`].join(', '), ...what].join(' ')), cell(help), names.join(' ')];
}

function optionRow(name: OptionName): string[] {
  const { short, argument, optional, help, addition }: OptionRule = options[name];
  const value = argument === undefined ? '' : optional ? ` [${argument.name}]` : ` ${argument.name}`;
  const choices = argument !== undefined && 'choices' in argument ? (argument.choices ?? []) : [];
  return [
    code(`${short === undefined ? '' : `-${short}, `}--${name}${value}`),
    cell(
      [
        help,
        ...(choices.length > 0 ? [`: ${choices.join(' ')}`] : []),
        ...(argument?.kind === 'number' ? [`; ${argument.least} to ${argument.most}`] : []),
        ...(addition ? [' (not in ipvsadm)'] : []),
      ].join(''),
    ),
  ];
}

function written(name: OptionName): string {
  const { short }: OptionRule = options[name];
  return short === undefined ? `--${name}` : `-${short}`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}
