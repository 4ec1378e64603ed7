import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../../lib/cli/commands/completion.ts';
import { schedulerNames } from '../../../lib/model/scheduler.ts';
import { commands } from '../../../lib/rules/grammar/commands.ts';
import { options } from '../../../lib/rules/grammar/options.ts';

/** What bash offers once it has the script and somebody typed these words, the last of them unfinished. */
function complete(...words: readonly string[]): string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
_ipvs
(( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}" || true`;
  const text = execFileSync('bash', ['--norc', '-uc', script, 'bash', ...words], { encoding: 'utf8' });
  return text.split('\n').filter(line => line !== '');
}

describe('bash', () => {
  test('every command at first', () => {
    const offered = complete('ipvs', '');
    for (const name of Object.keys(commands)) expect(offered).toContain(`--${name}`);
    expect(offered).toEqual(expect.arrayContaining(['-A', '-L', 'list', 'restore', 'completion']));
  });

  test('a command by its beginning', () => {
    expect(complete('ipvs', '--sta')).toEqual(['--start-daemon']);
    expect(complete('ipvs', 're')).toEqual(['restore']);
  });

  test("a command's options, and no others", () => {
    expect(complete('ipvs', '-A', '-t', '10.0.0.1:80', '--s')).toEqual([
      '--sctp-service',
      '--scheduler',
      '--sched-flags',
    ]);
    expect(complete('ipvs', '-C', '')).toEqual([]);
    expect(complete('ipvs', '-a', '-t', '10.0.0.1:80', '--sched')).toEqual([]);
    expect(complete('ipvs', 'list', '--')).toEqual(['--json']);
  });

  test("an option's choices", () => {
    expect(complete('ipvs', '-A', '-t', '10.0.0.1:80', '-s', '')).toEqual([...schedulerNames]);
    expect(complete('ipvs', '-a', '-i', '--tun-type', 'g')).toEqual(['gue', 'gre']);
    expect(complete('ipvs', '--start-daemon', 'm')).toEqual(['master']);
    expect(complete('ipvs', 'completion', 'f')).toEqual(['fish']);
    expect(complete('ipvs', '-A', '-t', '')).toEqual([]);
  });

  test('the same after a bundle of letters, the first of which is the command', () => {
    expect(complete('ipvs', '-Ln', '--ra')).toEqual(['--rate']);
    expect(complete('ipvs', '-As', 's')).toEqual(['sh', 'sed']);
    expect(complete('ipvs', '-at', '10.0.0.1', ':', '80', '--real')).toEqual(['--real-server']);
    expect(complete('ipvs', '-Ax', '--u-')).toEqual([]);
  });

  test('no option twice, by whichever of its names', () => {
    expect(complete('ipvs', '-Ln', '--n')).toEqual(['--nosort']);
    expect(complete('ipvs', '-L', '--numeric', '-')).not.toContain('-n');
    expect(complete('ipvs', '-A', '-srr', '--s')).toEqual(['--sctp-service', '--sched-flags']);
    expect(complete('ipvs', '-A', '--scheduler', '=', 'rr', '--s')).toEqual([
      '--sctp-service',
      '--sched-flags',
    ]);
    // What an option takes is none, though it looks like one.
    expect(complete('ipvs', '-A', '-s', '-t', '--tcp')).toEqual(['--tcp-service']);
    expect(complete('ipvs', '-t10.0.0.6', '-')).toEqual([]);
    expect(complete('ipvs', 'list', '--json', '--')).toEqual([]);
  });

  test("an option's choices after its name or an equals sign", () => {
    expect(complete('ipvs', '-A', '--scheduler', '=', 'm')).toEqual(['mh']);
    expect(complete('ipvs', '--start-daemon', 'master', 'b')).toEqual([]);
  });

  test('files to restore', () => {
    expect(complete('ipvs', 'restore', 'package.j')).toEqual(['package.json']);
  });
});

test.each(['zsh', 'fish'] as const)('%s has every command and option', shell => {
  const script = completionScript(shell);
  for (const name of [...Object.keys(commands), ...Object.keys(options)]) {
    expect(script).toMatch(new RegExp(shell === 'fish' ? `-l ${name} ` : `['" ]--${name}:`));
  }
});
