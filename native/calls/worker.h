// A client's own thread and its queue. send() and recv() to the kernel's IPVS can wait on another program's
// dump, a module load or synchronize_rcu(), so they never run on the JavaScript thread, nor on libuv's pool,
// which four stuck calls would starve.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "native/calls/session.h"
#include "native/os/netns.h"

namespace ipvs {

// All methods are for one thread, the client's. Calls are executed in the order of Submit() and answered in
// that order. The thread starts with the first call and is never waited for: one that is stuck in the kernel
// ends after that, owning all it touches.
class Worker {
 public:
  // `notify` is called on the worker's thread whenever replies have come and none were waiting to be taken
  // before.
  Worker(NetworkNamespace network, std::function<void()> notify, Link link = {});
  ~Worker() { Stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;

  // Queues calls; they are numbered in order, from 0. kOk, or LocalFailure() where no thread can be started,
  // or memory lacks: nothing is queued then.
  int Submit(std::vector<Call> calls);
  // The same of `count` records, which are copied from unaligned memory.
  int Submit(const uint8_t* records, size_t count);
  // Executes a write on the calling thread, if Session::CanRunInline(), the worker is idle and such calls
  // have not been slow of late. False: it was not executed and is to be submitted.
  bool TryInline(const CallRecord& call, int* status);
  // Takes a call out of the queue: it will be answered with kCancelled, in its turn. A kDropSampler is
  // executed all the same. False when it was begun already (a read in progress is then cut short, writes are
  // not).
  bool Cancel(uint64_t number);
  // All replies so far, in order; parts of a reply (kPart) before it.
  std::vector<Reply> TakeReplies();
  // Drops what is queued. No notify() is under way or will come after this. Idempotent.
  void Stop();

 private:
  struct Queued;
  class Queue;
  struct Shared;
  struct Run;
  static void TakeRun(Queue* queue, std::vector<Queued>* calls);
  static void Execute(Session* session, Run* run, const Session::Emit& emit);
  static void Work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ipvs
