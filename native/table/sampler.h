// Statistics over time: the table as columns whose rows keep their numbers, with what changed since the read
// before and how fast.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "native/table/columns.h"
#include "native/table/sample_rows.h"
#include "native/table/table_readers.h"

namespace ipvs {

// What of a sample is wanted (CallRecord.sampler of kSample, below the sampler's number).
enum SampleParts : uint32_t {
  kSampleCounters = 1U << 0,
  kSampleDeltas = 1U << 1,
  kSampleRates = 1U << 2,
  kSampleDestinations = 1U << 3,
  kSampleKeys = 1U << 4,    // the caller does not know the rows' identities yet
  kSampleReuse = 1U << 5,   // samples may be written over earlier ones
  kSampleChosen = 1U << 6,  // only services that were chosen, which may be none
};

// The 32-bit words of a sample's destinations.
enum SampleWord : unsigned {
  kSampleService,  // its row
  kSampleActive,
  kSampleInactive,
  kSamplePersistent,
  kSampleWeight,
  kSampleWords,
};

// Columns of a sample, in this order and if wanted: 5 counters (64 bits), 5 deltas and 5 rates (doubles),
// then for destinations the SampleWords.
// Shared with whoever shows it to JavaScript.
struct SampleBlock {
  std::shared_ptr<uint8_t[]> data;
  size_t bytes = 0;
  size_t rows = 0;
  bool same = false;  // the memory that the caller holds, written over
};

// One read.
struct Sample {
  SampleBlock services;
  SampleBlock destinations;
  uint32_t generation = 0;        // another one: rows have other numbers, or are others
  std::unique_ptr<Columns> keys;  // the rows' identities, with a new generation or when asked for
};

// The memory of the blocks that the caller still has of an earlier sample; only compared, never followed.
struct HeldBlocks {
  const void* services = nullptr;
  const void* destinations = nullptr;
};

// Not thread-safe.
class Sampler {
 public:
  // Adds a service to those of reads with kSampleChosen, once. One that does not exist has no row.
  void Choose(const ServiceRecord& service);

  // A Status or an errno. `parts` are SampleParts. Blocks that are held still are written over if
  // kSampleReuse allows it and the rows are the same; only what changed is written then.
  int Read(TableReaders* readers, uint32_t parts, const HeldBlocks& held, Sample* sample);

  // Lets go of all that was read: the next read is as the first one, of another generation.
  void Forget();

  // The memory that it holds for the next read, but for the blocks that the caller has too.
  size_t bytes() const;

 private:
  using Time = SampleRows::Time;

  int ReadTable(TableReaders* readers, uint32_t parts);
  // Writes the words of all destinations; row_of[i] is the row of the i-th service that was listed.
  void WriteWords(const std::vector<uint32_t>& row_of, uint8_t* at) const;
  // The identities of all rows.
  std::unique_ptr<Columns> Keys(const std::vector<uint32_t>& row_of) const;

  std::vector<ServiceRecord> chosen_;
  // What the last read listed. Kept: memory of this size is the kernel's again when it is freed, and zeroed
  // when it is asked for the next time.
  std::vector<ServiceRow> services_listed_;
  Stretch stretch_;
  std::vector<uint64_t> keys_;
  std::vector<uint64_t> destination_keys_;
  Time services_time_;
  SampleRows services_;
  SampleRows destinations_;
  uint32_t generation_ = 0;
  SampleBlock service_block_;  // of the sample before, with kSampleReuse
  SampleBlock destination_block_;
};

}  // namespace ipvs
