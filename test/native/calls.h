// Calls and questions of the tests. Services are identified by their marks.
#pragma once

#include <linux/ip_vs.h>

#include <cstring>
#include <vector>

#include "native/codec/record.h"
#include "native/netlink/connection.h"

inline ipvs::CallRecord CallAbout(ipvs::Operation operation, uint32_t fwmark) {
  ipvs::CallRecord call = {};
  call.operation = operation;
  call.service.family = 2;
  call.service.fwmark = fwmark;
  std::memcpy(call.service.scheduler, "rr", sizeof "rr");
  return call;
}

// Executes calls as one batch.
inline std::vector<int> Execute(ipvs::Connection* connection, const std::vector<ipvs::CallRecord>& calls) {
  std::vector<const ipvs::CallRecord*> pointers;
  pointers.reserve(calls.size());
  for (const ipvs::CallRecord& call : calls) pointers.push_back(&call);
  std::vector<int> statuses;
  connection->Batch(pointers, &statuses);
  return statuses;
}

// Asks for a service and ignores what it is like.
inline int AskFor(ipvs::Connection* connection, uint32_t fwmark) {
  return connection->Ask(CallAbout(ipvs::kGetService, fwmark), ipvs::kGetService,
                         [](const nlmsghdr*) { return true; });
}
