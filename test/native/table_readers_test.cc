#include "native/table/table_readers.h"

#include <sched.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "native/os/memory.h"
#include "test/native/failing_calls.h"
#include "test/native/model_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;
using ipvs::Table;
using ipvs::TableReaders;

namespace {

constexpr uint32_t kServices = 300;

// How many threads read a large table here: a second one is of no use to a process of one processor.
size_t Readers() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  REQUIRE(sched_getaffinity(0, sizeof processors, &processors) == 0);
  return CPU_COUNT(&processors) > 1 ? 2 : 1;
}

// The model as a kernel that several threads may ask at once.
class SharedKernel {
 public:
  explicit SharedKernel(ModelKernel* model) : model_(model) {}

  // The errno of sends by any thread but the test's, from its n-th on; and of opening its sockets.
  int send_error = 0;
  int fails_from = 0;
  int open_error = 0;
  // Which datagram of those that other threads receive leaves its thread without memory for once; 0: none.
  int no_memory_after = 0;

  ipvs::Link link() {
    ipvs::Link link = model_->link();
    link.open_socket = [this, open = link.open_socket](int* error) -> std::unique_ptr<ipvs::KernelSocket> {
      const Unfailing unfailing;
      const std::lock_guard lock(mutex_);
      if (open_error != 0 && Elsewhere()) {
        *error = open_error;
        return nullptr;
      }
      return std::make_unique<LockedSocket>(this, open(error));
    };
    link.dumps_side_by_side = [] { return true; };
    return link;
  }

  // How many threads have sent anything, since they were last forgotten.
  size_t threads() const { return sends_.size(); }
  void ForgetThreads() { sends_.clear(); }

 private:
  class LockedSocket final : public ipvs::KernelSocket {
   public:
    LockedSocket(SharedKernel* kernel, std::unique_ptr<ipvs::KernelSocket> socket)
        : kernel_(kernel), socket_(std::move(socket)) {}

    ptrdiff_t Send(const void* data, size_t length) override {
      const Unfailing unfailing;
      std::unique_lock lock(kernel_->mutex_);
      if (const int error = kernel_->NoteSend(&lock); error != 0) return -error;
      return socket_->Send(data, length);
    }
    ptrdiff_t Receive(void* buffer, size_t size) override {
      const ptrdiff_t received = [&] {
        const Unfailing unfailing;
        const std::lock_guard lock(kernel_->mutex_);
        return socket_->Receive(buffer, size);
      }();
      if (kernel_->Elsewhere() && ++kernel_->received_ == kernel_->no_memory_after) failing_new = 1;
      return received;
    }
    int Wait(int timeout_ms) override {
      const std::lock_guard lock(kernel_->mutex_);
      return socket_->Wait(timeout_ms);
    }
    uint32_t port() const override { return socket_->port(); }

   private:
    SharedKernel* kernel_;
    std::unique_ptr<ipvs::KernelSocket> socket_;
  };

  bool Elsewhere() const { return std::this_thread::get_id() != test_; }

  // The test's own thread waits after some sends until another one has made one, or cannot.
  int NoteSend(std::unique_lock<std::mutex>* lock) {
    const int mine = ++sends_[std::this_thread::get_id()];
    if (Elsewhere()) {
      another_.notify_all();
      if (send_error != 0 && mine >= fails_from) return send_error;
    } else if (mine == 20 && open_error == 0 && Readers() > 1) {
      another_.wait_for(*lock, std::chrono::seconds(10), [&] { return sends_.size() > 1; });
    }
    return 0;
  }

  ModelKernel* model_;
  const std::thread::id test_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable another_;
  std::map<std::thread::id, int> sends_;
  int received_ = 0;  // by the second reader
};

// Marks in their order, each with its ports as they were listed.
using Listed = std::vector<std::pair<uint32_t, std::vector<uint32_t>>>;

struct Client {
  explicit Client(SharedKernel* kernel)
      : connection({}, kernel->link()), readers(&connection, &interrupted) {}

  int Snapshot(size_t part_rows, Listed* listed, size_t* parts = nullptr) {
    const auto take = [&](const Table& table) {
      const size_t before = listed->size();
      for (const ipvs::ServiceRow& service : table.services) listed->push_back({service.config.fwmark, {}});
      for (const ipvs::DestinationRow& row : table.destinations) {
        REQUIRE(row.service < table.services.size());
        listed->at(before + row.service).second.push_back(row.config.port);
      }
      if (parts != nullptr) ++*parts;
    };
    Table rest;
    const int status = readers.Snapshot(part_rows, take, &rest);
    if (status == ipvs::kOk) take(rest);
    return status;
  }

  std::atomic<bool> interrupted = false;
  Connection connection;
  TableReaders readers;
};

void AddTable(ModelKernel* model) {
  for (uint32_t mark = 1; mark <= kServices; ++mark) {
    model->Add(mark);
    for (uint32_t port = 1; port <= mark % 40; ++port) model->AddDestination(mark, port);
  }
}

void CheckWhole(ModelKernel* model, const Listed& listed) {
  std::set<uint32_t> marks;
  for (const auto& [mark, ports] : listed) {
    CHECK(marks.insert(mark).second);
    CHECK(ports == model->ports(mark));
  }
  CHECK(marks.size() == kServices);
}

}  // namespace

