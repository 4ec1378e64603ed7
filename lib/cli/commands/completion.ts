import { type CommandName, type CommandRule, commands } from '../../rules/grammar/commands.ts';
import { type Argument, type OptionName, type OptionRule, options } from '../../rules/grammar/options.ts';
import { show } from '../../rules/problem.ts';
import { MISUSED, type Run } from '../arguments.ts';
import { type Builtin, type BuiltinName, builtins, shells } from '../grammar.ts';

/** Writes what a shell needs to complete commands and options. */
export const run: Run = async ({ words }, shell) => {
  const which = shells.find(known => known === words[0]);
  if (which === undefined) {
    shell.complain(`completion is written for ${shells.join(', ')}, not for ${show(words[0]!)}`);
    return MISUSED;
  }
  shell.print(completionScript(which));
  return 0;
};

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
  const names = Object.keys(builtins) as BuiltinName[];
  const own = names.map((name): Context => {
    const { options: taken = {}, choices = [], file = false, help }: Builtin = builtins[name];
    return {
      command: { spellings: [name], help },
      options: Object.entries(taken).map(([option, what]) => ({
        spellings: [option.split(' ')[0]!],
        help: what,
      })),
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

/** The letters of short options that take an argument, which ends a bundle of them. */
const lettersWithArgument = (Object.values(options) as OptionRule[])
  .flatMap(({ short, argument }) => (short !== undefined && argument !== undefined ? [short] : []))
  .join('');

const writers: Readonly<Record<(typeof shells)[number], (language: Language) => string>> = {
  bash: ({ contexts, takings }) => `# bash completion for ipvs
_ipvs() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words='' files='' used=' ' taking='' word spelling
  local -a found=()
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=( $(compgen -W '${all(contexts.map(({ command }) => command))}' -- "$current") )
    return 0
  fi
  # -Ln is -L -n: the first letter is the command.
  [[ $command == -[!-]?* ]] && command=\${command:0:2}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -n $taking ]]; then
      [[ $word == '=' ]] || taking=''
      continue
    fi
    case $word in
      --*) used+="\${word%%=*} " taking=$word ;;
      -?*)
        word=\${word:1}
        while [[ -n $word ]]; do
          used+="-\${word:0:1} "
          if [[ \${word:0:1} == [${lettersWithArgument}] ]]; then
            (( \${#word} == 1 )) && taking=-$word
            break
          fi
          word=\${word:1}
        done ;;
    esac
    case $taking in
      ${takings.map(({ option }) => patterns(option)).join('|')}) ;;
      *) taking='' ;;
    esac
  done
  case $taking in
${takings.map(({ option, choices }) => `    ${patterns(option)}) words='${choices.join(' ')}' ;;`).join('\n')}
    *)
      case $command in
${contexts
  .map(({ command, options: taken, plain, file }) => {
    const actions = [
      `found=(${taken.map(({ spellings: list }) => quote(list.join(' '))).join(' ')})`,
      ...(plain.length > 0 ? [`(( COMP_CWORD == 2 )) && words='${plain.join(' ')}'`] : []),
      ...(file ? ['files=1'] : []),
    ];
    return `        ${patterns(command)}) ${actions.join('; ')} ;;`;
  })
  .join('\n')}
      esac
      for word in \${found[@]+"\${found[@]}"}; do
        for spelling in $word; do
          [[ $used == *" $spelling "* ]] && continue 2
        done
        words+=" $word"
      done ;;
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  [[ -n $files ]] && COMPREPLY+=( $(compgen -f -- "$current") )
  return 0
}
complete -F _ipvs ipvs
`,

  zsh: ({ contexts, takings }) => {
    const described = (words: readonly Word[]) =>
      words.map(({ spellings: list, help }) =>
        quote(`${list.join(' ')}:${help.replaceAll('\\', '\\\\').replaceAll(':', '\\:')}`),
      );
    return `#compdef ipvs
_ipvs() {
  local command=$words[2] word spelling taking=''
  local -a entries found plain used
  if (( CURRENT == 2 )); then
    entries=(${described(contexts.map(({ command }) => command)).join(' ')})
  else
    # -Ln is -L -n: the first letter is the command.
    [[ $command == -[^-]?* ]] && command=\${command[1,2]}
    for word in "\${(@)words[2,CURRENT-1]}"; do
      if [[ -n $taking ]]; then
        taking=''
        continue
      fi
      case $word in
        (--*) used+=(\${word%%=*}); taking=$word ;;
        (-?*)
          word=\${word#-}
          while [[ -n $word ]]; do
            used+=("-\${word[1]}")
            if [[ \${word[1]} == [${lettersWithArgument}] ]]; then
              (( $#word == 1 )) && taking=-$word
              break
            fi
            word=\${word[2,-1]}
          done ;;
      esac
      case $taking in
        (${takings.map(({ option }) => patterns(option)).join('|')}) ;;
        (*) taking='' ;;
      esac
    done
    if [[ -z $taking && $PREFIX == --*=* ]]; then
      taking=\${PREFIX%%=*}
      compset -P 1 '*='
    fi
    case $taking in
${takings.map(({ option, choices }) => `      (${patterns(option)}) ${choices.length > 0 ? `compadd -- ${choices.join(' ')}` : '_message value'}; return ;;`).join('\n')}
    esac
    case $command in
${contexts
  .map(({ command, options: taken, plain, file }) => {
    const actions = [
      ...(taken.length > 0 ? [`entries=(${described(taken).join(' ')})`] : []),
      ...(plain.length > 0 ? [`(( CURRENT == 3 )) && plain=(${plain.join(' ')})`] : []),
      ...(file ? ['_files'] : []),
    ];
    return `      (${patterns(command)}) ${actions.length > 0 ? `${actions.join('; ')} ` : ''};;`;
  })
  .join('\n')}
    esac
  fi
  for word in $entries; do
    for spelling in \${=word%%:*}; do
      (( $used[(Ie)$spelling] )) && continue 2
    done
    for spelling in \${=word%%:*}; do
      found+=("$spelling:\${word#*:}")
    done
  done
  (( $#plain )) && compadd -- $plain
  (( $#found )) || return
  # Options are for who began with a dash.
  if (( CURRENT == 2 )); then _describe command found; else _describe -o option found; fi
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
          const names = word.spellings.join(' ');
          const free =
            taking === undefined
              ? `not __ipvs_used ${names}`
              : `begin; not __ipvs_used ${names}; or __ipvs_begun ${names}; end`;
          return line(`${inside}; and ${free}`, switches(word), takes, `-d ${quote(word.help)}`);
        }),
        ...(plain.length > 0 ? [line(`${inside}; and __ipvs_second`, `-a ${quote(plain.join(' '))}`)] : []),
        ...(file ? [line(inside, '-F')] : []),
      ];
    });
    return `# fish completion for ipvs
function __ipvs_first
    test (count (commandline -opc)) -eq 1
end
function __ipvs_second
    test (count (commandline -opc)) -eq 2
end
function __ipvs_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return 1
    # -Ln is -L -n: the first letter is the command.
    contains -- (string replace -r '^(-[^-]).+' '$1' -- $words[2]) $argv
end
function __ipvs_used
    set -l words (commandline -opc)
    for word in $words[2..-1]
        contains -- (string replace -r '=.*' '' -- $word) $argv; and return 0
        string match -qr '^-[^-].' -- $word; or continue
        for letter in (string split '' -- (string sub -s 2 -- $word))
            contains -- -$letter $argv; and return 0
            string match -q '*'$letter'*' ${lettersWithArgument}; and break
        end
    end
    return 1
end
# Whether the argument of an option is typed now: the word before is the option, or a bundle that ends with it.
function __ipvs_begun
    set -l word (commandline -opc)[-1]
    contains -- $word $argv; and return 0
    string match -qr '^-[^-]' -- $word; or return 1
    contains -- -(string sub -s -1 -- $word) $argv
end
complete -c ipvs -f
${lines.join('\n')}
`;
  },
};
