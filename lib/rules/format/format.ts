import { validateChoice, validateObject } from '../../model/arguments.ts';
import type { DestinationId, ServiceId } from '../../model/identity.ts';
import { type TableEntry, validateTable } from '../../model/table.ts';
import { commandLine } from './command.ts';
import { commentText, type Line, markedText } from './line.ts';
import type { NameFormatter } from './naming.ts';
import { sortDestinations, sortServices } from './order.ts';

/** How rules are written. */
export interface FormatOptions {
  /**
   * 'ipvsadm', the default: services and destinations sorted as ipvsadm sorts them. 'given': in the order
   * they come in, so that who reads the rules back has the destinations in the kernel's order, which the
   * hashing schedulers look at.
   */
  readonly order?: 'ipvsadm' | 'given';
  /** Writes names in place of numbers. Default: numbers, as `ipvsadm-save -n`. */
  readonly naming?: NameFormatter | undefined;
  /**
   * 'ipvs', the default: what ipvsadm has no words for is said by options of this package's own, `--as-is`
   * for example, which `parseRules`, `parseCommands` and `ipvs restore` read; such lines end in a comment
   * that says so. 'ipvsadm': they are comments altogether, after all rules, so that ipvsadm reads what is
   * left.
   */
  readonly language?: 'ipvs' | 'ipvsadm';
}

const optionKeys = new Set(['order', 'naming', 'language']);
const orders = { ipvsadm: 0, given: 1 };
const languages = { ipvs: 0, ipvsadm: 1 };

/**
 * The rules of a table, as `ipvsadm-save -n` writes them, byte for byte, but for what ipvsadm loses:
 * connection thresholds (-x, -y), marks from 2147483648 on, and scheduler flags it has no name for under `sh`
 * and `mh`. ipvsadm-restore reads all of them. Takes what `snapshot()` and `parseRules` return, whatever the
 * kernel holds: `parseRules` reads the same table from the text. Throws a TypeError or RangeError only at
 * what is no table.
 *
 * @example
 * ```ts
 * console.log(formatRules(await ipvs.snapshot(), { order: 'given' }));
 * ```
 */
export function formatRules(services: readonly TableEntry[], options: FormatOptions = {}): string {
  return writeRules(services, options).text;
}

/** A rule that is a comment, for ipvsadm has no words for it. */
export interface OmittedRule {
  readonly service: ServiceId;
  readonly destination?: DestinationId;
  /** What there are no words for, each a noun. */
  readonly additions: readonly string[];
}

/** Writes the rules of a table, and tells which of them are comments. */
export function writeRules(
  services: readonly TableEntry[],
  options: FormatOptions = {},
): { readonly text: string; readonly omitted: readonly OmittedRule[] } {
  validateTable('services', services);
  validateObject('options', options, optionKeys);
  const { order = 'ipvsadm', naming, language = 'ipvs' } = options;
  validateChoice('options.order', order, orders);
  validateChoice('options.language', language, languages);
  const isSorted = order === 'ipvsadm';
  let text = '';
  let comments = '';
  const omitted: OmittedRule[] = [];
  const write = (line: Line, service: ServiceId, destination?: DestinationId) => {
    const { additions } = line;
    if (language === 'ipvs' || additions.length === 0) {
      text += `${markedText(line)}\n`;
    } else {
      comments += `${commentText(line)}\n`;
      omitted.push({ service, ...(destination !== undefined && { destination }), additions });
    }
  };
  for (const service of isSorted ? sortServices(services) : services) {
    const line = commandLine({ command: 'add-service', service }, naming);
    write(line, service);
    // Without the service its destinations would be refused.
    const additions = line.additions.length > 0 ? ['its service'] : [];
    const { destinations } = service;
    for (const destination of isSorted ? sortDestinations(destinations) : destinations) {
      const rule = commandLine({ command: 'add-server', service, destination }, naming);
      write(
        language === 'ipvs' ? rule : { ...rule, additions: [...rule.additions, ...additions] },
        service,
        destination,
      );
    }
  }
  return { text: text + comments, omitted };
}
