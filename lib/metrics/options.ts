import {
  contradiction,
  validateBoolean,
  validateChoice,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { type Naming, nodeExporterNaming, ownNaming } from './names.ts';
import type {
  MetricsBytesOptions,
  MetricsFormat,
  MetricsLabel,
  MetricsLevel,
  MetricsOptions,
  MetricsTextOptions,
} from './types.ts';

const keys = keysOf<MetricsOptions>({
  level: true,
  drop: true,
  filter: true,
  name: true,
  maxSeries: true,
  compat: true,
  director: true,
  maxAge: true,
  timeout: true,
});

const bytesKeys = keysOf<MetricsBytesOptions>({ into: true, format: true, eof: true, signal: true });
const textKeys = keysOf<MetricsTextOptions>({ format: true, eof: true, signal: true });

const levels: Readonly<Record<MetricsLevel, number>> = { totals: 0, services: 1, destinations: 2 };
const formats: Readonly<Record<MetricsFormat, number>> = { prometheus: 0, openmetrics: 1 };

const DAY = 86_400_000;

/** Checked options, with their defaults. */
export interface Checked {
  readonly level: MetricsLevel;
  readonly drop: ReadonlySet<MetricsLabel>;
  readonly naming: Naming;
  readonly maxSeries: number;
  readonly maxAge: number;
  readonly timeout: number | undefined;
  readonly filter: MetricsOptions['filter'];
  readonly name: MetricsOptions['name'];
  readonly director: MetricsOptions['director'];
}

/** Throws at what is unknown, of a wrong type or a contradiction. */
export function checkOptions(options: MetricsOptions): Checked {
  validateObject('options', options, keys);
  const { level = 'destinations', drop = [], filter, name, maxSeries, compat, director } = options;
  const { maxAge = 1000, timeout } = options;
  validateChoice('options.level', level, levels);
  if (compat !== undefined) validateChoice('options.compat', compat, { node_exporter: 0 });
  if (compat !== undefined && level === 'services') {
    throw contradiction("options.level 'services' has no series under node_exporter's names");
  }
  if (compat !== undefined && (director !== undefined || name !== undefined)) {
    throw contradiction(
      `options.${director === undefined ? 'name' : 'director'} has no series under node_exporter's names`,
    );
  }
  const naming = compat === undefined ? ownNaming : nodeExporterNaming;
  if (!Array.isArray(drop)) throw wrongType('options.drop', 'an array', drop);
  for (const label of drop as readonly MetricsLabel[]) {
    if (!naming.labels.includes(label)) {
      throw wrongValue('options.drop', `hold only ${naming.labels.join(', ')}`, label);
    }
  }
  for (const [field, value] of Object.entries({ filter, name, director })) {
    if (value !== undefined && typeof value !== 'function') {
      throw wrongType(`options.${field}`, 'a function', value);
    }
  }
  if (maxSeries !== undefined) validateInteger('options.maxSeries', maxSeries, 0, 2 ** 32 - 1);
  if (timeout !== undefined) validateInteger('options.timeout', timeout, 1, 0x7fff_ffff);
  return {
    level,
    drop: new Set(drop),
    naming,
    maxSeries: maxSeries ?? Number.POSITIVE_INFINITY,
    maxAge: validateInteger('options.maxAge', maxAge, 0, DAY),
    timeout,
    filter,
    name,
    director,
  };
}

/** Takes the option that texts in UTF-8 have besides the others. Throws unless it is an array of bytes. */
export function checkBytesOptions(options: MetricsBytesOptions): {
  readonly into: Uint8Array | undefined;
  readonly rest: MetricsTextOptions;
} {
  validateObject('options', options, bytesKeys);
  const { into, ...rest } = options;
  if (into !== undefined && !(into instanceof Uint8Array)) {
    throw wrongType('options.into', 'a Uint8Array', into);
  }
  return { into, rest };
}

/** Throws at what is unknown or of a wrong type. */
export function checkTextOptions(options: MetricsTextOptions): {
  readonly format: MetricsFormat;
  readonly eof: boolean;
  readonly signal: AbortSignal | undefined;
} {
  validateObject('options', options, textKeys);
  const { format = 'prometheus', eof = true, signal } = options;
  validateChoice('options.format', format, formats);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType('options.signal', 'an AbortSignal', signal);
  }
  return { format, eof: validateBoolean('options.eof', eof), signal };
}
