// Memory that lacks, at every place where something is allocated: what was told of it is true, and the next
// call is as if nothing had been.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "native/calls/session.h"
#include "native/calls/worker.h"
#include "test/native/calls.h"
#include "test/native/failing_calls.h"
#include "test/native/model_kernel.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::LocalFailure;

namespace {

// A socket of a test's kernel, which itself finds memory.
class UnfailingSocket final : public ipvs::KernelSocket {
 public:
  explicit UnfailingSocket(std::unique_ptr<KernelSocket> socket) : socket_(std::move(socket)) {}

  ptrdiff_t Send(const void* data, size_t length) override {
    const Unfailing unfailing;
    return socket_->Send(data, length);
  }
  ptrdiff_t Receive(void* buffer, size_t size) override {
    const Unfailing unfailing;
    return socket_->Receive(buffer, size);
  }
  int Wait(int timeout_ms) override { return socket_->Wait(timeout_ms); }
  uint32_t port() const override { return socket_->port(); }

 private:
  std::unique_ptr<KernelSocket> socket_;
};

template <typename Kernel>
ipvs::Link UnfailingLink(Kernel* kernel) {
  ipvs::Link link = kernel->link();
  link.open_socket = [open = link.open_socket](int* error) {
    const Unfailing unfailing;
    return std::make_unique<UnfailingSocket>(open(error));
  };
  return link;
}

template <typename Kernel>
struct Client {
  explicit Client(Kernel* kernel) : session({}, &interrupted, UnfailingLink(kernel)) {}

  std::atomic<bool> interrupted = false;
  ipvs::Session session;
};

ipvs::Call Calling(const ipvs::CallRecord& record) {
  return {record, nullptr, {}};
}

// Three lists, one of which comes in several chunks.
void Fill(ModelKernel* kernel) {
  for (uint32_t mark = 1; mark <= 3; ++mark) kernel->Add(mark);
  for (uint32_t port = 1; port <= 60; ++port) kernel->AddDestination(2, port);
}

size_t RowsOf(const ipvs::Reply& reply) {
  return reply.columns == nullptr ? 0 : reply.columns->services.rows + reply.columns->destinations.rows;
}

// The n-th allocation fails of each of two snapshots or samples of one session, for every n that there is.
// Returns how many there are.
int FailEach(const ipvs::Call& call, size_t (*rows_of)(const ipvs::Reply&), size_t rows) {
  for (int n = 1;; ++n) {
    ModelKernel kernel({}, 1);
    Fill(&kernel);
    Client client(&kernel);
    const ipvs::Session::Emit emit = [](const ipvs::Reply&) {};
    for (int time = 0; time < 2; ++time) {
      failing_new = n;
      const ipvs::Reply reply = client.session.Read(call, emit);
      const bool failed = std::exchange(failing_new, 0) == 0;
      CHECK(reply.status == (failed ? LocalFailure(ENOMEM) : ipvs::kOk));
      if (!failed && time == 0) return n - 1;
    }
    const ipvs::Reply after = client.session.Read(call, emit);
    CHECK(after.status == ipvs::kOk);
    CHECK(rows_of(after) == rows);
  }
}

}  // namespace

TEST_CASE("A snapshot that finds no memory anywhere says so, and the next one is whole") {
  ipvs::CallRecord record = {};
  record.operation = ipvs::kSnapshot;
  record.extent = ipvs::kInOnePiece;
  CHECK(FailEach(Calling(record), RowsOf, 63) > 30);
}

TEST_CASE("A sample that finds no memory anywhere says so, and the next one has all rows") {
  ipvs::CallRecord record = {};
  record.operation = ipvs::kSample;
  record.sampler = 1U << ipvs::kSamplerShift | ipvs::kSampleCounters | ipvs::kSampleDeltas |
                   ipvs::kSampleRates | ipvs::kSampleDestinations | ipvs::kSampleKeys;
  const auto rows_of = [](const ipvs::Reply& reply) {
    if (reply.sample == nullptr || reply.sample->keys == nullptr) return size_t{0};
    return reply.sample->services.rows + reply.sample->destinations.rows;
  };
  CHECK(FailEach(Calling(record), rows_of, 63) > 50);
}

