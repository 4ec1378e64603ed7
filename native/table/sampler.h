// Statistics over time: the table as columns whose rows keep their numbers, with what changed since the read
// before and how fast.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "native/table/columns.h"
#include "native/table/identities.h"
#include "native/table/sample_rows.h"
#include "native/table/table_readers.h"

namespace ipvs {

// The 32-bit words of a sample's destinations.
enum SampleWord : unsigned {
  kSampleService,  // its row
  kSampleActive,
  kSampleInactive,
  kSamplePersistent,
  kSampleWeight,
  kSampleWords,
};

// The identities of all rows.
struct SampleKeys {
  Columns services;
  IdentityBlock destinations;
};

// One read.
struct Sample {
  SampleBlock services;
  SampleBlock destinations;
  uint32_t generation = 0;           // another one: rows have other numbers, or are others
  std::unique_ptr<SampleKeys> keys;  // with a new generation or when asked for
};

// The memory of the blocks that the caller still has of an earlier sample; only compared, never followed.
struct HeldBlocks {
  const void* services = nullptr;
  const void* destinations = nullptr;
};

// Not thread-safe.
//
// Memory: with kSampleReuse a destination takes its columns, which the caller sees (140 bytes where all are
// wanted), and 44 bytes more. Without, each sample is a copy.
class Sampler {
 public:
  Sampler() : services_(0), destinations_(kSampleWords) {}

  // Adds a service to those of reads with kSampleChosen, once. One that does not exist has no row.
  void Choose(const ServiceRecord& service);

  // A Status or an errno. `parts` are SampleParts; the columns among them are always the same. With
  // kSampleReuse blocks that are held are written over, from the read's start on: one that fails leaves rows
  // of two reads there. What such a read saw come is in the deltas of the next one.
  int Read(TableReaders* readers, uint32_t parts, const HeldBlocks& held, Sample* sample);

  // Lets go of all that was read: the next read is as the first one, of another generation.
  void Forget();

  // The memory that it holds for the next read, but for what the caller has too.
  size_t bytes() const;

 private:
  int ReadTable(TableReaders* readers, uint32_t parts);
  // Takes what was read since from stretch_.
  void TakeStretch();
  void TakeServices();
  std::unique_ptr<SampleKeys> Keys();

  std::vector<ServiceRecord> chosen_;
  // What the last read listed. Kept: memory of this size is the kernel's again when it is freed, and zeroed
  // when it is asked for the next time.
  std::vector<ServiceRow> services_listed_;
  SampleRows::Span services_span_;
  // Of the read that is under way: services whose destinations were taken, and how many these were.
  size_t services_read_ = 0;
  size_t destinations_read_ = 0;
  Stretch stretch_;
  SampleRows services_;
  SampleRows destinations_;
  Identities identities_;  // of destinations_
  uint32_t generation_ = 0;
  bool blank_ = true;  // nothing was read yet, or since Forget()
};

}  // namespace ipvs
