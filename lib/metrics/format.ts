import type { MetricsFormat } from './types.ts';

/** A metric: the name that its series share, what it is, and its unit where the name ends with one. */
export interface Family {
  /** As series have it: that of a counter ends with `_total`, that of an info with `_info`. */
  readonly name: string;
  /** Prometheus has no 'info', which is a gauge there. */
  readonly type: 'counter' | 'gauge' | 'info';
  readonly help: string;
  readonly unit?: 'bytes' | 'seconds';
}

const types: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * The content type of a text in a format.
 *
 * @example
 * ```ts
 * metricsType('prometheus'); // 'text/plain; version=0.0.4; charset=utf-8'
 * ```
 */
export function metricsType(format: MetricsFormat): string {
  return types[format];
}

/**
 * The format that a client asks for by its header Accept: OpenMetrics where it is named with a quality at
 * least that of plain text, Prometheus' in every other case.
 *
 * @example
 * ```ts
 * metricsFormat('application/openmetrics-text;version=1.0.0,text/plain;q=0.5'); // 'openmetrics'
 * ```
 */
export function metricsFormat(accept: string | undefined): MetricsFormat {
  let [open, plain] = [0, 0];
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim());
    const values = new Map(parameters.map(parameter => parameter.split(/\s*=\s*/, 2) as [string, string]));
    const quality = Number(values.get('q') ?? 1) || 0;
    const version = values.get('version')?.replaceAll('"', '');
    if (type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0') {
      open = Math.max(open, quality);
    } else if (type === 'text/plain') {
      plain = Math.max(plain, quality);
    }
  }
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

/** The lines that stand before a family's series. */
export function headOf({ name, type, help, unit }: Family, format: MetricsFormat): string {
  if (format === 'prometheus') {
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type === 'info' ? 'gauge' : type}\n`;
  }
  // OpenMetrics' name of a counter or an info lacks the ending that its series have.
  const family = type === 'gauge' ? name : name.replace(/_(?:total|info)$/, '');
  const ofUnit = unit === undefined ? '' : `# UNIT ${family} ${unit}\n`;
  return `# TYPE ${family} ${type}\n${ofUnit}# HELP ${family} ${help}\n`;
}

/** Labels as a series has them; nothing for none. Both formats escape the same three characters. */
export function labelsOf(labels: readonly (readonly [name: string, value: string])[]): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, found => (found === '\n' ? '\\n' : `\\${found}`));
}

/** A family with few series, whole: its values may be any numbers. */
export function familyText(
  family: Family,
  format: MetricsFormat,
  series: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = series.map(([labels, value]) => `${family.name}${labels} ${valueText(value)}\n`);
  return lines.length === 0 ? '' : headOf(family, format) + lines.join('');
}

function valueText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