TEST_CASE("Writes that find no memory anywhere were not sent, or their outcome is unknown") {
  int points = 0;
  for (bool failed = true; failed; ++points) {
    ScriptedKernel kernel;
    kernel.OnEverySend([](const Sent& sent) {
      return Answer().Then(Datagram().Ack(sent.sequence(sent.requests.size() - 1), 0));
    });
    Client client(&kernel);
    std::vector<ipvs::Call> calls;
    for (uint32_t mark = 1; mark <= 100; ++mark) calls.push_back(Calling(CallAbout(ipvs::kNewService, mark)));
    std::vector<const ipvs::Call*> pointers;
    pointers.reserve(calls.size());
    for (const ipvs::Call& call : calls) pointers.push_back(&call);
    std::vector<ipvs::Reply> replies(calls.size());

    failing_new = points + 1;
    client.session.Write(pointers, &replies);
    failed = std::exchange(failing_new, 0) == 0;
    for (const ipvs::Reply& reply : replies) {
      if (kernel.sent.empty()) {
        CHECK(reply.status == LocalFailure(ENOMEM));
      } else {
        CHECK((reply.status == ipvs::kOk || reply.status == ipvs::kOutcomeUnknown));
      }
    }
    std::vector<ipvs::Reply> after(calls.size());
    client.session.Write(pointers, &after);
    CHECK(
        std::all_of(after.begin(), after.end(), [](const auto& reply) { return reply.status == ipvs::kOk; }));
  }
  CHECK(points > 10);
}

TEST_CASE("An inline write that finds no memory was not sent, or its outcome is unknown") {
  for (int n = 1;; ++n) {
    ScriptedKernel kernel;
    Client client(&kernel);
    kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), 0)); });
    const ipvs::Call first = Calling(CallAbout(ipvs::kNewService, 1));
    std::vector<ipvs::Reply> replies(1);
    client.session.Write({&first}, &replies);
    REQUIRE(replies[0].status == ipvs::kOk);
    const size_t sent_before = kernel.sent.size();
    // The queue holds an answer that is too long for the buffer, which has to grow for it.
    kernel.OnEverySend([](const Sent&) { return Answer().Then(Datagram().Raw(Bytes(5000))); });
    int status = ipvs::kOk;
    failing_new = n;
    client.session.WriteInline(CallAbout(ipvs::kNewDest, 1), &status);
    if (std::exchange(failing_new, 0) != 0) break;
    CHECK(status == (kernel.sent.size() == sent_before ? LocalFailure(ENOMEM) : int{ipvs::kOutcomeUnknown}));
    std::vector<ipvs::Reply> after(1);
    kernel.OnEverySend([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), 0)); });
    client.session.Write({&first}, &after);
    CHECK(after[0].status == ipvs::kOk);
  }
}

TEST_CASE("A write whose answer finds no memory was sent, and has an unknown outcome") {
  int unknown = 0;
  for (int n = 1;; ++n) {
    ScriptedKernel kernel;
    Client client(&kernel);
    kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), 0)); });
    const ipvs::Call call = Calling(CallAbout(ipvs::kNewService, 1));
    const std::vector<const ipvs::Call*> calls = {&call};
    std::vector<ipvs::Reply> replies(1);
    client.session.Write(calls, &replies);
    REQUIRE(replies[0].status == ipvs::kOk);
    const size_t sent_before = kernel.sent.size();
    // The buffer has to grow for an answer that is too long.
    kernel.OnEverySend([](const Sent&) { return Answer().Then(Datagram().Raw(Bytes(5000))); });
    failing_new = n;
    client.session.Write(calls, &replies);
    if (std::exchange(failing_new, 0) != 0) break;
    const bool was_sent = kernel.sent.size() > sent_before;
    CHECK(replies[0].status == (was_sent ? int{ipvs::kOutcomeUnknown} : LocalFailure(ENOMEM)));
    if (was_sent) ++unknown;
  }
  CHECK(unknown > 0);
}

TEST_CASE("Calls that find no memory for their queue are refused, and none of them is executed") {
  const std::vector<ipvs::CallRecord> records(300, CallAbout(ipvs::kNewService, 1));
  bool refused = true;
  int points = 0;
  for (; refused; ++points) {
    ScriptedKernel kernel;
    kernel.OnEverySend([](const Sent& sent) {
      return Answer().Then(Datagram().Ack(sent.sequence(sent.requests.size() - 1), 0));
    });
    {
      ipvs::Worker worker(
          {}, [] {}, kernel.link());
      failing_new = points + 1;
      const int status = worker.Submit(reinterpret_cast<const uint8_t*>(records.data()), records.size());
      refused = std::exchange(failing_new, 0) == 0;
      CHECK(status == (refused ? LocalFailure(ENOMEM) : int{ipvs::kOk}));
      size_t answered = 0;
      while (!refused && answered < records.size()) {
        answered += worker.TakeReplies().size();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    // The thread, which outlives the worker, lets go of the kernel.
    while (kernel.sockets_closed < kernel.sockets_opened) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(kernel.sent.empty() == refused);
  }
  CHECK(points > 3);
}
