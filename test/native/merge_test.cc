#include "native/codec/merge.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <cstring>

#include "test/native/test.h"

using ipvs::DestinationRecord;
using ipvs::MergeUnchanged;
using ipvs::ServiceRecord;

namespace {

DestinationRecord Destination(uint32_t seed) {
  return {AF_INET, 80, {}, seed + 1, seed + 2, seed + 3, seed + 4, seed + 5, seed + 6, seed + 7};
}

bool Same(const DestinationRecord& a, const DestinationRecord& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

ServiceRecord Service(uint32_t flags, uint32_t timeout, uint32_t netmask, const char* scheduler,
                      const char* engine) {
  ServiceRecord service = {};
  service.family = AF_INET;
  service.flags = flags;
  service.timeout = timeout;
  service.netmask = netmask;
  std::strncpy(service.scheduler, scheduler, sizeof service.scheduler - 1);
  std::strncpy(service.engine, engine, sizeof service.engine - 1);
  return service;
}

bool Same(const ServiceRecord& a, const ServiceRecord& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("An update of a destination keeps each field that it does not name, and its tunnel as a whole") {
  const DestinationRecord present = Destination(100);
  for (uint32_t fields = 0; fields < 32; ++fields) {
    DestinationRecord expected = Destination(0);
    if ((fields & ipvs::kFieldForwarding) == 0) expected.forwarding = 101;
    if ((fields & ipvs::kFieldWeight) == 0) expected.weight = 102;
    if ((fields & ipvs::kFieldUpperThreshold) == 0) expected.upper_threshold = 103;
    if ((fields & ipvs::kFieldLowerThreshold) == 0) expected.lower_threshold = 104;
    if ((fields & ipvs::kFieldTunnel) == 0) {
      expected.tunnel_type = 105;
      expected.tunnel_port = 106;
      expected.tunnel_flags = 107;
    }
    DestinationRecord merged = Destination(0);
    MergeUnchanged(present, fields, &merged);
    CAPTURE(fields);
    CHECK(Same(merged, expected));
  }
}

TEST_CASE(
    "An update of a service keeps each field that it does not name, and leaves the flags to the kernel") {
  const ServiceRecord present = Service(IP_VS_SVC_F_PERSISTENT, 300, 0xffffff00, "wlc", "sip");
  for (uint32_t fields = 0; fields < 16; ++fields) {
    ServiceRecord merged = Service(IP_VS_SVC_F_PERSISTENT, 60, 0xffff0000, "mh", "");
    MergeUnchanged(present, fields, &merged);
    CAPTURE(fields);
    CHECK(Same(merged, Service(IP_VS_SVC_F_PERSISTENT, (fields & ipvs::kFieldTimeout) == 0 ? 300 : 60,
                               (fields & ipvs::kFieldNetmask) == 0 ? 0xffffff00 : 0xffff0000,
                               (fields & ipvs::kFieldScheduler) == 0 ? "wlc" : "mh",
                               (fields & ipvs::kFieldEngine) == 0 ? "sip" : "")));
  }
  ServiceRecord merged = Service(0, 60, 0xffff0000, "mh", "");
  MergeUnchanged(present, 0, &merged);
  CHECK(merged.flags == 0);
}

TEST_CASE("A service that stays without persistence keeps what it has of timeout, netmask and engine") {
  const ServiceRecord present = Service(0, 300, 0xffffff00, "wlc", "sip");
  ServiceRecord merged = Service(0, 60, 0xffff0000, "mh", "");
  MergeUnchanged(present, ipvs::kFieldScheduler, &merged);
  CHECK(Same(merged, Service(0, 300, 0xffffff00, "mh", "sip")));
}

TEST_CASE("A service that becomes persistent takes the update's persistence and keeps only its scheduler") {
  const ServiceRecord present = Service(0, 300, 0xffffff00, "wlc", "sip");
  ServiceRecord merged = Service(IP_VS_SVC_F_PERSISTENT, 60, 0xffff0000, "", "");
  MergeUnchanged(present, 0, &merged);
  CHECK(Same(merged, Service(IP_VS_SVC_F_PERSISTENT, 60, 0xffff0000, "wlc", "")));
}
