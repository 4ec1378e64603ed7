/** One of the commands that ipvsadm lacks, as it is explained and completed. */
export interface Builtin {
  /** What follows the command, as one writes it. */
  readonly argument?: string;
  /** The words that may follow, where they are known. */
  readonly choices?: readonly string[];
  /** It takes the name of a file. */
  readonly file?: boolean;
  /** Options with what they do. */
  readonly options?: Readonly<Record<string, string>>;
  readonly help: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** The shells that completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** This package's commands by name; `help` can be asked about these and about ipvsadm's. */
export const builtins = {
  list: {
    options: { '--json': "the library's own shapes, for programs" },
    help: 'show services and destinations, and which of them take connections',
    examples: [
      ['ipvs list', 'a table; names are coloured on a terminal'],
      ['ipvs list --json | jq length', 'how many services there are'],
    ],
  },
  save: {
    help: 'write the whole table as rules for restore; those that ipvsadm has no words for are marked',
    examples: [['ipvs save >/etc/sysconfig/ipvsadm', 'keep the table']],
  },
  restore: {
    argument: 'FILE',
    file: true,
    options: {
      '--check': 'change nothing: say what is wrong, odd, or refused by this kernel',
      '--clear': 'remove all services first; not where the file has a line that can’t be read',
    },
    help: 'do what the lines of a file say, or nothing where one can’t be read; - is standard input',
    examples: [
      ['ipvs restore --check rules', 'every mistake, with its line'],
      ['ipvs restore --clear /etc/sysconfig/ipvsadm', 'replace the table'],
    ],
  },
  completion: {
    argument: shells.join('|'),
    choices: shells,
    help: 'write what a shell needs to complete commands and options',
    examples: [
      ['ipvs completion bash >/etc/bash_completion.d/ipvs', 'bash'],
      ["ipvs completion zsh >'/usr/local/share/zsh/site-functions/_ipvs'", 'zsh'],
      ['ipvs completion fish >~/.config/fish/completions/ipvs.fish', 'fish'],
    ],
  },
  help: {
    argument: '[COMMAND]',
    help: 'explain the commands, or one of them',
    examples: [
      ['ipvs help list', 'one of these'],
      ['ipvs help add-service', "one of ipvsadm's; -A does as well"],
      ['ipvs -h', "all of ipvsadm's language"],
    ],
  },
} as const satisfies Record<string, Builtin>;

/** The name of a command of this package. */
export type BuiltinName = keyof typeof builtins;
