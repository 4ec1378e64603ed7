#include "native/calls/worker.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "test/native/calls.h"
#include "test/native/failing_calls.h"
#include "test/native/rows.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::LocalFailure;
using ipvs::NetworkNamespace;
using ipvs::Worker;

namespace {

// Waits until a worker's thread, which outlives it, has let go of the kernel.
void AwaitEnd(const ScriptedKernel& kernel) {
  while (kernel.sockets_closed < kernel.sockets_opened)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// A worker of a scripted kernel. The script belongs to the thread that executes calls: it is written before
// they are made.
class Client {
 public:
  explicit Client(ScriptedKernel* kernel) : kernel_(kernel) {
    const auto notify = [this] { Notify(); };
    worker_.emplace(NetworkNamespace(), notify, kernel->link());
  }
  ~Client() {
    worker_.reset();
    AwaitEnd(*kernel_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  Worker& worker() { return *worker_; }

  int Submit(const std::vector<ipvs::CallRecord>& records) {
    std::vector<ipvs::Call> calls;
    calls.reserve(records.size());
    for (const ipvs::CallRecord& record : records) calls.push_back({record, nullptr, {}});
    return worker_->Submit(std::move(calls));
  }

  // Waits until there are replies, and takes none.
  void AwaitNotice() {
    std::unique_lock lock(mutex_);
    REQUIRE(came_.wait_for(lock, std::chrono::seconds(30), [&] { return notified_; }));
  }

  // The next `count` replies' statuses.
  std::vector<int> Await(size_t count) {
    std::vector<int> statuses;
    while (statuses.size() < count) {
      AwaitNotice();
      {
        const std::lock_guard lock(mutex_);
        notified_ = false;
      }
      for (const ipvs::Reply& reply : worker_->TakeReplies()) statuses.push_back(reply.status);
    }
    return statuses;
  }

  // The statuses of calls that are made together.
  std::vector<int> Run(const std::vector<ipvs::CallRecord>& records) {
    REQUIRE(Submit(records) == ipvs::kOk);
    return Await(records.size());
  }

 private:
  void Notify() {
    const std::lock_guard lock(mutex_);
    notified_ = true;
    came_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable came_;
  bool notified_ = false;
  ScriptedKernel* kernel_;
  std::optional<Worker> worker_;
};

// A gate that one thread waits at until another opens it.
class Gate {
 public:
  void Open() { open_ = true; }
  void Pass() const {
    while (!open_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  std::atomic<bool> open_ = false;
};

ScriptedKernel::Turn Acking(int error = 0) {
  return [=](const Sent& sent) {
    return Answer().Then(Datagram().Ack(sent.sequence(sent.requests.size() - 1), error));
  };
}

// The kernel's turn for an inline write that succeeds: no answer, as no ack was asked for.
Answer Silence(const Sent&) {
  return Answer();
}

}  // namespace

TEST_CASE("A write runs inline once sockets are open, and a new service once its scheduler was used") {
  ScriptedKernel kernel;
  Client client(&kernel);
  int status = -1;
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  CHECK(kernel.sent.empty());
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});

  kernel.OnEverySend(Silence);
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  CHECK(status == 0);
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewService, 1), &status));
  kernel.On(Acking(EINVAL));
  CHECK(client.Run({CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{EINVAL});
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewService, 1), &status));
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{0});
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewService, 2), &status));

  ipvs::CallRecord other = CallAbout(ipvs::kNewService, 3);
  std::memcpy(other.service.scheduler, "sh", sizeof "sh");
  CHECK_FALSE(client.worker().TryInline(other, &status));
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kFlush, 0), &status));
}

TEST_CASE("A scheduler that was used with a module that is gone may have to be loaded again: not inline") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{0});
  kernel.On([&](const Sent& sent) {
    ++kernel.family;
    return Answer().Then(Datagram().Ack(sent.sequence(), ENOENT));
  });
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  int status = -1;
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewService, 2), &status));
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kNewService, 2)}) == std::vector<int>{0});
  kernel.On(Silence);
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewService, 3), &status));
}

