/** The language of ipvsadm's rules. */
export type { ListOptions, Names, RuleCommand } from './command.ts';
export { type FormatOptions, formatRules, type Naming } from './format.ts';
export { type ParseOptions, parseCommands, parseRules, type RuleLine, type ServiceRules } from './parse.ts';
export type { RuleProblem, RulesError } from './problem.ts';
export { resolveNames } from './resolve.ts';
