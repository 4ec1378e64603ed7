import type { Fault } from './fault.ts';

const reading: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'constexpr size_t kAnchors = 4;',
    instead: 'constexpr size_t kAnchors = 1;',
    harm: 'a row that moved is enough to hide that a list was torn',
  },
  {
    text: '    if (place != places.end()) places.erase(place);  // a row that comes again shows nothing\n',
    instead: '',
    harm: 'a row that came twice passes for a seam in order',
  },
  {
    text: '    if (right < needed && !earlier_.ended) return false;\n',
    instead: '',
    harm: 'a list that was cut off passes for one that ends there',
  },
  {
    text: '    if (ChunkOf(begin) != ChunkOf(end)) return false;\n',
    instead: '',
    harm: 'a seam is bridged by a reading that has a seam there itself',
  },
  {
    text: 'if (lacking_[row]) doubts->push_back({row, seam});',
    instead: 'doubts->push_back({row, seam});',
    harm: 'rows that are there are doubted',
  },
  {
    text: '      if (chunk + 1 == later_.ends.size() && later_.ended) break;\n',
    instead: '',
    harm: 'a list’s end is taken for a seam, and read until it is given up',
  },
  {
    text: 'bridged.seams = !earlier_.ends.empty();',
    instead: 'bridged.seams = true;',
    harm: 'an empty reading vouches for a later one',
  },
  {
    text: 'return a >= b;',
    instead: 'return false;',
    harm: 'a list in another order vouches for one',
  },
];

const reader: readonly Omit<Fault, 'file'>[] = [
  {
    text: '          RemoveDuplicates(rows, start);\n',
    instead: '',
    harm: 'a row that a torn dump has twice is listed twice',
  },
  {
    text: 'if (status != kOk && status != ESRCH) return status;',
    instead: 'if (status != kOk) return status;',
    harm: 'a service removed in the meantime fails the whole list',
  },
  {
    text: 'known.count > 0 && KeysOf(*rows, start) == known',
    instead: 'known.count > 0',
    harm: 'a list that changed is believed at once, though torn',
  },
  {
    text: 'if (shape_.ends.size() <= 1 && !shape_.full) return kOk;',
    instead: 'if (shape_.ends.size() <= 1) return kOk;',
    harm: 'a full chunk that was cut off passes for a whole list',
  },
  {
    text: 'alike = now.keys == before.keys ? alike + 1 : 1;',
    instead: 'alike = alike + 1;',
    harm: 'readings that differ are believed as being alike',
  },
  {
    text: '    if (row->config.family == 0) row->config.family = service.family;  // kernels before 3.18\n',
    instead: '',
    harm: 'destinations of old kernels have no family',
  },
  {
    text: 'if (found.count == 0 || (shape_.full && !(found == known)))',
    instead: 'if (found.count == 0)',
    harm: 'a list cut off by its service’s removal passes for whole',
  },
  {
    text: '    ServiceRow ignored = {};\n    status = Service(service, &ignored);\n',
    instead: '',
    harm: 'a service that is gone has an empty list',
  },
  {
    text: '    if (*interrupted_) return kCancelled;\n',
    instead: '',
    harm: 'a cancelled read asks on',
  },
  {
    text: 'if (bridged.absent.size() > std::max(kQuestions, rows->size() / kRowsPerQuestion)) return int{kUnstable};',
    instead: '',
    harm: 'a list that mostly went away is asked for row by row',
  },
  {
    text: 'doubt->before == i; ++doubt)',
    instead: 'doubt->before >= i; ++doubt)',
    harm: 'rows are put where they did not stand',
  },
  {
    text: '      stretch->destinations.resize(before);\n      continue;\n',
    instead: '      return status;\n',
    harm: 'a service removed in the meantime fails the whole snapshot',
  },
  {
    text: 'if (status == kOk && !(found == known)) destinations_->Note(key, found);',
    instead: '',
    harm: 'a list that is polled is read twice each time',
  },
  {
    text: 'status == kOk || (status == kUnstable && last)',
    instead: 'status == kOk',
    harm: 'those who poll get no sample of a table that changes',
  },
];

const readers: readonly Omit<Fault, 'file'>[] = [
  {
    text: '  for (size_t i = start; i < all->destinations.size(); ++i) all->destinations[i].service += before;\n',
    instead: '  static_cast<void>(before);\n',
    harm: 'destinations belong to other services',
  },
  {
    text: '    if (stretch.rows() < part_rows) return;\n',
    instead: '',
    harm: 'a snapshot comes service by service',
  },
  {
    text: '        if (status == kOk) Keep(*range, std::move(stretch));\n',
    instead: '        Keep(*range, std::move(stretch));\n',
    harm: 'what the second reader failed to read is missing',
  },
  {
    text: 'if (!job->Help(second->reader.get())) second->connection.Close();',
    instead: 'static_cast<void>(job->Help(second->reader.get()));',
    harm: 'a second reader whose memory lacked once is refused (EBUSY) from then on',
  },
];

export const table: readonly Fault[] = [
  ...reading.map(fault => ({ file: 'table/reading.cc', ...fault })),
  ...reader.map(fault => ({ file: 'table/table_reader.cc', ...fault })),
  ...readers.map(fault => ({ file: 'table/table_readers.cc', ...fault })),
];
