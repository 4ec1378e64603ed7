import { type CommandName, type CommandRule, commands } from '../../rules/grammar/commands.ts';
import { type Argument, type OptionName, type OptionRule, options } from '../../rules/grammar/options.ts';
import { type OwnCommand, type OwnName, ownCommands, type shells } from '../grammar.ts';

/** A word that can be typed, in all its spellings, and what it is for. */
interface Word {
  /** The shortest spelling first. */
  readonly spellings: readonly string[];
  readonly help: string;
}

/** What may follow after a command. */
interface Context {
  readonly command: Word;
  readonly options: readonly Word[];
  /** Words that stand without an option. */
  readonly plain: readonly string[];
  readonly file: boolean;
}

/** What may follow after an option: these words, or something nobody can guess. */
interface Taking {
  readonly option: Word;
  readonly choices: readonly string[];
}

/** The whole language, the same for each shell. */
interface Language {
  readonly contexts: readonly Context[];
  readonly takings: readonly Taking[];
}

function spellings(name: string, { short, alias }: { short?: string; alias?: string }): string[] {
  return [...[short, alias].filter(letter => letter !== undefined).map(letter => `-${letter}`), `--${name}`];
}

function choicesOf(argument: Argument | undefined): readonly string[] {
  return argument !== undefined && 'choices' in argument ? (argument.choices ?? []) : [];
}

function readLanguage(): Language {
  const optionWord = (name: OptionName): Word => {
    const rule: OptionRule = options[name];
    return { spellings: spellings(name, rule), help: rule.help };
  };
  const theirs = (Object.keys(commands) as CommandName[]).map((name): Context => {
    const rule: CommandRule = commands[name];
    const command = { spellings: spellings(name, rule), help: rule.help };
    return { command, options: rule.takes.map(optionWord), plain: choicesOf(rule.argument), file: false };
  });
  const names = Object.keys(ownCommands) as OwnName[];
  const own = names.map((name): Context => {
    const { options: taken = {}, choices = [], file = false, help }: OwnCommand = ownCommands[name];
    return {
      command: { spellings: [name], help },
      options: Object.entries(taken).map(([option, what]) => ({ spellings: [option], help: what })),
      plain: name === 'help' ? [...new Set([...names, ...Object.keys(commands)])] : choices,
      file,
    };
  });
  const takings = (Object.keys(options) as OptionName[]).flatMap((name): Taking[] => {
    const { argument, optional }: OptionRule = options[name];
    if (argument === undefined || optional) return [];
    return [{ option: optionWord(name), choices: choicesOf(argument) }];
  });
  return { contexts: [...own, ...theirs], takings };
}

/** The script by which a shell completes `ipvs`, made from the grammar. */
export function completionScript(shell: (typeof shells)[number]): string {
  return writers[shell](readLanguage());
}

/** A word in single quotes; `'\''` is what all three shells take for a quote. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function all(words: readonly Word[]): string {
  return words.flatMap(word => word.spellings).join(' ');
}

/** Patterns of a shell's `case`. */
function patterns({ spellings: list }: Word): string {
  return list.join('|');
}

const writers: Readonly<Record<(typeof shells)[number], (language: Language) => string>> = {
  bash: ({ contexts, takings }) => `# bash completion for ipvs
_ipvs() {
  local current=\${COMP_WORDS[COMP_CWORD]} words='' files=''
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    words='${all(contexts.map(({ command }) => command))}'
  else
    case \${COMP_WORDS[COMP_CWORD-1]} in
${takings.map(({ option, choices }) => `      ${patterns(option)}) words='${choices.join(' ')}' ;;`).join('\n')}
      *)
        case \${COMP_WORDS[1]} in
${contexts
  .map(
    ({ command, options: taken, plain, file }) =>
      `          ${patterns(command)}) words='${[...plain, all(taken)].join(' ').trim()}'${file ? ' files=1' : ''} ;;`,
  )
  .join('\n')}
        esac ;;
    esac
  fi
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  [[ -n $files ]] && COMPREPLY+=( $(compgen -f -- "$current") )
  return 0
}
complete -F _ipvs ipvs
`,

  zsh: ({ contexts, takings }) => {
    const described = (words: readonly Word[]) =>
      words.flatMap(({ spellings: list, help }) =>
        list.map(spelling => quote(`${spelling}:${help.replaceAll('\\', '\\\\').replaceAll(':', '\\:')}`)),
      );
    return `#compdef ipvs
_ipvs() {
  local -a found plain
  if (( CURRENT == 2 )); then
    found=(${described(contexts.map(({ command }) => command)).join(' ')})
    _describe -o command found
    return
  fi
  case $words[CURRENT-1] in
${takings.map(({ option, choices }) => `    (${patterns(option)}) ${choices.length > 0 ? `compadd -- ${choices.join(' ')}` : '_message value'}; return ;;`).join('\n')}
  esac
  case $words[2] in
${contexts
  .map(({ command, options: taken, plain, file }) => {
    const actions = [
      ...(taken.length > 0 ? [`found=(${described(taken).join(' ')})`] : []),
      ...(plain.length > 0 ? [`plain=(${plain.join(' ')})`] : []),
      ...(file ? ['_files'] : []),
    ];
    return `    (${patterns(command)}) ${actions.length > 0 ? `${actions.join('; ')} ` : ''};;`;
  })
  .join('\n')}
  esac
  (( $#plain )) && compadd -- $plain
  (( $#found )) && _describe -o option found
}
if [[ $funcstack[1] == _ipvs ]]; then _ipvs "$@"; else compdef _ipvs ipvs; fi
`;
  },

  fish: ({ contexts, takings }) => {
    const choicesFor = ({ spellings: list }: Word) =>
      takings.find(({ option }) => option.spellings.at(-1) === list.at(-1));
    const switches = ({ spellings: list }: Word) =>
      list.map(word => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`)).join(' ');
    const line = (condition: string, ...rest: readonly string[]) =>
      `complete -c ipvs -n ${quote(condition)} ${rest.filter(part => part !== '').join(' ')}`;
    const lines = contexts.flatMap(({ command, options: taken, plain, file }) => {
      const inside = `__ipvs_command ${command.spellings.join(' ')}`;
      const named = command.spellings[0]!.startsWith('-');
      return [
        line(
          '__ipvs_first',
          named ? switches(command) : `-a ${command.spellings[0]}`,
          `-d ${quote(command.help)}`,
        ),
        ...taken.map(word => {
          const taking = choicesFor(word);
          const takes =
            taking === undefined
              ? ''
              : `-x${taking.choices.length > 0 ? ` -a ${quote(taking.choices.join(' '))}` : ''}`;
          return line(inside, switches(word), takes, `-d ${quote(word.help)}`);
        }),
        ...(plain.length > 0 ? [line(inside, `-a ${quote(plain.join(' '))}`)] : []),
        ...(file ? [line(inside, '-F')] : []),
      ];
    });
    return `# fish completion for ipvs
function __ipvs_first
    test (count (commandline -opc)) -eq 1
end
function __ipvs_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end
complete -c ipvs -f
${lines.join('\n')}
`;
  },
};
