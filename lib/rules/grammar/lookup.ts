import { type CommandName, type CommandRule, commands } from './commands.ts';
import { type Group, type OptionName, type OptionRule, options } from './options.ts';

/** A command or option found by one of its names. */
export type Match =
  | { readonly command: CommandName; readonly rule: CommandRule; readonly written: string }
  | { readonly option: OptionName; readonly rule: OptionRule; readonly written: string };

/** The way one writes a command or option: `-t`, `--sctp-service`. */
export function written(name: OptionName | CommandName): string {
  const rule: CommandRule | OptionRule =
    name in commands ? commands[name as CommandName] : options[name as OptionName];
  return rule.short === undefined ? `--${name}` : `-${rule.short}`;
}

function entries(): [string, Match][] {
  const found: [string, Match][] = [];
  for (const name of Object.keys(commands) as CommandName[]) {
    const rule: CommandRule = commands[name];
    const entry = { command: name, rule, written: written(name) };
    found.push([`--${name}`, entry]);
    for (const letter of [rule.short, rule.alias]) {
      if (letter !== undefined) found.push([`-${letter}`, entry]);
    }
  }
  for (const name of Object.keys(options) as OptionName[]) {
    const rule: OptionRule = options[name];
    const entry = { option: name, rule, written: written(name) };
    found.push([`--${name}`, entry]);
    if (rule.short !== undefined) found.push([`-${rule.short}`, entry]);
  }
  return found;
}

/** Commands and options by all their names, dashes included. */
export const byName: ReadonlyMap<string, Match> = new Map(entries());

/** The options of a group that ipvsadm has, as one writes them. */
export function groupOptions(group: Group): readonly string[] {
  return (Object.keys(options) as OptionName[])
    .filter(name => {
      const rule: OptionRule = options[name];
      return rule.group === group && !rule.addition;
    })
    .map(written);
}