TEST_CASE("An inline write that meets a module on its way out is left to the thread") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  for (const int error : {ENOENT, ENOPROTOOPT}) {
    kernel.On(Acking(error));
    int status = -1;
    CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kDelDest, 1), &status));
  }
  kernel.On(Acking(EEXIST));
  int status = -1;
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  CHECK(status == EEXIST);
}

TEST_CASE("An inline write whose answer is lost is not told as success") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  kernel.On([](const Sent&) { return Answer().ThenFail(ENOBUFS); });
  int status = -1;
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  CHECK(status == ipvs::kOutcomeUnknown);
}

TEST_CASE("Inline writes that are slow are left to the thread until their time was paid off") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  int status = -1;
  const auto inline_in_a_row = [&](int limit) {
    int writes = 0;
    while (writes < limit && client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status)) ++writes;
    return writes;
  };
  kernel.OnEverySend(Silence);
  CHECK(inline_in_a_row(10) > 0);  // a busy machine may make even these slow
  kernel.OnEverySend([](const Sent&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return Answer();
  });
  // One in four is timed and charged with 160 times its 2 ms: two of those are more than half a second.
  const int slow = inline_in_a_row(100);
  CHECK(slow <= 8);
  CHECK(inline_in_a_row(1) == 0);
  // A single hiccup makes no such debt, and debts are paid off.
  kernel.OnEverySend(Silence);
  for (int wait = 0; wait < 200 && inline_in_a_row(1) == 0; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(inline_in_a_row(1) == 1);
}

TEST_CASE("After a single write that was slow the next one runs inline all the same") {
  bool judged = false;
  // A hiccup of 3 ms is charged with 480 ms, which are no debt yet; a busy machine may make it longer.
  for (int attempt = 0; attempt < 100 && !judged; ++attempt) {
    ScriptedKernel kernel;
    Client client(&kernel);
    kernel.On(Acking());
    CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
    int status = -1;
    kernel.OnEverySend(Silence);
    for (int i = 0; i < 3; ++i) CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
    kernel.OnEverySend([](const Sent&) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
      return Answer();
    });
    // The fourth is the one that is timed.
    const auto start = std::chrono::steady_clock::now();
    CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
    const auto took = std::chrono::steady_clock::now() - start;
    kernel.OnEverySend(Silence);
    if (took > std::chrono::milliseconds(3)) continue;
    judged = true;
    CHECK(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  }
  CHECK(judged);
}

TEST_CASE("A write is not made inline before calls that were made earlier, nor answered before them") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  Gate gate;
  kernel.On([&](const Sent& sent) {
    gate.Pass();
    return Acking()(sent);
  });
  REQUIRE(client.Submit({CallAbout(ipvs::kFlush, 0)}) == ipvs::kOk);
  int status = -1;
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  gate.Open();
  // Executed, but its reply was not taken.
  client.AwaitNotice();
  CHECK_FALSE(client.worker().TryInline(CallAbout(ipvs::kNewDest, 1), &status));
  CHECK(client.Await(1) == std::vector<int>{0});
}

TEST_CASE("Of many writes at once the rest is cancelled, and answered as that in its turn") {
  ScriptedKernel kernel;
  Client client(&kernel);
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return Acking()(sent);
  });
  kernel.On([](const Sent& sent) {
    CHECK(sent.requests.size() == 12);
    return Acking()(sent);
  });
  std::vector<ipvs::CallRecord> writes(140, CallAbout(ipvs::kNewDest, 1));
  for (int more = 0; more < 10; ++more) writes.push_back(CallAbout(ipvs::kDelDest, 2));
  REQUIRE(client.Submit(writes) == ipvs::kOk);
  begun.Pass();
  CHECK_FALSE(client.worker().Cancel(127));  // in the first batch, which is under way
  for (uint64_t number = 130; number < 140; ++number) CHECK(client.worker().Cancel(number));
  CHECK(client.worker().Cancel(1000));  // none
  gate.Open();
  const std::vector<int> statuses = client.Await(150);
  for (size_t i = 0; i < 150; ++i) {
    CHECK(statuses[i] == (i >= 130 && i < 140 ? ipvs::kCancelled : ipvs::kOk));
  }
}

