import { expect, test } from 'vitest';
import { metricsFormat, metricsType } from '../../../lib/metrics/index.ts';

test.each([
  [undefined, 'prometheus'],
  ['', 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain', 'prometheus'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
  // Prometheus 2.42's own.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  ['Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
  ['application/openmetrics-text;version=2.0.0', 'prometheus'],
  ['application/openmetrics-text;q=0', 'prometheus'],
  ['application/openmetrics-text;q=0.3,text/plain;q=0.9', 'prometheus'],
  ['application/openmetrics-text;q=x', 'prometheus'],
])('the header Accept %j asks for %s', (accept, format) => {
  expect(metricsFormat(accept)).toBe(format);
});

test('each format has its content type', () => {
  expect(metricsType('prometheus')).toContain('version=0.0.4');
  expect(metricsType('openmetrics')).toContain('application/openmetrics-text; version=1.0.0');
});
