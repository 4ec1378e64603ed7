/** One of the commands that ipvsadm lacks, as it is explained and completed. */
export interface Builtin {
  /** What follows the command, as one writes it. */
  readonly argument?: string;
  /** How many words may follow, where it is more than one. */
  readonly most?: number;
  /** The words that may follow, where they are known. */
  readonly choices?: readonly string[];
  /** It takes the name of a file. */
  readonly file?: boolean;
  /** Options, each with the word for its value where it takes one, and what they do. */
  readonly options?: Readonly<Record<string, string>>;
  readonly help: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** The shells that completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

const desiredOptions = {
  '--owner NAME': 'remember under this name what is applied: what is not desired any more goes',
  '--owns SCOPE': "what else is yours: 'everything', or prefixes and firewall marks, as 10.0.0.0/8,1-99",
  '--allow KINDS': 'the changes that may be made, of add,change,remove; else none is',
  '--max-removals N': 'how many destinations may be removed; by default half of them',
  '--force': 'lift the limit of --max-removals',
  '--keep-weights': 'leave the weights of destinations that are there',
  '--exact-order': 'restore the order of destinations by removing and adding again',
  '--json': 'for programs',
  '--commands': 'as lines for ipvsadm -R; those that it has no words for, for ipvs restore, are marked',
};

const drainOptions = {
  '--idle-for SECONDS': 'how long no connection may be left before it is removed (default 3)',
  '--deadline SECONDS': 'give up after this long, and leave the destination at weight 0',
  '--cut': 'remove it at the deadline with the connections that are left',
  '--set-fallback': "set the flag of sh or mh that keeps them from refusing a drained server's clients",
  '--set-settings': 'set expire_quiescent_template and expire_nodest_conn, so that clients move',
};

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
  plan: {
    argument: 'FILE',
    file: true,
    options: desiredOptions,
    help: 'say what apply would do: exit 0 nothing, 2 changes, 1 an error; rules, JSON or YAML, - is standard input',
    examples: [
      ['ipvs plan rules', 'what differs in the services that the file names'],
      ['ipvs plan --json services.yaml >plan', 'keep a plan; `ipvs apply plan` carries it out'],
    ],
  },
  apply: {
    argument: 'FILE',
    file: true,
    options: {
      ...desiredOptions,
      '--drain': 'let connections end before a destination is removed',
      ...drainOptions,
    },
    help: 'make the table what a file says, without a client noticing; the file may be a plan',
    examples: [
      ['ipvs apply --owner web rules', 'what the file does not name any more goes'],
      [
        'ipvs apply --drain --deadline 300 --cut services.yaml',
        'removed are destinations without connections',
      ],
    ],
  },
  drain: {
    argument: 'ADDRESS | SERVICE DESTINATION',
    most: 4,
    options: {
      ...drainOptions,
      '--keep': 'leave the destination at weight 0 when it is idle',
      '--all': 'wait for connections that are closing, too',
      '--force': 'do it though it takes the last destination, refuses clients, or may last for ever',
      '--undo': 'give the weight back that it had before',
      '--json': 'for programs',
    },
    help: 'take a destination out, or all with an address, without cutting connections',
    examples: [
      ['ipvs drain 172.16.120.11', 'before a server is shut down'],
      ['ipvs drain --undo 172.16.120.11', 'it takes connections again'],
      ['ipvs drain tcp 10.100.10.101:80 172.16.120.11:80', 'a service as `ipvs list` writes it'],
    ],
  },
  exporter: {
    options: {
      '--listen ADDRESS':
        'answer GET /metrics there: an address, [ADDRESS]:PORT or :PORT; by default port 9918',
      '--textfile PATH': "write to this file, which ends with .prom, for node_exporter's textfile collector",
      '--interval SECONDS': 'from one text in the file to the next; 15 by default',
      '--once': 'write the file once and end',
      '--level LEVEL': 'totals, services or destinations, which is the default',
      '--drop LABELS': 'add up what differs in these labels alone, as destination_address,destination_port',
      '--max-series N': 'at most so many of services and destinations; ipvs_series_dropped tells of the rest',
      '--compat NAME': "node_exporter: its collector's names, for dashboards that are there already",
    },
    help: 'give metrics to Prometheus, until a signal ends it',
    examples: [
      ['ipvs exporter --listen 127.0.0.1:9918', 'for a Prometheus that scrapes it'],
      ['ipvs exporter --textfile /var/lib/prometheus/node-exporter/ipvs.prom', 'beside node_exporter'],
    ],
  },
  director: {
    argument: 'FILE',
    file: true,
    options: {
      '--check': 'only say what is wrong with the file',
      '--owner NAME': "the name that its services are remembered under; by default the file's, or 'director'",
      '--at-end MODE':
        'at SIGTERM leave the table as it is (the default), drain it, or remove all that is its own',
      '--json': 'print what happens as JSON, a line for each event',
    },
    help: 'check servers and direct connections as a file says, until a signal ends it; SIGHUP reads the file again',
    examples: [
      ['ipvs director --check director.yaml', 'every mistake, with its place'],
      ['ipvs director director.yaml', 'in the foreground; docs/boot has a systemd unit'],
    ],
  },
  status: {
    options: { '--json': "the library's own shapes, for programs" },
    help: 'show what running directors see: weights and why, health, and what stands in the way',
    examples: [['ipvs status', 'exit 1 where something stands in the way, or no director runs']],
  },
  maintenance: {
    argument: 'ADDRESS | SERVICE DESTINATION',
    most: 4,
    options: {
      '--undo': 'give the destination back to the director',
      '--json': 'for programs',
    },
    help: 'have running directors take a destination out and not check it, until that is undone',
    examples: [
      ['ipvs maintenance 172.16.120.11', 'before a server is taken apart'],
      ['ipvs maintenance --undo 172.16.120.11', 'it is checked again, and used once it is healthy'],
    ],
  },
  convert: {
    argument: 'FILE',
    file: true,
    help: "make a director's file of keepalived.conf or ldirectord.cf, and tell what of it has no counterpart",
    examples: [
      ['ipvs convert /etc/keepalived/keepalived.conf >director.json', 'exit 2 where something is left out'],
      ['ipvs director --check director.json', 'what the director says of it'],
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
      ['ipvs help list', 'one of these; so does `ipvs list --help`'],
      ['ipvs help add-service', "one of ipvsadm's; -A does as well"],
      ['ipvs -h', "all of ipvsadm's language"],
    ],
  },
} as const satisfies Record<string, Builtin>;

/** The name of a command of this package. */
export type BuiltinName = keyof typeof builtins;