TEST_CASE("A call that is cancelled when most of a long queue is done is the one that is not made") {
  constexpr size_t kCalls = 3000;
  ScriptedKernel kernel;
  Client client(&kernel);
  Gate begun;
  Gate gate;
  for (int send = 0; send < 14; ++send) kernel.On(Acking());
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return Acking()(sent);
  });
  size_t after = 0;
  kernel.OnEverySend([&](const Sent& sent) {
    after += sent.requests.size();
    return Acking()(sent);
  });
  REQUIRE(client.Submit(std::vector<ipvs::CallRecord>(kCalls, CallAbout(ipvs::kNewDest, 1))) == ipvs::kOk);
  begun.Pass();
  CHECK_FALSE(client.worker().Cancel(1919));
  CHECK(client.worker().Cancel(1920));
  CHECK(client.worker().Cancel(2999));
  REQUIRE(client.Submit({CallAbout(ipvs::kFlush, 0)}) == ipvs::kOk);
  gate.Open();
  const std::vector<int> statuses = client.Await(kCalls + 1);
  for (size_t i = 0; i < statuses.size(); ++i) {
    CHECK(statuses[i] == (i == 1920 || i == 2999 ? ipvs::kCancelled : ipvs::kOk));
  }
  CHECK(after == kCalls + 1 - 1920 - 2);
}

TEST_CASE(
    "A read that is given up while it runs ends at once, and the next calls, reads too, have their turn") {
  ScriptedKernel kernel;
  Client client(&kernel);
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    Answer answer;
    for (int chunk = 0; chunk < 1000; ++chunk) answer.Then(Datagram().Row(sent.sequence(), Attributes()));
    return answer.Then(Datagram().Done(sent.sequence()));
  });
  kernel.On(Acking());
  kernel.On([](const Sent& sent) { return Answer().Then(Datagram().Done(sent.sequence())); });
  REQUIRE(client.Submit({CallAbout(ipvs::kListServices, 0), CallAbout(ipvs::kFlush, 0),
                         CallAbout(ipvs::kListServices, 0)}) == ipvs::kOk);
  begun.Pass();
  CHECK_FALSE(client.worker().Cancel(0));
  gate.Open();
  CHECK(client.Await(3) == std::vector<int>{ipvs::kCancelled, 0, 0});
  CHECK(kernel.receive_sizes.size() < 10);
}

TEST_CASE("A sampler is dropped although that was given up while the thread was busy") {
  ScriptedKernel kernel;
  Client client(&kernel);
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return Acking()(sent);
  });
  ipvs::CallRecord drop = {};
  drop.operation = ipvs::kDropSampler;
  REQUIRE(client.Submit({CallAbout(ipvs::kFlush, 0), drop, CallAbout(ipvs::kListServices, 0)}) == ipvs::kOk);
  begun.Pass();
  CHECK(client.worker().Cancel(1));
  CHECK(client.worker().Cancel(2));
  gate.Open();
  CHECK(client.Await(3) == std::vector<int>{0, 0, ipvs::kCancelled});
}

TEST_CASE("A worker without a thread queues nothing, and is tried anew with the next call") {
  ScriptedKernel kernel;
  kernel.OnEverySend(Acking());
  Client client(&kernel);
  failing_pthread_create = EAGAIN;
  CHECK(client.Submit({CallAbout(ipvs::kFlush, 0)}) == LocalFailure(EAGAIN));
  failing_pthread_create = 0;
  CHECK(client.Run({CallAbout(ipvs::kDelService, 1)}) == std::vector<int>{0});
  CHECK(kernel.sent.size() == 1);
}

