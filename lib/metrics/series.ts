import { isCheckPath } from '../model/check-path.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';
import { destinationFamilies } from './director.ts';
import { type Family, familyText, labelsOf } from './format.ts';
import { createGrouping, createSums, type Groups, rowCounters, type Sums, sumGauge } from './groups.ts';
import type { CounterName, Label } from './names.ts';
import type { Checked } from './options.ts';
import type { Pace } from './pace.ts';
import { createPage, type Page } from './page.ts';
import { type CounterSample, columnSource, type Source, sumMembers, wholeSource } from './source.ts';
import type { DirectorDestination, MetricsFormat } from './types.ts';

type DestinationColumns = CounterSample['destinations'];

/** The series of services and destinations, for as long as the table's rows stay. */
export interface RowSeries {
  /** The sample's; another one has rows of its own. */
  readonly generation: number;
  /** Series that a limit left out, of each level; undefined without a limit. */
  readonly dropped: { readonly services: number; readonly destinations: number } | undefined;
  /** Brings the text up to date. */
  update(sample: CounterSample, pace: Pace): Promise<void>;
  /** The text in pieces, valid until the next update. */
  pieces(format: MetricsFormat): readonly Uint8Array[];
  /** What a director knows of those destinations that have series, in pieces. */
  directorTexts(
    states: Iterable<DirectorDestination>,
    format: MetricsFormat,
    pace: Pace,
  ): Promise<readonly string[]>;
  /** Sums over rows, from which those of other rows go on. */
  readonly sums: SumsByLevel;
}

/** Sums of each counter, where series have several rows. */
export interface SumsByLevel {
  readonly services: ReadonlyMap<CounterName, Sums>;
  readonly destinations: ReadonlyMap<CounterName, Sums>;
}

const noSums: SumsByLevel = { services: new Map(), destinations: new Map() };

