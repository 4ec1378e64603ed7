import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../../lib/cli/commands/completion.ts';
import { builtins, shells } from '../../../lib/cli/grammar.ts';
import { schedulerNames } from '../../../lib/model/scheduler.ts';
import { type CommandRule, commands } from '../../../lib/rules/grammar/commands.ts';

type Shell = (typeof shells)[number];

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-completion-'));
  for (const shell of shells) writeFileSync(join(folder, shell), completionScript(shell));
  writeFileSync(join(folder, '.zshrc'), zshrc);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The words that a shell with the script offers after each line and a Tab: each word once, sorted. */
function complete(shell: Shell, ...lines: readonly string[]): string[][] {
  const text = sessions[shell](lines);
  const offers = text.split('# end\n').slice(0, lines.length);
  return offers.map(offer => [...new Set(offer.split('\n').filter(word => word !== ''))].sort());
}

/** Sessions of the shells. Each prints what it offers for a line, and `# end`. */
const sessions: Readonly<Record<Shell, (lines: readonly string[]) => string>> = {
  bash: lines =>
    lines.map(line => run('bash', ['--norc', '-uc', bashSession, 'bash', ...bashWords(line)])).join(''),

  zsh: lines => {
    const output = join(folder, 'offered');
    writeFileSync(output, '');
    run('zsh', ['-f', '-c', zshSession, 'zsh', ...lines], { OUTPUT: output, ZDOTDIR: folder });
    return readFileSync(output, 'utf8');
  },

  fish: lines => {
    // fish offers choices for `--option=` with the option before them.
    const session =
      'for line in $argv; complete -C $line | string replace -r "\t.*" "" | string replace -r ".*=" ""; echo "# end"; end';
    return run('fish', ['--no-config', '-C', `source ${folder}/fish`, '-c', session, ...lines]);
  },
};

function run(program: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(program, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FOLDER: folder, HOME: folder, ...env },
  });
}

const bashSession = `source "$FOLDER/bash"
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
_ipvs
(( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
echo '# end'`;

/** The words of a line as bash breaks it: also at = and :, each of which is a word. */
function bashWords(line: string): string[] {
  const words = line
    .split(' ')
    .flatMap(word => word.split(/([=:])/).filter((part, i) => part !== '' || i === 0));
  return /[=:]$/.test(line) ? [...words, ''] : words;
}

/**
 * The .zshrc of a session. It notes matches as completion functions call compadd, the only place to see them.
 */
const zshrc = `autoload -Uz compinit
compinit -u -D
source $FOLDER/zsh
compadd() {
  local -a hits
  builtin compadd -O hits "$@"
  (( $#hits )) && print -rl -- $hits >>$OUTPUT
  builtin compadd "$@"
}
zle -C offer complete-word _main_complete
tab() { zle offer; BUFFER=; print '# end' >>$OUTPUT }
zle -N tab
bindkey '^I' tab
setopt no_auto_list
`;

/** A zsh within a pseudo-terminal, since zsh completes nowhere else. */
const zshSession = `zmodload zsh/zpty
zpty shell zsh -i
for line; do zpty -w -n shell "$line"$'\t'; done
zpty -w shell exit
while zpty -r shell; do :; done >/dev/null`;

describe.each(shells)('completion in %s', shell => {
  test(`${shell} completes every command, ours and ipvsadm’s, as the first word`, () => {
    const [ours, theirs, long] = complete(shell, 'ipvs ', 'ipvs -', 'ipvs --');
    expect(ours).toEqual(expect.arrayContaining(Object.keys(builtins)));
    expect(theirs).toEqual(expect.arrayContaining(['-A', '-L', '-l', '-Z']));
    expect(long).toEqual(
      Object.keys(commands)
        .map(name => `--${name}`)
        .sort(),
    );
  });

  test(`${shell} completes a command by its beginning`, () => {
    expect(complete(shell, 'ipvs --sta', 'ipvs re', 'ipvs comp')).toEqual([
      ['--start-daemon'],
      ['restore'],
      ['completion'],
    ]);
  });

  test(`${shell} completes a command’s options and no others`, () => {
    const web = '-t 10.0.0.1:80';
    expect(
      complete(shell, `ipvs -A ${web} --s`, 'ipvs -C -', `ipvs -a ${web} --sched`, 'ipvs list --'),
    ).toEqual([['--sched-flags', '--scheduler', '--sctp-service'], [], [], ['--json']]);
  });

  test(`${shell} completes each option after every command that takes it`, () => {
    const rules = Object.entries<CommandRule>(commands);
    const lines = rules.flatMap(([name, { short = name }]) => [`ipvs --${name} --`, `ipvs -${short} --`]);
    const offered = complete(shell, ...lines);
    for (const [i, [name, { takes, short }]] of rules.entries()) {
      const expected = takes.map(option => `--${option}`).sort();
      expect(offered[2 * i], name).toEqual(expected);
      if (short !== undefined) expect(offered[2 * i + 1], short).toEqual(expected);
    }
  });

  test(`${shell} completes an option’s choices`, () => {
    expect(
      complete(
        shell,
        'ipvs -A -t 10.0.0.1:80 -s ',
        'ipvs -a -i --tun-type g',
        'ipvs -A --scheduler=m',
        'ipvs -A -t ',
      ),
    ).toEqual([[...schedulerNames].sort(), ['gre', 'gue'], ['mh'], []]);
  });

  test(`${shell} completes a command’s own choices, once`, () => {
    expect(
      complete(
        shell,
        'ipvs --start-daemon m',
        'ipvs completion f',
        'ipvs --start-daemon master b',
        'ipvs help add-s',
      ),
    ).toEqual([['master'], ['fish'], [], ['add-server', 'add-service']]);
  });

  test(`${shell} completes after a bundle of letters that begins with the command`, () => {
    expect(
      complete(shell, 'ipvs -Ln --ra', 'ipvs -As s', 'ipvs -at 10.0.0.1:80 --real', 'ipvs -Ax --u-'),
    ).toEqual([['--rate'], ['sed', 'sh'], ['--real-server'], []]);
  });

  test(`${shell} completes no option twice, by whichever of its names`, () => {
    const [long, short, ...rest] = complete(
      shell,
      'ipvs -Ln --n',
      'ipvs -L --numeric -',
      'ipvs -A -srr --s',
      'ipvs -A --scheduler=rr --s',
      'ipvs list --json --',
    );
    expect(long).toEqual(['--nosort']);
    expect(short).not.toContain('-n');
    expect(rest).toEqual([['--sched-flags', '--sctp-service'], ['--sched-flags', '--sctp-service'], []]);
  });

  test(`${shell} completes an option whose name was only the argument of another`, () => {
    expect(complete(shell, 'ipvs -A -s -t --tcp', 'ipvs -t10.0.0.6 -')).toEqual([['--tcp-service'], []]);
  });

  test(`${shell} completes files to restore`, () => {
    expect(complete(shell, 'ipvs restore package.j')).toEqual([['package.json']]);
  });
});
