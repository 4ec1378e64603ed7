/** The language of ipvsadm's rules. */

export { type FormatOptions, formatRules, type NameFormatter } from './format/format.ts';
export { resolveNames } from './names.ts';
export {
  type ParseOptions,
  parseCommands,
  parseRules,
  type RuleLine,
  type ServiceRules,
} from './parse/lines.ts';
export type { RuleProblem, RulesError } from './problem.ts';
export type { ListOptions, NameResolver, RuleCommand } from './types.ts';
