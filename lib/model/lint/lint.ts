import { copyDestinationId, copyServiceId } from '../identity.ts';
import { type TableEntry, validateTable } from '../table.ts';
import { lintDestination } from './destination.ts';
import { lintService } from './service.ts';
import type { LintWarning } from './warning.ts';
import { lintWeights } from './weights.ts';

/**
 * Finds what is suspicious in a table: what `snapshot()` or `parseRules()` returned, or a program put
 * together. Pure, and never throws for what a row says, only a TypeError at what is no table. In the table's
 * order, a service before its destinations.
 *
 * @example
 * ```ts
 * for (const { code, service, message } of lint(await ipvs.snapshot())) {
 *   console.warn(`${serviceKey(service)}: ${message} (${code})`);
 * }
 * ```
 */
export function lint(table: readonly TableEntry[]): LintWarning[] {
  validateTable('table', table);
  return table.flatMap(entry => {
    const service = copyServiceId(entry);
    const found: LintWarning[] = [];
    for (const [code, field, message] of [...lintService(entry), ...lintWeights(entry)]) {
      found.push({ code, service, field, message });
    }
    for (const spec of entry.destinations) {
      const destination = copyDestinationId(spec);
      for (const [code, field, message] of lintDestination(entry, spec)) {
        found.push({ code, service, destination, field, message });
      }
    }
    return found;
  });
}
