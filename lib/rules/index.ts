/** The language of ipvsadm's rules. */

export { type FormatOptions, formatRules } from './format/format.ts';
export type { NameFormatter } from './format/naming.ts';
export { resolveNames } from './names.ts';
export { type ParseOptions, parseCommands } from './parse/lines.ts';
export { parseRules } from './parse/table.ts';
export type { RuleProblem, RulesError } from './problem.ts';
export type { ListOptions, NameResolver, RuleCommand, RuleLine, ServiceRules } from './types.ts';
