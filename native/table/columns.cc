#include "native/table/columns.h"

#include <algorithm>
#include <cstring>

namespace ipvs {

namespace {

// Lays out one block and hands out its columns.
class BlockWriter {
 public:
  BlockWriter(size_t rows, unsigned words) : rows_(rows) {
    block_.rows = rows;
    block_.bytes = ListView::Bytes(rows, words);
    block_.data.reset(new uint8_t[block_.bytes]);
    words_ = block_.data.get() + rows * kCounters * sizeof(uint64_t);
    addresses_ = words_ + rows * words * sizeof(uint32_t);
  }

  void Counters(size_t row, const uint64_t (&counters)[kCounters]) {
    for (unsigned c = 0; c < kCounters; ++c) {
      std::memcpy(block_.data.get() + (c * rows_ + row) * sizeof(uint64_t), &counters[c], sizeof(uint64_t));
    }
  }

  template <unsigned N>
  void Words(size_t row, const uint32_t (&words)[N]) {
    for (unsigned w = 0; w < N; ++w) {
      std::memcpy(words_ + (w * rows_ + row) * sizeof(uint32_t), &words[w], sizeof(uint32_t));
    }
  }

  void Address(size_t row, const uint8_t (&address)[kAddressBytes]) {
    std::memcpy(addresses_ + row * kAddressBytes, address, kAddressBytes);
  }

  Block Take() { return std::move(block_); }

 private:
  size_t rows_;
  Block block_;
  uint8_t* words_;
  uint8_t* addresses_;
};

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

}  // namespace

size_t ListView::Bytes(size_t rows, unsigned words) {
  return rows * (kCounters * sizeof(uint64_t) + words * sizeof(uint32_t) + kAddressBytes);
}

uint64_t ListView::Counter(unsigned column, size_t row) const {
  uint64_t counter = 0;
  std::memcpy(&counter, data_ + (column * rows_ + row) * sizeof counter, sizeof counter);
  return counter;
}

uint32_t ListView::Word(unsigned column, size_t row) const {
  uint32_t word = 0;
  const uint8_t* const words = data_ + rows_ * kCounters * sizeof(uint64_t);
  std::memcpy(&word, words + (column * rows_ + row) * sizeof word, sizeof word);
  return word;
}

const uint8_t* ListView::Address(size_t row) const {
  return data_ + Bytes(rows_, words_) - (rows_ - row) * kAddressBytes;
}

Columns ToColumns(const std::vector<ServiceRow>& services, const std::vector<DestinationRow>& destinations) {
  Columns columns;
  BlockWriter service_block(services.size(), kServiceWords);
  for (size_t i = 0; i < services.size(); ++i) {
    const ServiceRecord& config = services[i].config;
    service_block.Counters(i, services[i].counters);
    service_block.Address(i, config.address);
    service_block.Words<kServiceWords>(
        i, {config.family, config.protocol, config.fwmark, config.port, config.flags, config.timeout,
            config.netmask, Intern(config.scheduler, &columns.names), Intern(config.engine, &columns.names)});
  }
  columns.services = service_block.Take();

  BlockWriter destination_block(destinations.size(), kDestinationWords);
  for (size_t i = 0; i < destinations.size(); ++i) {
    const DestinationRow& row = destinations[i];
    const DestinationRecord& config = row.config;
    destination_block.Counters(i, row.counters);
    destination_block.Address(i, config.address);
    destination_block.Words<kDestinationWords>(
        i, {row.service, config.family, config.port, config.forwarding, config.weight, config.upper_threshold,
            config.lower_threshold, row.active_connections, row.inactive_connections,
            row.persistent_connections, config.tunnel_type, config.tunnel_port, config.tunnel_flags});
  }
  columns.destinations = destination_block.Take();
  return columns;
}

}  // namespace ipvs
