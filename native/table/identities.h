// What a sampler's destinations are known by, in one list that JavaScript sees as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "native/codec/rows.h"

namespace ipvs {

// lib/addon/table.ts reads these as they are.
struct DestinationIdentity {
  uint8_t address[kAddressBytes];  // in network order
  uint16_t family;
  uint16_t port;
};

// A list as it was handed out; it stays as it is.
struct IdentityBlock {
  std::shared_ptr<DestinationIdentity[]> data;
  size_t rows = 0;
};

// Not thread-safe.
class Identities {
 public:
  // The memory that nobody else holds.
  size_t bytes() const { return data_.use_count() == 1 ? room_ * sizeof(DestinationIdentity) : 0; }

  // Sets a row's identity, which is new; there is room for `room` rows.
  void Set(size_t row, const DestinationIdentity& identity, size_t room) {
    if (room_ < room) Renew(row, room);
    data_.get()[row] = identity;
  }

  // Keeps those of the rows that stayed, in their order.
  void Keep(const std::vector<uint32_t>& stayed) {
    std::shared_ptr<DestinationIdentity[]> data(new DestinationIdentity[stayed.size()]);
    for (size_t row = 0; row < stayed.size(); ++row) data.get()[row] = data_.get()[stayed[row]];
    data_ = std::move(data);
    room_ = stayed.size();
  }

  // Hands out the first `rows`, in memory that nobody has seen yet.
  IdentityBlock Share(size_t rows) {
    if (data_.use_count() != 1) Renew(rows, rows);
    return {data_, rows};
  }

 private:
  void Renew(size_t rows, size_t room) {
    std::shared_ptr<DestinationIdentity[]> data(new DestinationIdentity[room]);
    if (rows > 0) std::memcpy(data.get(), data_.get(), rows * sizeof(DestinationIdentity));
    data_ = std::move(data);
    room_ = room;
  }

  std::shared_ptr<DestinationIdentity[]> data_;
  size_t room_ = 0;
};

}  // namespace ipvs
