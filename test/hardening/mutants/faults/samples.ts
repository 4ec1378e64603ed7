import type { Fault } from './fault.ts';

const rows: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'counters[c] < before ? counters[c] : counters[c] - before',
    instead: 'counters[c] - before',
    harm: 'a counter that was zeroed shows a delta of 2^64',
  },
  {
    text: 'if (most < kRefresh) {',
    instead: 'if (since < kRefresh) {',
    harm: 'two refreshes that a slow read saw count as one, and a rate doubles',
  },
  {
    text: 'std::isnan(rate) || mean == 0 || rate == 0 ? mean',
    instead: 'std::isnan(rate) || rate == 0 ? mean',
    harm: 'a counter that stands still beside one that moves never has the rate 0',
  },
  {
    text: 'ahead_[row] = ahead_[row] || seen_[row];',
    instead: 'ahead_[row] = seen_[row];',
    harm: 'of two reads that broke off in a row the first one’s deltas are lost',
  },
  {
    text: '  } else if (seen_[row]) {\n    row = kNoRow;\n',
    instead: '',
    harm: 'a row that a torn list has twice loses its delta',
  },
  {
    text: 'if (!astray_ && place_ < row_at_.size()) GoAstray();',
    instead: '',
    harm: 'rows that went from the end of a list stay in samples',
  },
  {
    text: '    read_[to] = read_[row];\n',
    instead: '',
    harm: 'where a row goes, those behind it have the rates of another time',
  },
];

const columns: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'if (data_.use_count() > 1 && held != data_.get()) Fit(room_);',
    instead: '',
    harm: 'a sample that somebody keeps changes',
  },
  {
    text: '      from += room_ * bytes;\n',
    instead: '      from += rows_ * bytes;\n',
    harm: 'where there is room to spare, columns hold one another’s numbers',
  },
  {
    text: '(parts_ & kSampleCounters) != 0 ? 0 : kGroupBytes',
    instead: '0',
    harm: 'counters that nobody wants are written behind the memory',
  },
];

const sampler: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'listed.key ^ (services_listed_[place].key * 0x9e3779b97f4a7c15ULL)',
    instead: 'listed.key',
    harm: 'a server of two services has one row',
  },
  {
    text: '  if (!destinations_.stayed().empty()) identities_.Keep(destinations_.stayed());\n',
    instead: '',
    harm: 'where a destination goes, those behind it have its address',
  },
  {
    text: '    if (status == ESRCH) continue;\n',
    instead: '',
    harm: 'a chosen service that is not there fails the sample',
  },
  {
    text: '    if (service.index != place) services_listed_[place] = services_listed_[service.index];\n',
    instead: '',
    harm: 'where a service went amid a read, destinations have its name',
  },
  {
    text: '  fresh.generation_ = generation_;\n',
    instead: '',
    harm: 'after a read without memory other rows pass for the ones before',
  },
];

const identities: readonly Omit<Fault, 'file'>[] = [
  {
    text: '    if (data_.use_count() != 1) Renew(rows, rows);\n',
    instead: '',
    harm: 'identities that were handed out change',
  },
];

export const samples: readonly Fault[] = [
  ...rows.map(fault => ({ file: 'table/sample_rows.cc', ...fault })),
  ...columns.map(fault => ({ file: 'table/sample_columns.cc', ...fault })),
  ...sampler.map(fault => ({ file: 'table/sampler.cc', ...fault })),
  ...identities.map(fault => ({ file: 'table/identities.h', ...fault })),
];
