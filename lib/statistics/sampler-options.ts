import { SamplePart } from '../addon/layout.ts';
import { validateBoolean, validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import type { ServiceId } from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';
import { columnNames, type SampleColumn } from './sample.ts';

/** What a sampler is made with. */
export interface SamplerOptions<C extends readonly SampleColumn[] = readonly SampleColumn[]> {
  /** Only these services; one that does not exist has no row. Default: all. */
  readonly services?: readonly ServiceId[] | undefined;
  /** Whether destinations are read too. Default true. */
  readonly destinations?: boolean | undefined;
  /** Which columns there are. Default: all three. */
  readonly columns?: C | undefined;
  /**
   * Writes each sample over the one before: nothing is allocated for rows, and a sampler needs no more than
   * 1.5 times the memory of its columns; without, there is a copy for each sample. What was read before must be
   * used up by the time of the next read, which writes from its start on (one that fails leaves rows of both),
   * and its arrays are not to be written to. Default false.
   */
  readonly reuse?: boolean | undefined;
}

const optionKeys = keysOf<SamplerOptions>({ services: true, destinations: true, columns: true, reuse: true });

/** Throws at bad options; returns which parts of a sample they want. */
export function checkSamplerOptions(options: SamplerOptions): number {
  validateObject('options', options, optionKeys);
  const { services, destinations = true, columns = columnNames, reuse = false } = options;
  if (services !== undefined && !Array.isArray(services))
    throw wrongType('options.services', 'an array', services);
  return (
    checkColumns(columns) |
    (validateBoolean('options.destinations', destinations) ? SamplePart.destinations : 0) |
    (validateBoolean('options.reuse', reuse) ? SamplePart.reuse : 0) |
    (services !== undefined ? SamplePart.chosen : 0)
  );
}

function checkColumns(columns: unknown): number {
  if (!Array.isArray(columns)) throw wrongType('options.columns', 'an array', columns);
  let parts = 0;
  for (const name of columns as readonly SampleColumn[]) {
    if (!columnNames.includes(name))
      throw wrongValue('options.columns', `hold only ${columnNames.join(', ')}`, name);
    parts |= SamplePart[name];
  }
  return parts;
}
