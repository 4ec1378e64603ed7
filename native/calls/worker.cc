#include "native/calls/worker.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "native/os/memory.h"
#include "native/os/thread.h"

namespace ipvs {

using Clock = std::chrono::steady_clock;

namespace {

// A budget for slow inline writes. The hop to the thread and back costs about 50 us and such a write 3 to 5,
// unless it waits for another program (the kernel's mutexes are global up to 6.12) or rebuilds a large table
// (scheduler mh). Every kSampleEvery-th write is timed, as reading the clock is a system call where the
// machine has no good one; one slower than kSlow adds kChargeFactor times its time to a debt that real time
// pays off. While the debt exceeds kMaxDebt, TryInline() declines. Slow writes thus hold the caller's thread
// for about 1/40 of its time, and a single hiccup of the machine has no effect.
constexpr auto kSlow = std::chrono::microseconds(300);
constexpr int kSampleEvery = 4;
constexpr int kChargeFactor = 40 * kSampleEvery;
constexpr auto kMaxDebt = std::chrono::milliseconds(500);

// Whether one more write goes out with a run of `size`: a new service that is to go out together with its
// destinations (CallRecord.run) begins the next run where this one has no room for all of them.
bool HasRoom(size_t size, const CallRecord& next) {
  if (next.operation != kNewService || next.run > Connection::kBatch) return size < Connection::kBatch;
  return size + std::max(next.run, 1U) <= Connection::kBatch;
}

}  // namespace

struct Worker::Queued {
  Call call;
  bool cancelled = false;
};

// Calls in their order, in one block of memory: a std::deque has a node for every two of them, which the
// client's thread would allocate and the worker's free.
class Worker::Queue {
 public:
  bool empty() const { return first_ == calls_.size(); }
  size_t size() const { return calls_.size() - first_; }
  Queued& operator[](size_t i) { return calls_[first_ + i]; }

  // All of the calls, or none where there is no memory for them.
  void Append(std::vector<Call> calls) {
    const size_t needed = calls_.size() + calls.size();
    if (needed > calls_.capacity()) calls_.reserve(std::max(2 * calls_.capacity(), needed));
    for (Call& call : calls) calls_.push_back({std::move(call), false});
  }

  Queued TakeFirst() {
    Queued first = std::move(calls_[first_++]);
    if (empty()) {
      calls_.clear();
      if (calls_.capacity() > kKept) calls_.shrink_to_fit();
      first_ = 0;
    } else if (first_ > kKept && first_ > size()) {
      calls_.erase(calls_.begin(), calls_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    return first;
  }

 private:
  // Places whose memory stays: as much as a tick's calls mostly take.
  static constexpr size_t kKept = 1024;

  std::vector<Queued> calls_;
  size_t first_ = 0;  // those before it were taken
};

// Calls that are executed together, and their replies. There is room for the calls before one is taken out of
// the queue, and the thread waits for what the replies take: what was taken has to be answered.
struct Worker::Run {
  Run() {
    calls.reserve(Connection::kBatch);
    writes.reserve(Connection::kBatch);
    indexes.reserve(Connection::kBatch);
    written.reserve(Connection::kBatch);
  }

  std::vector<Queued> calls;
  std::vector<Reply> replies;  // to calls
  // The writes among them: which these are, and their replies.
  std::vector<const Call*> writes;
  std::vector<size_t> indexes;
  std::vector<Reply> written;
  std::vector<Reply> parts;  // the one that is handed over
};

// What the thread and the client have in common; lives until both are done with it.
//
// Whose is what:
//   - `mutex` guards all fields below it, up to `interrupted`. It is held for moments, never while the
//     kernel is asked anything.
//   - `session` belongs to whoever set `busy`: the thread for the time of a run, the client's thread for
//     that of an inline write. The other one leaves it alone until `busy` is false again.
//     Session::CanRunInline() only looks at it: under `mutex` while nobody is busy.
//   - `interrupted` is atomic: the session looks at it while it reads, without a lock.
//   - `notify_mutex` guards `notify` and is held while that runs, so that Stop() can wait for its end.
// The two mutexes are never held together. notify() runs on the worker's thread and takes no lock of ours.
struct Worker::Shared {
  Shared(NetworkNamespace network, Link link) : session(std::move(network), &interrupted, std::move(link)) {}

  // Hands replies over, and says so unless some were waiting already. Gives `busy` its new value with them.
  // Waits for memory where it finds none: what was executed has to be answered.
  void Answer(std::vector<Reply>* answers, bool still_busy) {
    while (true) {
      {
        const std::lock_guard lock(mutex);
        const bool waiting = !replies.empty();
        if (stopping || FindsMemory([&] { Append(answers); })) {
          busy = still_busy;
          if (waiting) return;
          break;
        }
      }
      PauseForMemory();
    }
    // What Node.js itself needs for this, some hundred bytes now and then, it ends the process for.
    const std::lock_guard notifying(notify_mutex);
    if (notify) notify();
  }

  // Starts the thread. 0 or an errno.
  int Start(const std::shared_ptr<Shared>& self) {
    pthread_t thread = {};
    const int error = StartThread([self] { Work(self); }, &thread);
    if (error != 0) return error;
    pthread_detach(thread);
    started = true;
    return 0;
  }

  // All of the answers, or none.
  void Append(std::vector<Reply>* answers) {
    if (replies.empty()) return replies.swap(*answers);
    if (replies.capacity() < replies.size() + answers->size()) {
      replies.reserve(std::max(2 * replies.size(), replies.size() + answers->size()));
    }
    for (Reply& reply : *answers) replies.push_back(std::move(reply));
  }

  std::mutex mutex;
  std::condition_variable work;  // the queue has something, or stopping
  Queue queue;
  uint64_t begun = 0;    // the number of the first call in queue
  bool reading = false;  // the last call that was begun is a read, and alone
  std::vector<Reply> replies;
  bool started = false;
  bool stopping = false;
  bool busy = false;
  Clock::time_point debt_until;  // when slow inline writes will have been paid off
  unsigned inline_writes = 0;

  std::atomic<bool> interrupted = false;  // the read that is under way is to be cut short

  std::mutex notify_mutex;
  std::function<void()> notify;

  Session session;
};

// The calls that can go out together: a run of writes, or one read.
void Worker::TakeRun(Queue* queue, std::vector<Queued>* calls) {
  calls->clear();
  do {
    calls->push_back(queue->TakeFirst());
  } while (!queue->empty() && IsWrite(calls->back().call.record.operation) &&
           IsWrite((*queue)[0].call.record.operation) && HasRoom(calls->size(), (*queue)[0].call.record));
}

void Worker::Execute(Session* session, Run* run, const Session::Emit& emit) {
  run->replies.clear();
  while (!FindsMemory([&] { run->replies.resize(run->calls.size()); })) PauseForMemory();
  run->writes.clear();
  run->indexes.clear();
  for (size_t i = 0; i < run->calls.size(); ++i) {
    const Call& call = run->calls[i].call;
    // Rows that a sampler holds are let go of even if nobody waits for that any more: nobody asks again.
    if (run->calls[i].cancelled && call.record.operation != kDropSampler) {
      run->replies[i].status = kCancelled;
    } else if (IsWrite(call.record.operation)) {
      run->writes.push_back(&call);
      run->indexes.push_back(i);
    } else {
      run->replies[i] = session->Read(call, emit);
    }
  }
  run->written.clear();
  run->written.resize(run->writes.size());
  if (!run->writes.empty()) session->Write(run->writes, &run->written);
  for (size_t k = 0; k < run->written.size(); ++k) run->replies[run->indexes[k]] = std::move(run->written[k]);
}

Worker::Worker(NetworkNamespace network, std::function<void()> notify, Link link)
    : shared_(std::make_shared<Shared>(std::move(network), std::move(link))) {
  shared_->notify = std::move(notify);
}

int Worker::Submit(std::vector<Call> calls) {
  int error = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    const bool queued = FindsMemory([&] {
      if (!shared_->started) error = shared_->Start(shared_);
      if (error == 0) shared_->queue.Append(std::move(calls));
    });
    if (!queued) error = ENOMEM;
  }
  if (error != 0) return LocalFailure(error);
  shared_->work.notify_one();  // not under the lock, which is the first that the thread asks for
  return kOk;
}

int Worker::Submit(const uint8_t* records, size_t count) {
  std::vector<Call> calls;
  if (!FindsMemory([&] { calls.resize(count); })) return LocalFailure(ENOMEM);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&calls[i].record, records + i * sizeof(CallRecord), sizeof(CallRecord));
  }
  return Submit(std::move(calls));
}

