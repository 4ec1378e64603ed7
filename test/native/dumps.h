// Dumps of empty rows.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "native/netlink/connection.h"
#include "test/native/scripted_kernel.h"

// A dump of empty rows (20 bytes each), `chunks[i]` of them in datagram i, and its end.
inline ScriptedKernel::Turn RowsIn(std::vector<int> chunks) {
  return [chunks = std::move(chunks)](const Sent& sent) {
    Answer answer;
    for (const int rows : chunks) {
      Datagram datagram;
      for (int row = 0; row < rows; ++row) datagram.Row(sent.sequence(), Attributes());
      answer.Then(datagram);
    }
    return answer.Then(Datagram().Done(sent.sequence()));
  };
}

struct Dumped {
  int status = ipvs::kOk;
  int rows = 0;
  ipvs::DumpShape shape;
};

inline Dumped Dump(ipvs::Connection* connection, ipvs::DumpSocket by = {},
                   const std::atomic<bool>* interrupted = nullptr) {
  Dumped dumped;
  const auto take = [&](const nlmsghdr*) { return ++dumped.rows > 0; };
  dumped.status = connection->Dump(
      {}, ipvs::kGetService, by, interrupted, [&] { dumped.rows = 0; }, take, &dumped.shape);
  return dumped;
}