TEST_CASE("Two readers read a table whole, in order and in parts as large as asked for") {
  ModelKernel model({false, true}, 1);
  AddTable(&model);
  SharedKernel kernel(&model);
  Client client(&kernel);
  for (const size_t part_rows : {size_t{1}, size_t{500}, SIZE_MAX}) {
    Listed listed;
    size_t parts = 0;
    REQUIRE(client.Snapshot(part_rows, &listed, &parts) == ipvs::kOk);
    CheckWhole(&model, listed);
    CHECK((part_rows == SIZE_MAX ? parts == 1 : parts > 5));
  }
  CHECK(kernel.threads() == Readers());
}

TEST_CASE("Two readers know lists again that the other one read") {
  constexpr uint32_t kPools = 80;
  // More than a chunk holds: such a list is read once only where it is known.
  constexpr uint32_t kPorts = 120;
  ModelKernel model({false, true}, 1);
  for (uint32_t mark = 1; mark <= kPools; ++mark) {
    model.Add(mark);
    for (uint32_t port = 1; port <= kPorts; ++port) model.AddDestination(mark, port);
  }
  SharedKernel kernel(&model);
  Client client(&kernel);
  Listed listed;
  REQUIRE(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
  CHECK(model.dumps > 1 + static_cast<int>(kPools));
  for (int read = 0; read < 3; ++read) {
    const int dumps = model.dumps;
    REQUIRE(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
    // One for the services, and one for each of them.
    CHECK(model.dumps == dumps + 1 + static_cast<int>(kPools));
  }
}

TEST_CASE("A second reader without a socket, or whose reads fail, leaves its part to the first") {
  for (const int fails_from : {0, 1, 5, 50}) {
    ModelKernel model({false, true}, 1);
    AddTable(&model);
    SharedKernel kernel(&model);
    if (fails_from == 0) {
      kernel.open_error = EMFILE;
    } else {
      kernel.send_error = ENOMEM;
      kernel.fails_from = fails_from;
    }
    Client client(&kernel);
    for (int read = 0; read < 3; ++read) {
      Listed listed;
      REQUIRE(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
      CheckWhole(&model, listed);
    }
  }
}

TEST_CASE("Services that are removed while two readers read have no rows, and those that stay have all") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    ModelKernel model({false, true}, seed);
    AddTable(&model);
    uint32_t turn = 0;
    model.others = [&] {
      if (++turn % 5 == 0 && turn / 5 < kServices / 2) model.Remove(2 * (turn / 5));
    };
    SharedKernel kernel(&model);
    Client client(&kernel);
    Listed listed;
    REQUIRE(client.Snapshot(300, &listed) == ipvs::kOk);
    std::set<uint32_t> marks;
    for (const auto& [mark, ports] : listed) {
      CHECK(marks.insert(mark).second);
      CHECK(ports.size() == mark % 40);
    }
    for (uint32_t mark = 1; mark <= kServices; mark += 2) CHECK(marks.count(mark) == 1);
  }
}

TEST_CASE("A read by two readers ends with the first one's failure, and when it is interrupted") {
  ModelKernel model({false, true}, 1);
  AddTable(&model);
  SharedKernel kernel(&model);
  Client client(&kernel);
  int turn = 0;
  model.others = [&] {
    if (++turn == 100) client.interrupted = true;
  };
  Listed listed;
  CHECK(client.Snapshot(SIZE_MAX, &listed) == ipvs::kCancelled);
  client.interrupted = false;
  listed.clear();
  CHECK(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
  CheckWhole(&model, listed);
}

TEST_CASE("A read by two readers that finds no memory ends with its second reader, and the next is whole") {
  for (int n = 1; n < 2000; n += 37) {
    ModelKernel model({false, true}, 1);
    AddTable(&model);
    SharedKernel kernel(&model);
    Client client(&kernel);
    Table table;
    failing_new = n;
    const bool found = ipvs::FindsMemory([&] {
      static_cast<void>(client.readers.Snapshot(
          SIZE_MAX, [](const Table&) {}, &table));
    });
    const bool failed = std::exchange(failing_new, 0) == 0;
    CHECK(found == !failed);
    client.connection.Close();
    Listed listed;
    REQUIRE(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
    CheckWhole(&model, listed);
  }
}

TEST_CASE("A second reader that finds no memory in the middle of a list is there again for the next table") {
  for (int n = 1; n < 12; ++n) {
    ModelKernel model({false, true}, 1);
    AddTable(&model);
    SharedKernel kernel(&model);
    kernel.no_memory_after = n;
    Client client(&kernel);
    for (int read = 0; read < 3; ++read) {
      kernel.ForgetThreads();
      Listed listed;
      REQUIRE(client.Snapshot(SIZE_MAX, &listed) == ipvs::kOk);
      CheckWhole(&model, listed);
      CHECK(kernel.threads() == Readers());
    }
  }
}

TEST_CASE("A small table, and one of a kernel that dumps one after the other, has one reader") {
  for (const bool small : {true, false}) {
    ModelKernel model({false, true}, 1);
    for (uint32_t mark = 1; mark <= (small ? 20 : kServices); ++mark) model.Add(mark);
    SharedKernel kernel(&model);
    ipvs::Link link = kernel.link();
    link.dumps_side_by_side = [&] { return small; };
    Connection connection({}, link);
    const std::atomic<bool> interrupted = false;
    TableReaders readers(&connection, &interrupted);
    Table table;
    REQUIRE(readers.Snapshot(
                SIZE_MAX, [](const Table&) {}, &table) == ipvs::kOk);
    CHECK(table.services.size() == (small ? 20 : kServices));
    CHECK(kernel.threads() == 1);
  }
}