bool Worker::TryInline(const CallRecord& call, int* status) {
  const Clock::time_point no_debt;
  Clock::time_point start;
  bool timed = false;
  {
    const std::lock_guard lock(shared_->mutex);
    // Not while replies wait either: calls take effect, and are answered, in their order.
    if (shared_->busy || !shared_->queue.empty() || !shared_->replies.empty() ||
        !shared_->session.CanRunInline(call)) {
      return false;
    }
    timed = ++shared_->inline_writes % kSampleEvery == 0;
    if (timed || shared_->debt_until != no_debt) start = Clock::now();
    if (shared_->debt_until > start + kMaxDebt) return false;
    if (shared_->debt_until <= start) shared_->debt_until = no_debt;
    shared_->busy = true;
  }
  const bool executed = shared_->session.WriteInline(call, status);

  const Clock::time_point end = timed ? Clock::now() : start;
  const std::lock_guard lock(shared_->mutex);
  shared_->busy = false;
  if (end - start > kSlow) {
    shared_->debt_until = std::max(shared_->debt_until, start) + kChargeFactor * (end - start);
  }
  return executed;
}

bool Worker::Cancel(uint64_t number) {
  const std::lock_guard lock(shared_->mutex);
  if (number >= shared_->begun) {
    const uint64_t place = number - shared_->begun;
    if (place < shared_->queue.size()) shared_->queue[place].cancelled = true;
    return true;
  }
  // Not a run of writes: others are in it, which nobody cancelled.
  if (shared_->reading && number + 1 == shared_->begun) shared_->interrupted = true;
  return false;
}

std::vector<Reply> Worker::TakeReplies() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->replies, {});
}

void Worker::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->interrupted = true;
    shared_->work.notify_one();
  }
  const std::lock_guard lock(shared_->notify_mutex);
  shared_->notify = nullptr;
}

void Worker::Work(const std::shared_ptr<Shared>& shared) {
  std::unique_ptr<Run> run;
  while (!FindsMemory([&] { run = std::make_unique<Run>(); })) PauseForMemory();
  const Session::Emit emit = [&](Reply part) {
    run->parts.resize(1);
    run->parts[0] = std::move(part);
    shared->Answer(&run->parts, true);
  };
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->work.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
    if (shared->stopping) return;
    TakeRun(&shared->queue, &run->calls);
    shared->begun += run->calls.size();
    shared->reading = !IsWrite(run->calls.back().call.record.operation);
    shared->interrupted = false;
    shared->busy = true;
    lock.unlock();

    Execute(&shared->session, run.get(), emit);
    shared->Answer(&run->replies, false);
    run->calls.clear();
    lock.lock();
  }
}

}  // namespace ipvs
