import { parseArgs } from 'node:util';

/** The options of the command line. */
export interface Options {
  readonly quick: boolean;
  readonly usual: boolean;
  readonly commands: boolean;
  readonly director: boolean;
  /** The file that gets the results as JSON. */
  readonly json: string | undefined;
  /** The file with an earlier run's JSON. */
  readonly compare: string | undefined;
  /** The Markdown file whose excerpt is replaced. */
  readonly excerpt: string | undefined;
  /** Other builds of this package, folders with dist/ and build/, measured beside this one. */
  readonly against: readonly string[];
}

export const usage = `Measures this package beside bare C and ipvsadm, on a kernel with IPVS.

  npm run bench -- [--quick | --usual | --commands | --director] [--json FILE] [--compare FILE] [--excerpt FILE] [--against DIR]…

  --quick         one size and few rounds
  --usual         one size, with all programs and rounds
  --commands      the command beside ipvsadm alone
  --director      a director's checks alone
  --json FILE     write everything that was measured
  --compare FILE  compare with what an earlier run wrote
  --excerpt FILE  put the usual figures between the marks in a Markdown file (README.md)
  --against DIR   measure another build of this package too (a folder with dist/ and its addon)

  IPVS_KERNEL     which kernel, as for \`npm run bed\`
`;

/** The options of a command line; undefined when it asks for help. Throws at an unknown option. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      usual: { type: 'boolean', default: false },
      commands: { type: 'boolean', default: false },
      director: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      excerpt: { type: 'string' },
      against: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, usual, commands, director, json, compare, excerpt, against } = values;
  return { quick, usual, commands, director, json, compare, excerpt, against };
}
