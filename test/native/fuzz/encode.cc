#include "native/codec/encode.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

#include "native/codec/decode.h"
#include "native/codec/merge.h"
#include "native/netlink/messages.h"
#include "test/native/fuzz/targets.h"
#include "test/native/messages.h"

namespace {

constexpr ipvs::Operation kOperations[] = {
    ipvs::kNewService, ipvs::kSetService, ipvs::kDelService, ipvs::kGetService,
    ipvs::kNewDest,    ipvs::kSetDest,    ipvs::kDelDest,    ipvs::kGetDest,
    ipvs::kNewDaemon,  ipvs::kDelDaemon,  ipvs::kGetDaemon,  ipvs::kSetConfig,
    ipvs::kGetConfig,  ipvs::kGetInfo,    ipvs::kZero,       ipvs::kFlush};

// Attributes one after another, of which each but the last ends where the next begins.
void ExpectAttributes(const uint8_t* at, const uint8_t* end, bool nested) {
  while (at != end) {
    nlattr header = {};
    Expect(end - at >= NLA_HDRLEN, "no attribute lacks a part of its header");
    std::memcpy(&header, at, sizeof header);
    Expect(header.nla_len >= NLA_HDRLEN, "an attribute is as long as its header at least");
    Expect(NLA_ALIGN(header.nla_len) <= end - at, "no attribute reaches beyond its message or nest");
    if (nested) ExpectAttributes(at + NLA_HDRLEN, at + header.nla_len, false);
    at += NLA_ALIGN(header.nla_len);
  }
}

Bytes Encoded(const ipvs::CallRecord& call, ipvs::Operation command) {
  ipvs::Encoder encoder;
  encoder.Append(call, command, 30, 1000, 7, 0);
  return encoder.bytes();
}

// What the kernel would take from a message that makes something, as it would report that.
ipvs::CallRecord Reported(const Bytes& message, ipvs::CallRecord call, ipvs::Operation command) {
  const auto* const header = reinterpret_cast<const nlmsghdr*>(message.data());
  if (command == ipvs::kNewDaemon) {
    call.daemon = {};
    Expect(ipvs::DecodeDaemon(header, &call.daemon), "a daemon that is started can be read");
    return call;
  }
  ipvs::ServiceRow service = {};
  Expect(ipvs::DecodeService(header, &service), "a service that is named can be read");
  if (command == ipvs::kNewService) {
    // Of its flags the kernel reports those that were meant.
    service.config.flags_mask = call.service.flags_mask;
    call.service = service.config;
  }
  if (command == ipvs::kNewDest) {
    ipvs::DestinationRow destination = {};
    Expect(ipvs::DecodeDestination(header, &destination), "a destination that is made can be read");
    call.destination = destination.config;
  }
  return call;
}

// Makes numbers no wider than their attributes, as TypeScript does: one of which only the lower half is sent
// may be 0 there, which counts as not set.
void Narrow(ipvs::CallRecord* call, ipvs::Operation command) {
  call->service.family &= 0xffff;
  if (command == ipvs::kNewDaemon) {
    for (uint32_t* number : {&call->daemon.max_length, &call->daemon.port}) *number &= 0xffff;
    call->daemon.ttl &= 0xff;
  } else {
    for (uint32_t* number : {&call->destination.tunnel_port, &call->destination.tunnel_flags})
      *number &= 0xffff;
    call->destination.tunnel_type &= 0xff;
  }
}

// Merges an update with what is there, as for a SET command, which replaces everything.
template <typename Record>
void ExpectMerge(const Record& present, uint32_t fields, const Record& update) {
  Record merged = update;
  ipvs::MergeUnchanged(present, fields, &merged);
  Record again = merged;
  ipvs::MergeUnchanged(present, fields, &again);
  Expect(std::memcmp(&again, &merged, sizeof merged) == 0, "what was merged once is merged");
  Record whole = update;
  ipvs::MergeUnchanged(present, UINT32_MAX, &whole);
  Expect(std::memcmp(&whole, &update, sizeof update) == 0, "an update that names all keeps nothing");
  Record same = present;
  ipvs::MergeUnchanged(present, fields, &same);
  Expect(std::memcmp(&same, &present, sizeof present) == 0, "an update to what is there changes nothing");
}

}  // namespace

void FuzzEncode(const uint8_t* data, size_t length) {
  if (length == 0) return;
  ipvs::CallRecord call = {};
  std::memcpy(&call, data, std::min(length, sizeof call));
  const ipvs::Operation command = kOperations[call.operation % std::size(kOperations)];
  call.service.flags &= ~static_cast<uint32_t>(IP_VS_SVC_F_HASHED);  // the kernel's own, which is not read

  ipvs::Encoder encoder;
  for (const uint32_t sequence : {7, 8}) encoder.Append(call, command, 30, 1000, sequence, NLM_F_ACK);
  const Bytes both = encoder.bytes();
  uint32_t sequence = 7;
  ipvs::ForEachMessage(both.data(), static_cast<ptrdiff_t>(both.size()), [&](const nlmsghdr* message) {
    Expect(message->nlmsg_seq == sequence++, "messages come in the order in which they were appended");
    const auto* const start = reinterpret_cast<const uint8_t*>(message);
    const bool nested = command != ipvs::kSetConfig;
    ExpectAttributes(start + NLMSG_HDRLEN + GENL_HDRLEN, start + message->nlmsg_len, nested);
    return true;
  });
  Expect(sequence == 9, "both messages are there");

  // The record that follows is what is there already.
  ipvs::CallRecord present = {};
  if (length > sizeof call)
    std::memcpy(&present, data + sizeof call, std::min(length - sizeof call, sizeof present));
  ExpectMerge(present.service, call.fields, call.service);
  ExpectMerge(present.destination, call.fields, call.destination);

  Narrow(&call, command);
  const bool names_service = command == ipvs::kNewService || command == ipvs::kNewDest;
  const bool makes =
      (command == ipvs::kNewDaemon && call.daemon.role != 0) || (names_service && call.service.family != 0);
  if (!makes) return;
  // Not field by field: what is not sent, or not whole, is not in the second message either.
  const Bytes message = Encoded(call, command);
  Expect(Encoded(Reported(message, call, command), command) == message,
         "what is read of a message makes the same message again");
}
