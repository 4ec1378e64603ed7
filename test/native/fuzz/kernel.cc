// Targets that talk to a kernel by a script.
#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

#include "native/codec/decode.h"
#include "native/netlink/messages.h"
#include "native/table/table_reader.h"
#include "test/native/fuzz/script.h"
#include "test/native/fuzz/targets.h"

namespace {

// ErrorIn() lets no other pass.
constexpr int kLargestErrno = 4095;

bool IsFailure(int status) {
  return status < ipvs::kLocalFailure && status >= ipvs::LocalFailure(kLargestErrno);
}

// 0, an errno of the kernel's, or what a call on an open connection may come to.
bool IsOutcome(int status) {
  return (status >= 0 && status <= kLargestErrno) || status == ipvs::kOutcomeUnknown ||
         status == ipvs::kNoFamily || status == ipvs::kUnstable || IsFailure(status);
}

// Which endpoints were in datagrams that arrived whole.
class Endpoints {
 public:
  void Note(const uint8_t* data, size_t length) {
    ipvs::ForEachMessage(data, static_cast<ptrdiff_t>(length), [&](const nlmsghdr* message) {
      ipvs::ServiceRow service = {};
      ipvs::DestinationRow destination = {};
      if (ipvs::DecodeService(message, &service)) services_.insert(KeyOf(service.config));
      if (ipvs::DecodeDestination(message, &destination)) destinations_.insert(Without(destination.config));
      return true;
    });
  }
  bool Has(const ipvs::ServiceRecord& service) const { return services_.count(KeyOf(service)) > 0; }
  bool Has(const ipvs::DestinationRecord& destination) const {
    return destinations_.count(Without(destination)) > 0;
  }

 private:
  // Without its family, which old kernels do not tell and the reader adds.
  static uint64_t Without(ipvs::DestinationRecord destination) {
    destination.family = 0;
    return KeyOf(destination);
  }

  std::set<uint64_t> services_;
  std::set<uint64_t> destinations_;
};

}  // namespace

void FuzzFamily(const uint8_t* data, size_t length) {
  FuzzScript script(data, length, FuzzScript::Family::kScripted);
  int error = 0;
  ipvs::Socket socket(script.link().open_socket(&error), 4096);
  for (int question = 0; question < 3; ++question) {
    uint16_t id = 0;
    const int status = ipvs::AskForFamily(&socket, &id);
    Expect(status == ipvs::kOk || status == ipvs::kNoFamily || IsFailure(status),
           "the question for the family has one of three outcomes");
    Expect(status != ipvs::kOk || id != 0, "a family that was found has an id");
  }
}

void FuzzLists(const uint8_t* data, size_t length) {
  constexpr size_t kServicesAsked = 4;
  if (length == 0) return;
  const auto torn = data[0] % 2 == 0 ? ipvs::WhenTorn::kFail : ipvs::WhenTorn::kTake;
  FuzzScript script(data + 1, length - 1, FuzzScript::Family::kAnswered);
  Endpoints sent;
  script.delivered = [&](const uint8_t* bytes, size_t count) { sent.Note(bytes, count); };
  ipvs::Connection connection({}, script.link());
  const std::atomic<bool> interrupted = false;
  ipvs::TableReader reader(&connection, &interrupted);
  for (int reading = 0; reading < 3; ++reading) {
    std::vector<ipvs::ServiceRow> services;
    int status = reader.Services(torn, &services);
    Expect(IsOutcome(status), "a list of services has an outcome");
    if (status != ipvs::kOk) continue;
    for (const ipvs::ServiceRow& row : services) {
      Expect(row.key == KeyOf(row.config) && sent.Has(row.config), "a service that is listed was sent");
    }
    ipvs::Stretch stretch;
    const size_t asked = std::min(services.size(), kServicesAsked);
    status = reader.Destinations(torn, services, 0, asked, &stretch);
    Expect(IsOutcome(status), "a list of destinations has an outcome");
    if (status != ipvs::kOk) continue;
    Expect(stretch.services.size() <= asked, "no service is read that was not asked for");
    for (const ipvs::DestinationRow& row : stretch.destinations) {
      Expect(row.service < stretch.services.size(), "a destination belongs to a service that was read");
      Expect(row.key == KeyOf(row.config) && sent.Has(row.config), "a destination that is listed was sent");
    }
  }
}

void FuzzWrites(const uint8_t* data, size_t length) {
  constexpr ipvs::Operation kOperations[] = {ipvs::kNewService, ipvs::kSetService, ipvs::kDelService,
                                             ipvs::kNewDest,    ipvs::kSetDest,    ipvs::kDelDest,
                                             ipvs::kZero,       ipvs::kFlush};
  constexpr size_t kCalls = 4;
  if (length < kCalls) return;
  std::vector<ipvs::CallRecord> records(kCalls);
  std::vector<const ipvs::CallRecord*> calls;
  for (size_t i = 0; i < kCalls; ++i) {
    records[i].operation = kOperations[data[i] % std::size(kOperations)];
    records[i].service.fwmark = 1 + data[i] / std::size(kOperations) % 2;
    calls.push_back(&records[i]);
  }
  FuzzScript script(data + kCalls, length - kCalls, FuzzScript::Family::kAnswered);
  ipvs::Connection connection({}, script.link());
  std::vector<int> statuses;
  for (int round = 0; round < 2; ++round) {
    connection.Batch(calls, &statuses);
    Expect(statuses.size() == calls.size(), "each write of a batch has an outcome");
    for (const int status : statuses) Expect(IsOutcome(status), "a write of a batch has a known outcome");
    if (!connection.open()) continue;
    Expect(IsOutcome(connection.Write(records[0])), "a write has a known outcome");
    ipvs::ServiceRow row = {};
    bool taken = false;
    const int status = connection.Ask(records[0], ipvs::kGetService, [&](const nlmsghdr* message) {
      return taken = ipvs::DecodeService(message, &row);
    });
    Expect(IsOutcome(status), "a question has a known outcome");
    Expect(status != ipvs::kOk || taken, "a question that was answered has its row");
  }
}
