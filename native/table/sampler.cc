#include "native/table/sampler.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

namespace ipvs {

namespace {

size_t WideCount(uint32_t parts) {
  size_t count = 0;
  for (const uint32_t part : {kSampleCounters, kSampleDeltas, kSampleRates}) {
    if ((parts & part) != 0) count += kSampleCounterColumns;
  }
  return count;
}

// Makes a block ready to be written: the memory of the one before, if that can be used again.
SampleBlock Prepare(const SampleBlock& before, const void* held, size_t rows, size_t words, uint32_t parts) {
  SampleBlock block;
  block.rows = rows;
  block.bytes = rows * (WideCount(parts) * sizeof(uint64_t) + words * sizeof(uint32_t));
  block.same = held != nullptr && before.data.get() == held && before.bytes == block.bytes;
  block.data = block.same ? before.data : std::shared_ptr<uint8_t[]>(new uint8_t[block.bytes]);
  return block;
}

uint8_t* WriteWide(const SampleRows& rows, uint32_t parts, bool all, uint8_t* at) {
  if ((parts & kSampleCounters) != 0) at = rows.WriteCounters(at, all);
  if ((parts & kSampleDeltas) != 0) at = rows.WriteDeltas(at, all);
  if ((parts & kSampleRates) != 0) at = rows.WriteRates(at, all);
  return at;
}

}  // namespace

void Sampler::Choose(const ServiceRecord& service) {
  const bool known = std::any_of(chosen_.begin(), chosen_.end(),
                                 [key = KeyOf(service)](const auto& chosen) { return KeyOf(chosen) == key; });
  if (!known) chosen_.push_back(service);
}

void Sampler::Forget() {
  Sampler fresh;
  fresh.chosen_ = std::move(chosen_);
  fresh.generation_ = generation_;
  *this = std::move(fresh);
}

size_t Sampler::bytes() const {
  return BytesOf(chosen_) + BytesOf(services_listed_) + BytesOf(stretch_.services) +
         BytesOf(stretch_.destinations) + BytesOf(keys_) + BytesOf(destination_keys_) + services_.bytes() +
         destinations_.bytes();
}

int Sampler::ReadTable(TableReaders* readers, uint32_t parts) {
  TableReader& reader = readers->first();
  services_listed_.clear();
  stretch_.Clear();
  services_time_ = Stretch::Now();
  if ((parts & kSampleChosen) == 0) {
    if (const int status = reader.Services(WhenTorn::kTake, &services_listed_); status != kOk) return status;
  }
  for (const ServiceRecord& chosen : chosen_) {
    ServiceRow row = {};
    const int status = reader.Service(chosen, &row);
    if (status == ESRCH) continue;
    if (status != kOk) return status;
    services_listed_.push_back(row);
  }
  if ((parts & kSampleDestinations) == 0) return kOk;
  const int status = readers->Destinations(
      WhenTorn::kTake, services_listed_, [] {}, &stretch_);
  if (status != kOk) return status;
  // Without those that are gone.
  for (size_t i = 0; i < stretch_.services.size(); ++i) {
    const size_t index = stretch_.services[i].index;
    if (index != i) services_listed_[i] = services_listed_[index];
  }
  services_listed_.resize(stretch_.services.size());
  return kOk;
}

int Sampler::Read(TableReaders* readers, uint32_t parts, const HeldBlocks& held, Sample* sample) {
  if (const int status = ReadTable(readers, parts); status != kOk) return status;
  keys_.resize(services_listed_.size());
  for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = services_listed_[i].key;
  destination_keys_.resize(stretch_.destinations.size());
  for (size_t i = 0; i < destination_keys_.size(); ++i) {
    const DestinationRow& row = stretch_.destinations[i];
    destination_keys_[i] = row.key ^ (keys_[row.service] * 0x9e3779b97f4a7c15ULL);
  }
  const bool others = services_.Track(keys_);
  const bool fresh = destinations_.Track(destination_keys_) || others || generation_ == 0;
  if (fresh) ++generation_;

  std::vector<uint32_t> row_of(services_listed_.size());
  for (size_t i = 0; i < services_.size(); ++i) {
    row_of[services_.listed(i)] = static_cast<uint32_t>(i);
    services_.Read(i, services_listed_[services_.listed(i)].counters, services_time_);
  }
  for (size_t i = 0; i < destinations_.size(); ++i) {
    const DestinationRow& row = stretch_.destinations[destinations_.listed(i)];
    destinations_.Read(i, row.counters, stretch_.services[row.service].read);
  }

  sample->services = Prepare(service_block_, fresh ? nullptr : held.services, services_.size(), 0, parts);
  WriteWide(services_, parts, !sample->services.same, sample->services.data.get());
  sample->destinations = Prepare(destination_block_, fresh ? nullptr : held.destinations,
                                 destinations_.size(), kSampleWords, parts);
  uint8_t* const words =
      WriteWide(destinations_, parts, !sample->destinations.same, sample->destinations.data.get());
  WriteWords(row_of, words);
  if ((parts & kSampleReuse) != 0) {
    service_block_ = sample->services;
    destination_block_ = sample->destinations;
  }
  sample->generation = generation_;
  if (fresh || (parts & kSampleKeys) != 0) sample->keys = Keys(row_of);
  return kOk;
}

void Sampler::WriteWords(const std::vector<uint32_t>& row_of, uint8_t* at) const {
  const size_t rows = destinations_.size();
  for (size_t i = 0; i < rows; ++i) {
    const DestinationRow& row = stretch_.destinations[destinations_.listed(i)];
    uint32_t words[kSampleWords] = {};
    words[kSampleService] = row_of[row.service];
    words[kSampleActive] = row.active_connections;
    words[kSampleInactive] = row.inactive_connections;
    words[kSamplePersistent] = row.persistent_connections;
    words[kSampleWeight] = row.config.weight;
    for (size_t c = 0; c < kSampleWords; ++c) {
      std::memcpy(at + (c * rows + i) * sizeof(uint32_t), &words[c], sizeof(uint32_t));
    }
  }
}

std::unique_ptr<Columns> Sampler::Keys(const std::vector<uint32_t>& row_of) const {
  const RowOrder order = {services_.order(), destinations_.order(), row_of};
  return std::make_unique<Columns>(ToIdentities(services_listed_, stretch_.destinations, order));
}

}  // namespace ipvs