TEST_CASE("A worker that is stopped drops what is queued, and notifies nobody any more") {
  ScriptedKernel kernel;
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return Acking()(sent);
  });
  std::atomic<int> notified = 0;
  {
    Worker worker(
        {}, [&] { ++notified; }, kernel.link());
    std::vector<ipvs::Call> calls(2);
    calls[0].record = CallAbout(ipvs::kFlush, 0);
    calls[1].record = CallAbout(ipvs::kListServices, 0);
    REQUIRE(worker.Submit(std::move(calls)) == ipvs::kOk);
    begun.Pass();
    worker.Stop();
    gate.Open();
  }
  AwaitEnd(kernel);
  CHECK(notified == 0);
  CHECK(kernel.sent.size() == 1);
}

TEST_CASE("A new service that no longer fits goes out with its destinations in the next send") {
  for (const uint32_t run : {20U, 129U}) {
    ScriptedKernel kernel;
    kernel.OnEverySend(Acking());
    Client client(&kernel);
    std::vector<ipvs::CallRecord> calls(120, CallAbout(ipvs::kNewDest, 1));
    calls.push_back(CallAbout(ipvs::kNewService, 2));
    calls.back().run = run;
    calls.insert(calls.end(), run - 1, CallAbout(ipvs::kNewDest, 2));
    CHECK(client.Run(calls) == std::vector<int>(calls.size(), 0));
    REQUIRE(kernel.sent.size() >= 2);
    // One that never fits waits for nothing.
    CHECK(kernel.sent[0].requests.size() == (run == 20 ? 120 : 128));
  }
}

TEST_CASE("A worker that is stopped while it reads a long list reads no further") {
  ScriptedKernel kernel;
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    Answer answer;
    for (int chunk = 0; chunk < 1000; ++chunk) answer.Then(Datagram().Row(sent.sequence(), Attributes()));
    return answer.Then(Datagram().Done(sent.sequence()));
  });
  {
    Worker worker(
        {}, [] {}, kernel.link());
    std::vector<ipvs::Call> calls(1);
    calls[0].record = CallAbout(ipvs::kListServices, 0);
    REQUIRE(worker.Submit(std::move(calls)) == ipvs::kOk);
    begun.Pass();
    worker.Stop();
    gate.Open();
  }
  AwaitEnd(kernel);
  CHECK(kernel.receive_sizes.size() < 10);
}

TEST_CASE("To give up a call that has ended gives up none that is under way") {
  ScriptedKernel kernel;
  Client client(&kernel);
  const ScriptedKernel::Turn empty = [](const Sent& sent) {
    return Answer().Then(Datagram().Done(sent.sequence()));
  };
  kernel.On(empty);
  CHECK(client.Run({CallAbout(ipvs::kListServices, 0)}) == std::vector<int>{0});
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return empty(sent);
  });
  REQUIRE(client.Submit({CallAbout(ipvs::kListServices, 0)}) == ipvs::kOk);
  begun.Pass();
  CHECK_FALSE(client.worker().Cancel(0));
  gate.Open();
  CHECK(client.Await(1) == std::vector<int>{0});
}

TEST_CASE("An update that is under way is not given up while it reads, as others may wait for it") {
  ScriptedKernel kernel;
  Client client(&kernel);
  Gate begun;
  Gate gate;
  kernel.On([&](const Sent& sent) {
    begun.Open();
    gate.Pass();
    return Answer().Then(Datagram().Done(sent.sequence()));
  });
  kernel.On(Acking(ESRCH));
  REQUIRE(client.Submit({CallAbout(ipvs::kUpdateDest, 1)}) == ipvs::kOk);
  begun.Pass();
  CHECK_FALSE(client.worker().Cancel(0));
  gate.Open();
  CHECK(client.Await(1) == std::vector<int>{ESRCH});
}

