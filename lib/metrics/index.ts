/**
 * Metrics of the table and of a director for Prometheus, as texts in its own format or in OpenMetrics'.
 *
 * @module ipvs/metrics
 */

export type { InvalidArgumentError } from '../model/arguments.ts';
export type { DestinationId, ServiceId } from '../model/identity.ts';
export { metricsFormat, metricsType } from './format.ts';
export { createMetrics } from './metrics.ts';
export type {
  DirectorDestination,
  DirectorStatistics,
  Metrics,
  MetricsBytesOptions,
  MetricsClient,
  MetricsFormat,
  MetricsLabel,
  MetricsLevel,
  MetricsOptions,
  MetricsTextOptions,
} from './types.ts';
