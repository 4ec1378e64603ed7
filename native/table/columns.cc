#include "native/table/columns.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "native/codec/fields.h"

namespace ipvs {

namespace {

// The index of a NUL-padded name in a list that holds each name once. There are a dozen at most.
uint32_t Intern(const char (&name)[kNameBytes], std::vector<std::string>* names) {
  const size_t length = strnlen(name, kNameBytes);
  const auto found = std::find_if(names->begin(), names->end(), [&](const std::string& known) {
    return known.size() == length && std::memcmp(known.data(), name, length) == 0;
  });
  const auto index = static_cast<uint32_t>(found - names->begin());
  if (found == names->end()) names->emplace_back(name, length);
  return index;
}

// Lays out one block and hands out its columns.
class BlockWriter {
 public:
  BlockWriter(size_t rows, unsigned words, unsigned counters = kCounters) : rows_(rows) {
    block_.rows = rows;
    block_.bytes = ListView::Bytes(rows, words, counters);
    block_.data.reset(new uint8_t[block_.bytes]);
    words_ = block_.data.get() + rows * counters * sizeof(uint64_t);
    addresses_ = words_ + rows * words * sizeof(uint32_t);
  }

  void Counters(size_t row, const uint64_t (&counters)[kCounters]) {
    for (unsigned c = 0; c < kCounters; ++c) {
      std::memcpy(block_.data.get() + (c * rows_ + row) * sizeof(uint64_t), &counters[c], sizeof(uint64_t));
    }
  }

  void Word(size_t row, unsigned column, uint32_t word) {
    std::memcpy(words_ + (column * rows_ + row) * sizeof word, &word, sizeof word);
  }

  // The words of a row that are numbers.
  template <size_t N>
  void Fields(size_t row, const std::array<Field, N>& fields, const void* from) {
    for (const Field& field : fields) {
      if (field.column == kNoColumn || field.form == Form::kName) continue;
      uint32_t word = 0;
      std::memcpy(&word, static_cast<const uint8_t*>(from) + field.offset, sizeof word);
      Word(row, static_cast<unsigned>(field.column), word);
    }
  }

  void Address(size_t row, const uint8_t (&address)[kAddressBytes]) {
    std::memcpy(addresses_ + row * kAddressBytes, address, kAddressBytes);
  }

  // All of a row but its counters.
  void Service(size_t row, const ServiceRow& from, std::vector<std::string>* names) {
    Address(row, from.config.address);
    Fields(row, kServiceFields, &from);
    Word(row, kServiceScheduler, Intern(from.config.scheduler, names));
    Word(row, kServiceEngine, Intern(from.config.engine, names));
  }

  // The same of a destination that belongs to row `service`.
  void Destination(size_t row, const DestinationRow& from, uint32_t service) {
    Address(row, from.config.address);
    Word(row, kDestinationService, service);
    Fields(row, kDestinationFields, &from);
  }

  Block Take() { return std::move(block_); }

 private:
  size_t rows_;
  Block block_;
  uint8_t* words_;
  uint8_t* addresses_;
};

}  // namespace

size_t ListView::Bytes(size_t rows, unsigned words, unsigned counters) {
  return rows * (counters * sizeof(uint64_t) + words * sizeof(uint32_t) + kAddressBytes);
}

uint64_t ListView::Counter(unsigned column, size_t row) const {
  uint64_t counter = 0;
  std::memcpy(&counter, data_ + (column * rows_ + row) * sizeof counter, sizeof counter);
  return counter;
}

uint32_t ListView::Word(unsigned column, size_t row) const {
  uint32_t word = 0;
  const uint8_t* const words = data_ + rows_ * counters_ * sizeof(uint64_t);
  std::memcpy(&word, words + (column * rows_ + row) * sizeof word, sizeof word);
  return word;
}

const uint8_t* ListView::Address(size_t row) const {
  return data_ + Bytes(rows_, words_, counters_) - (rows_ - row) * kAddressBytes;
}

Columns ToColumns(const std::vector<ServiceRow>& services, const std::vector<DestinationRow>& destinations) {
  Columns columns;
  BlockWriter service_block(services.size(), kServiceWords);
  for (size_t i = 0; i < services.size(); ++i) {
    service_block.Counters(i, services[i].counters);
    service_block.Service(i, services[i], &columns.names);
  }
  columns.services = service_block.Take();

  BlockWriter destination_block(destinations.size(), kDestinationWords);
  for (size_t i = 0; i < destinations.size(); ++i) {
    destination_block.Counters(i, destinations[i].counters);
    destination_block.Destination(i, destinations[i], destinations[i].service);
  }
  columns.destinations = destination_block.Take();
  return columns;
}

class ServiceIdentities::Writer {
 public:
  explicit Writer(size_t rows) : block(rows, kServiceWords, 0) {}

  BlockWriter block;
  std::vector<std::string> names;
};

ServiceIdentities::ServiceIdentities(size_t rows) : writer_(std::make_unique<Writer>(rows)) {}

ServiceIdentities::~ServiceIdentities() = default;

void ServiceIdentities::Set(size_t row, const ServiceRow& service) {
  writer_->block.Service(row, service, &writer_->names);
}

Columns ServiceIdentities::Take() {
  return {writer_->block.Take(), {}, std::move(writer_->names)};
}

}  // namespace ipvs