TEST_CASE("An update of a service goes by what the write before it made of it") {
  ScriptedKernel kernel;
  kernel.OnEverySend([](const Sent& sent) {
    if (sent.requests[0].command != IPVS_CMD_GET_SERVICE) return Acking()(sent);
    return Answer().Then(Datagram().Row(sent.sequence(), ServiceRow(80)));
  });
  Client client(&kernel);
  ipvs::CallRecord update = CallAbout(ipvs::kUpdateService, 1);
  update.fields = ipvs::kFieldScheduler;
  CHECK(client.Run({CallAbout(ipvs::kSetService, 1), update}) == std::vector<int>{0, 0});
  std::vector<int> commands;
  for (const Sent& sent : kernel.sent) commands.push_back(sent.requests[0].command);
  CHECK(commands == std::vector<int>{IPVS_CMD_SET_SERVICE, IPVS_CMD_GET_SERVICE, IPVS_CMD_SET_SERVICE});
}

TEST_CASE("An update of a destination goes by what a write before it made of the service") {
  ScriptedKernel kernel;
  kernel.OnEverySend([](const Sent& sent) {
    if (sent.requests[0].command != IPVS_CMD_GET_DEST) return Acking()(sent);
    return Answer().Then(Datagram().Row(sent.sequence(), DestinationRow(80)).Done(sent.sequence()));
  });
  Client client(&kernel);
  ipvs::CallRecord update = CallAbout(ipvs::kUpdateDest, 1);
  update.fields = ipvs::kFieldWeight;
  CHECK(client.Run({update, CallAbout(ipvs::kFlush, 0), update}) == std::vector<int>{ENOENT, 0, ENOENT});
  std::vector<int> commands;
  for (const Sent& sent : kernel.sent) commands.push_back(sent.requests[0].command);
  CHECK(commands == std::vector<int>{IPVS_CMD_GET_DEST, IPVS_CMD_FLUSH, IPVS_CMD_GET_DEST});
}

TEST_CASE("A second update of a destination goes by what the first one made of it") {
  ScriptedKernel kernel;
  kernel.OnEverySend([](const Sent& sent) {
    if (sent.requests[0].command != IPVS_CMD_GET_DEST) return Acking()(sent);
    return Answer().Then(Datagram().Row(sent.sequence(), DestinationRow(80)).Done(sent.sequence()));
  });
  Client client(&kernel);
  const auto update = [](uint32_t fields, uint32_t port) {
    ipvs::CallRecord call = CallAbout(ipvs::kUpdateDest, 1);
    call.fields = fields;
    call.destination.family = AF_INET6;
    call.destination.port = port;
    const uint8_t address[] = {192, 0, 2, 2};
    std::memcpy(call.destination.address, address, sizeof address);
    return call;
  };
  CHECK(client.Run({update(ipvs::kFieldWeight, 80), update(ipvs::kFieldForwarding, 80),
                    update(ipvs::kFieldWeight, 81)}) == std::vector<int>{0, 0, ENOENT});
  std::vector<int> commands;
  for (const Sent& sent : kernel.sent) commands.push_back(sent.requests[0].command);
  CHECK(commands ==
        std::vector<int>{IPVS_CMD_GET_DEST, IPVS_CMD_SET_DEST, IPVS_CMD_GET_DEST, IPVS_CMD_SET_DEST});
}

TEST_CASE("Of schedulers that were used with a module that is gone, one used anew vouches for no other") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::CallRecord other = CallAbout(ipvs::kNewService, 2);
  std::memcpy(other.service.scheduler, "sh", sizeof "sh");
  kernel.On(Acking());
  CHECK(client.Run({CallAbout(ipvs::kNewService, 1), other}) == std::vector<int>{0, 0});
  kernel.On([&](const Sent& sent) {
    ++kernel.family;
    return Answer().Then(Datagram().Ack(sent.sequence(), ENOENT));
  });
  kernel.OnEverySend(Acking());
  CHECK(client.Run({CallAbout(ipvs::kFlush, 0)}) == std::vector<int>{0});
  CHECK(client.Run({CallAbout(ipvs::kNewService, 1)}) == std::vector<int>{0});
  kernel.OnEverySend(Silence);
  int status = -1;
  CHECK(client.worker().TryInline(CallAbout(ipvs::kNewService, 3), &status));
  CHECK_FALSE(client.worker().TryInline(other, &status));
}
