#include "native/table/table_readers.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "native/os/memory.h"
#include "native/os/thread.h"

namespace ipvs {

namespace {

// Fewer services are read sooner than a thread has started.
constexpr size_t kLeastServices = 64;

// Whether this thread may run on more processors than one.
bool SeveralProcessors() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  // An error (EINVAL) says that there are more processors than a set has room for.
  return sched_getaffinity(0, sizeof processors, &processors) != 0 || CPU_COUNT(&processors) > 1;
}

void Append(const Stretch& stretch, Stretch* all) {
  const auto before = static_cast<uint32_t>(all->services.size());
  all->services.insert(all->services.end(), stretch.services.begin(), stretch.services.end());
  const size_t start = all->destinations.size();
  all->destinations.insert(all->destinations.end(), stretch.destinations.begin(), stretch.destinations.end());
  for (size_t i = start; i < all->destinations.size(); ++i) all->destinations[i].service += before;
}

// Makes room for the destinations of all services, if they have as many as those that were read: to grow step
// by step takes twice the memory. None where they were taken.
void ReserveAlike(size_t services, Stretch* all) {
  constexpr size_t kMost = 1 << 16;
  if (all->services.empty()) return;
  const size_t each = all->destinations.size() / all->services.size();
  all->destinations.reserve(std::min(kMost, services * each));
}

}  // namespace

// One read by two readers. Each takes the next stretch of the list that nobody has; what came is handed on in
// the order of the list.
//
// Only the first reader's failures count. A stretch that the second one cannot read is the first one's: there
// may be no descriptor for a second socket.
class TableReaders::Job {
 public:
  Job(WhenTorn torn, const std::vector<ServiceRow>& services) : torn_(torn), services_(services) {}

  // The second reader's part, on its thread. False where memory lacked in the midst of it.
  bool Help(TableReader* reader) {
    while (const std::optional<Range> range = Take(reader->StretchLength())) {
      int status = kOk;
      const bool found_memory = FindsMemory([&] {
        Stretch stretch;
        status = reader->Destinations(torn_, services_, range->first, range->last, &stretch);
        if (status == kOk) Keep(*range, std::move(stretch));
      });
      if (found_memory && status == kOk) continue;
      const std::lock_guard lock(mutex_);
      left_ = range;
      changed_.notify_one();
      return found_memory;
    }
    return true;
  }

  // Ends the second reader's part with the stretch that it reads.
  void TakeNoMore() {
    const std::lock_guard lock(mutex_);
    taken_ = services_.size();
  }

  // The first reader's part. `more` is called with each stretch, in order.
  int Lead(TableReader* reader, const std::function<void(const Stretch&)>& more) {
    size_t next = 0;  // the first service that was not handed on
    while (next < services_.size()) {
      std::optional<Range> range = TakeLeft();
      if (!range) range = Take(reader->StretchLength());
      if (range) {
        Stretch stretch;
        const int status = reader->Destinations(torn_, services_, range->first, range->last, &stretch);
        if (status != kOk) return status;
        Keep(*range, std::move(stretch));
      } else {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return left_.has_value() || read_.count(next) > 0; });
      }
      while (const std::optional<Read> read = TakeRead(next)) {
        more(read->stretch);
        next = read->last;
      }
    }
    return kOk;
  }

 private:
  // Services from `first` on, without `last`.
  struct Range {
    size_t first;
    size_t last;
  };
  struct Read {
    size_t last;
    Stretch stretch;
  };

  std::optional<Range> Take(size_t length) {
    const std::lock_guard lock(mutex_);
    if (taken_ == services_.size()) return std::nullopt;
    const size_t first = taken_;
    taken_ = std::min(services_.size(), first + length);
    return Range{first, taken_};
  }
  void Keep(const Range& range, Stretch stretch) {
    const std::lock_guard lock(mutex_);
    read_.emplace(range.first, Read{range.last, std::move(stretch)});
    changed_.notify_one();
  }
  std::optional<Range> TakeLeft() {
    const std::lock_guard lock(mutex_);
    return std::exchange(left_, std::nullopt);
  }
  std::optional<Read> TakeRead(size_t first) {
    const std::lock_guard lock(mutex_);
    const auto found = read_.find(first);
    if (found == read_.end()) return std::nullopt;
    std::optional<Read> read = std::move(found->second);
    read_.erase(found);
    return read;
  }

  const WhenTorn torn_;
  const std::vector<ServiceRow>& services_;
  std::mutex mutex_;
  std::condition_variable changed_;  // the second reader read, or left, a stretch
  size_t taken_ = 0;                 // services that a reader has, or had
  std::map<size_t, Read> read_;      // by their first service; not handed on yet
  std::optional<Range> left_;
};

// The thread of the second reader, which ends before the job does: also where memory lacks for that.
class TableReaders::Help {
 public:
  Help(Job* job, Second* second) : job_(job) {
    const auto help = [job, second] {
      // A dump was perhaps left half-way.
      if (!job->Help(second->reader.get())) second->connection.Close();
    };
    started_ = StartThread(help, &thread_) == 0;
  }
  ~Help() {
    job_->TakeNoMore();
    if (started_) pthread_join(thread_, nullptr);
  }
  Help(const Help&) = delete;
  Help& operator=(const Help&) = delete;
  Help(Help&&) = delete;
  Help& operator=(Help&&) = delete;

 private:
  Job* job_;
  pthread_t thread_ = {};
  bool started_ = false;
};

TableReaders::Second* TableReaders::SecondFor(size_t services) {
  if (services < kLeastServices) return nullptr;
  if (!looked_) {
    looked_ = true;
    if (SeveralProcessors() && connection_->DumpsSideBySide()) {
      auto second = std::make_unique<Second>(connection_);
      second->reader = std::make_unique<TableReader>(&second->connection, interrupted_, fingerprints_);
      second_ = std::move(second);
    }
  }
  return second_.get();
}

int TableReaders::Destinations(WhenTorn torn, const std::vector<ServiceRow>& services,
                               const std::function<void()>& look, Stretch* all) {
  if (Second* const second = SecondFor(services.size()); second != nullptr) {
    Job job(torn, services);
    const Help help(&job, second);
    return job.Lead(&first_, [&](const Stretch& stretch) {
      Append(stretch, all);
      look();
    });
  }
  for (size_t i = 0; i < services.size(); ++i) {
    if (const int status = first_.Destinations(torn, services, i, i + 1, all); status != kOk) return status;
    look();
    if (i == 1) ReserveAlike(services.size(), all);
  }
  return kOk;
}

int TableReaders::Snapshot(size_t part_rows, const std::function<void(const Table&)>& emit, Table* rest) {
  std::vector<ServiceRow> services;
  if (const int status = first_.Services(WhenTorn::kFail, &services); status != kOk) return status;
  Stretch stretch;
  const auto to_table = [&] {
    rest->services.clear();
    for (const Stretch::Service& service : stretch.services)
      rest->services.push_back(services[service.index]);
    rest->destinations.swap(stretch.destinations);
    stretch.Clear();
  };
  const auto look = [&] {
    if (stretch.rows() < part_rows) return;
    to_table();
    emit(*rest);
  };
  const int status = Destinations(WhenTorn::kFail, services, look, &stretch);
  if (status == kOk) to_table();
  return status;
}

}  // namespace ipvs