/** Makes the series of a sample's rows; `before` is what there was for other rows. */
export async function createSeries(
  sample: CounterSample,
  options: Checked,
  before: RowSeries | undefined,
  pace: Pace,
): Promise<RowSeries> {
  const { level, naming, drop, filter, name, maxSeries } = options;
  const { ids: services } = sample.services;
  const { ids: destinations, service: serviceOf } = sample.destinations;
  const labelsText = (labels: readonly Label[]) => labelsOf(labels.filter(([label]) => !drop.has(label)));

  const each = (families: { readonly counters?: object | undefined; readonly gauges: object }) =>
    Object.keys(families.counters ?? {}).length + Object.keys(families.gauges).length;
  const shown = services.map(service => !isCheckPath(service) && (filter?.(service) ?? true));
  const names = services.map((service, row) => (shown[row] ? name?.(service) : undefined));

  const hasServices = level !== 'totals' && naming.services !== undefined;
  const perService = naming.services === undefined ? 1 : each(naming.services);
  const ofServices = createGrouping(hasServices ? services.length : 0, Math.floor(maxSeries / perService));
  for (const [row, service] of hasServices ? services.entries() : []) {
    const labels = () => labelsText(naming.serviceLabels(service, names[row]));
    ofServices.add(shown[row] ? labels() : undefined);
    if (pace.isDue()) await pace.rest();
  }
  const serviceGroups = ofServices.groups();

  const hasDestinations = level === 'destinations';
  const left = maxSeries - serviceGroups.labels.length * perService;
  const most = Math.floor(left / each(naming.destinations));
  const ofDestinations = createGrouping(hasDestinations ? destinations.length : 0, most);
  for (const [row, destination] of hasDestinations ? destinations.entries() : []) {
    const service = serviceOf[row]!;
    const id = services[service]!;
    const has = shown[service]! && (filter?.(id, destination) ?? true);
    const labels = () => labelsText(naming.destinationLabels(id, destination, names[service]));
    ofDestinations.add(has ? labels() : undefined);
    if (pace.isDue()) await pace.rest();
  }
  const destinationGroups = ofDestinations.groups();

  const pages: Page[] = [];
  const page = (family: Family, groups: Groups, source: Source) =>
    pages.push(createPage(family, groups.labels, source));
  const rowKeys = {
    services: () => services.map(serviceKey),
    destinations: () =>
      destinations.map((id, row) => `${serviceKey(services[serviceOf[row]!]!)} ${destinationKey(id)}`),
  };
  const counterPages = (
    kind: 'services' | 'destinations',
    groups: Groups,
    families: Readonly<Record<CounterName, Family>>,
  ): ReadonlyMap<CounterName, Sums> => {
    const sums = new Map<CounterName, Sums>();
    // Without some labels, the only row of a series may be what is left of several.
    const isSummed = groups.kind === 'shared' || drop.size > 0;
    const keys = isSummed ? rowKeys[kind]() : [];
    for (const [counter, family] of Object.entries(families) as [CounterName, Family][]) {
      const columnOf = (now: CounterSample) => now[kind].counters[counter];
      if (isSummed)
        sums.set(counter, createSums(groups, keys, before?.sums[kind].get(counter), performance.now()));
      const counters = sums.get(counter) ?? rowCounters(groups);
      const isPlain = !isSummed && groups.kind === 'rows';
      const write = (now: CounterSample, into: Float64Array) => counters.write(columnOf(now), into);
      page(family, groups, isPlain ? columnSource(columnOf) : wholeSource(write));
    }
    return sums;
  };

  const sums = { ...noSums };
  if (hasServices && naming.services !== undefined) {
    const { counters, gauges } = naming.services;
    sums.services = counterPages('services', serviceGroups, counters);
    const gauge = (family: Family, compute: (rows: DestinationColumns, into: Float64Array) => void) =>
      page(
        family,
        serviceGroups,
        wholeSource((now, into) => compute(now.destinations, into)),
      );
    gauge(gauges.destinations, ({ service }, into) => sumMembers(serviceGroups, service, undefined, into));
    gauge(gauges.up, ({ service, weight }, into) => {
      sumMembers(serviceGroups, service, weight, into);
      for (let group = 0; group < into.length; group++) into[group] = Math.min(1, into[group]!);
    });
    for (const column of ['activeConnections', 'inactiveConnections', 'persistentConnections'] as const) {
      gauge(gauges[column], (rows, into) => sumMembers(serviceGroups, rows.service, rows[column], into));
    }
  }
  if (hasDestinations) {
    const { counters, gauges } = naming.destinations;
    if (counters !== undefined) {
      sums.destinations = counterPages('destinations', destinationGroups, counters);
    }
    for (const [column, family] of gauges) {
      const columnOf = (now: CounterSample) => now.destinations[column];
      const sum = (now: CounterSample, into: Float64Array) =>
        sumGauge(destinationGroups, columnOf(now), into);
      const isPlain = destinationGroups.kind === 'rows';
      page(family, destinationGroups, isPlain ? columnSource(columnOf) : wholeSource(sum));
    }
  }

  let rowsByKey: ReadonlyMap<string, number> | undefined;
  return {
    generation: sample.generation,
    dropped:
      maxSeries === Number.POSITIVE_INFINITY
        ? undefined
        : {
            services: serviceGroups.dropped * perService,
            destinations: destinationGroups.dropped * each(naming.destinations),
          },
    async update(now, beat) {
      for (const one of pages) await one.update(now, beat);
    },
    pieces: format => pages.flatMap(one => one.pieces(format)),
    async directorTexts(states, format, beat) {
      rowsByKey ??= new Map(rowKeys.destinations().map((key, row) => [key, row]));
      const [up, draining] = [new Map<string, number>(), new Map<string, number>()];
      for (const state of states) {
        const row = rowsByKey.get(`${serviceKey(state.service)} ${destinationKey(state.destination)}`);
        const group = row === undefined ? -1 : (destinationGroups.ofRow[row] ?? -1);
        if (group < 0) continue;
        const labels = destinationGroups.labels[group]!;
        if (state.up !== undefined) up.set(labels, (up.get(labels) ?? 0) + Number(state.up));
        if (state.draining !== undefined) {
          draining.set(labels, (draining.get(labels) ?? 0) + Number(state.draining));
        }
        if (beat.isDue()) await beat.rest();
      }
      return [
        familyText(destinationFamilies.up, format, [...up]),
        familyText(destinationFamilies.draining, format, [...draining]),
      ];
    },
    sums,
  };
}
