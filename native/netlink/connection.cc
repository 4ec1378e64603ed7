#include "native/netlink/connection.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

#include "native/netlink/messages.h"
#include "native/os/memory.h"

namespace ipvs {

namespace {

// Whether a chunk of this length may have ended because a buffer of `size` bytes had no room for one more
// row.
bool FillsUp(ptrdiff_t length, size_t size) {
  const auto used = static_cast<size_t>(length);
  return used <= size && used + Connection::kLongestRow > size;
}

bool AnswerLost(int status) {
  return status == LocalFailure(ENOBUFS) || status == LocalFailure(ETIMEDOUT);
}

bool SameService(const CallRecord& a, const CallRecord& b) {
  return a.service.family == b.service.family && a.service.fwmark == b.service.fwmark &&
         a.service.protocol == b.service.protocol && a.service.port == b.service.port &&
         std::memcmp(a.service.address, b.service.address, kAddressBytes) == 0;
}

// Whether the kernel may load a module for a command: a scheduler's or a persistence engine's.
bool LoadsModules(const CallRecord& call) {
  return call.operation == kNewService || call.operation == kSetService;
}

// Which commands of a batch are to be sent once more: those that `repeat` picks by their index, and what
// failed only because one of these did (a destination of a service that was not added). Not one that a later
// command has overtaken, as the order of calls would be lost.
template <typename Pick>
std::vector<size_t> ToRepeat(const std::vector<const CallRecord*>& calls, const std::vector<int>& statuses,
                             Pick pick) {
  std::vector<size_t> repeated;
  for (size_t i = 0; i < calls.size(); ++i) {
    const CallRecord& call = *calls[i];
    const bool follows =
        statuses[i] == ESRCH && std::any_of(repeated.begin(), repeated.end(), [&](size_t earlier) {
          return calls[earlier]->operation == kNewService && SameService(*calls[earlier], call);
        });
    if (!follows && !pick(i)) continue;
    bool overtaken = false;
    for (size_t later = i + 1; later < calls.size() && !overtaken; ++later) {
      overtaken =
          statuses[later] == kOk && (calls[later]->operation == kFlush || SameService(*calls[later], call));
    }
    if (!overtaken) repeated.push_back(i);
  }
  return repeated;
}

}  // namespace

void Link::Pause(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

Connection Connection::Sibling() {
  Link link = link_;
  // A namespace that was entered once is entered by its descriptor, which stays as it is: from any thread.
  link.open_socket = [this](int* error) {
    std::unique_ptr<KernelSocket> opened;
    const int status = network_.Run([&] { opened = link_.open_socket(error); });
    if (status != kOk) *error = EAGAIN;
    return opened;
  };
  return Connection({}, std::move(link));
}

bool Connection::DumpsSideBySide() {
  bool them = false;
  return network_.Run([&] { them = link_.dumps_side_by_side(); }) == kOk && them;
}

int Connection::OpenSocket(std::unique_ptr<Socket>* socket, size_t receive_size) {
  if (*socket != nullptr) return kOk;
  int error = 0;
  std::unique_ptr<KernelSocket> opened;
  if (const int status = network_.Run([&] { opened = link_.open_socket(&error); }); status != kOk)
    return status;
  if (opened == nullptr) return LocalFailure(error);
  *socket = std::make_unique<Socket>(std::move(opened), std::max(receive_size, least_receive_));
  return kOk;
}

int Connection::Open(std::unique_ptr<Socket>* socket, size_t receive_size) {
  if (const int status = OpenSocket(socket, receive_size); status != kOk) return status;
  return family_ == 0 ? ResolveFamily(&family_) : kOk;
}

// The id is the same in every namespace, but asked for by a socket of the client's: a namespace may not see
// the family at all.
int Connection::ResolveFamily(uint16_t* id) {
  int attempts = kReadAttempts;
  bool loaded = false;
  while (true) {
    if (const int status = OpenSocket(&writer_, kChunks[0]); status != kOk) return status;
    const int status = AskForFamily(writer_.get(), id);
    if (status == kNoFamily && !loaded) {
      link_.load_module("ip_vs");
      loaded = true;
      continue;
    }
    if (!AnswerLost(status)) return status;
    writer_.reset();
    if (--attempts == 0) return status;
    if (status == LocalFailure(ETIMEDOUT)) attempts = 1;
  }
}

int Connection::RefreshFamily(bool* changed) {
  uint16_t id = 0;
  int status = ResolveFamily(&id);
  const bool gone = status == kNoFamily;
  int pause = kFirstPauseMs;
  for (int look = 1; status == kNoFamily && look < kLooks; ++look, pause *= 2) {
    link_.pause(pause);
    status = ResolveFamily(&id);
  }
  *changed = status == kOk && (gone || id != family_);
  if (status == kOk || status == kNoFamily) family_ = id;
  return status;
}

template <typename Attempt>
int Connection::Read(Attempt attempt) {
  int attempts = kReadAttempts;
  int pause = kFirstPauseMs;
  for (int look = 1;; ++look) {
    const int status = attempt();
    if (AnswerLost(status)) {
      if (--attempts == 0) return status;
      if (status == LocalFailure(ETIMEDOUT)) attempts = 1;  // it takes two seconds each time
      continue;
    }
    // A dump by a family whose module is just being unloaded (__netlink_dump_start).
    const bool leaving = status == EPROTONOSUPPORT;
    if ((status != ENOENT && !leaving) || look >= kLooks) return status;
    if (leaving) {
      link_.pause(pause);
      pause *= 2;
    }
    bool changed = false;
    if (const int error = RefreshFamily(&changed); error != kOk) return error;
    if (!changed && !leaving) return status;
  }
}

int Connection::SendOne(Socket* socket, const CallRecord& call, Operation command, int flags,
                        uint32_t* sequence) {
  *sequence = socket->NextSequence();
  encoder_.Clear();
  encoder_.Append(call, command, family_, socket->port(), *sequence, flags);
  const int error = socket->Send(encoder_.bytes().data(), encoder_.bytes().size());
  return error == 0 ? kOk : LocalFailure(error);
}

void Connection::Close() {
  writer_.reset();
  for (std::unique_ptr<Socket>& reader : readers_) reader.reset();
}

const char* Connection::LacksModule(const CallRecord& call) const {
  const char* const module = ModuleBefore(call);
  return module == nullptr || modules_unseen_ || link_.has_module(module) ? nullptr : module;
}

bool Connection::MayBeStale(int status) {
  return status == ENOENT || status == ENOPROTOOPT;
}

void Connection::Batch(const std::vector<const CallRecord*>& calls, std::vector<int>* statuses) {
  statuses->assign(calls.size(), LocalFailure(ENOMEM));
  std::vector<size_t> which(calls.size());
  std::iota(which.begin(), which.end(), 0);
  BatchOnce(calls, which, statuses);

  const auto any = [&](int status) {
    return std::find(statuses->begin(), statuses->end(), status) != statuses->end();
  };
  int pause = kFirstPauseMs;
  int own = 0;  // looks that found the family as it was
  for (int look = 1; look < kLooks; ++look, pause *= 2) {
    const bool leaving = any(ENOPROTOOPT);
    if (!leaving && !any(ENOENT)) return;
    if (leaving) link_.pause(pause);
    bool changed = false;
    if (const int error = RefreshFamily(&changed); error != kOk) {
      for (int& status : *statuses) {
        if (status == ENOENT || (status == ENOPROTOOPT && error == kNoFamily)) status = error;
      }
      return;
    }
    if (!changed && !leaving) {
      // The command's own ENOENT, then. But a scheduler whose module is just being unloaded is not found
      // either, nor can it be loaded: look a little later.
      if (++own == kLooksForModule) return;
      if (ToRepeat(calls, *statuses, [&](size_t i) {
            return (*statuses)[i] == ENOENT && LoadsModules(*calls[i]);
          }).empty())
        return;
      link_.pause(pause);
    }
    which = ToRepeat(calls, *statuses, [&](size_t i) {
      const int status = (*statuses)[i];
      return status == ENOPROTOOPT || (status == ENOENT && (changed || LoadsModules(*calls[i])));
    });
    if (which.empty()) return;
    BatchOnce(calls, which, statuses);
  }
}

void Connection::BatchOnce(const std::vector<const CallRecord*>& calls, const std::vector<size_t>& which,
                           std::vector<int>* statuses) {
  const auto fail = [&](int status) {
    for (const size_t i : which) (*statuses)[i] = status;
  };
  if (const int status = Open(&writer_, kChunks[0]); status != kOk) return fail(status);
  for (const size_t i : which) {
    const char* const module = LacksModule(*calls[i]);
    if (module == nullptr) continue;
    link_.load_module(module);
    modules_unseen_ = !link_.has_module(module);
  }

  encoder_.Clear();
  uint32_t first = 0;
  for (size_t k = 0; k < which.size(); ++k) {
    const CallRecord& call = *calls[which[k]];
    const uint32_t sequence = writer_->NextSequence();
    if (k == 0) first = sequence;
    encoder_.Append(call, static_cast<Operation>(call.operation), family_, writer_->port(), sequence, 0);
  }
  // Errors are acked even where no ack was asked for (netlink_rcv_skb): with an ack asked of the last command
  // only, those before it that have no error ack have succeeded.
  encoder_.last()->nlmsg_flags |= NLM_F_ACK;
  std::vector<int> answers(which.size(), 0);
  fail(kOutcomeUnknown);
  if (const int error = writer_->Send(encoder_.bytes().data(), encoder_.bytes().size()); error != 0) {
    return fail(LocalFailure(error));
  }

  bool done = false;
  while (!done) {
    const ptrdiff_t length = writer_->Receive();
    if (length < 0) {
      // The commands were executed, their answers are lost. A new socket has no others' answers in it.
      writer_.reset();
      return fail(kOutcomeUnknown);
    }
    ForEachMessage(writer_->buffer(), length, [&](const nlmsghdr* message) {
      const uint32_t k = message->nlmsg_seq - first;
      if (message->nlmsg_type != NLMSG_ERROR || k >= which.size()) return true;
      answers[k] = ErrorIn(message);
      if (k == which.size() - 1) done = true;
      return true;
    });
  }
  for (size_t k = 0; k < which.size(); ++k) (*statuses)[which[k]] = answers[k];
}

int Connection::Write(const CallRecord& call) {
  if (LacksModule(call) != nullptr) return ENOENT;
  uint32_t sequence = 0;
  const int error = SendOne(writer_.get(), call, static_cast<Operation>(call.operation), 0, &sequence);
  if (error != kOk) return error;
  // The kernel executes the command inside send() and has queued its error, if there is one, when that
  // returns (netlink_unicast_kernel, netlink_ack): nothing there is success, and an ack need not be made.
  int status = kOk;
  ptrdiff_t length = 0;
  const bool received = FindsMemory([&] {
    while ((length = writer_->TryReceive()) > 0) {
      ForEachMessage(writer_->buffer(), length, [&](const nlmsghdr* message) {
        if (message->nlmsg_seq == sequence && message->nlmsg_type == NLMSG_ERROR) status = ErrorIn(message);
        return true;
      });
    }
  });
  if (received && length == 0) return status;
  writer_.reset();
  return kOutcomeUnknown;
}

int Connection::Ask(const CallRecord& call, Operation command, const TakeRow& take) {
  return Read([&] { return AskOnce(call, command, take); });
}

int Connection::AskOnce(const CallRecord& call, Operation command, const TakeRow& take) {
  if (const int error = Open(&writer_, kChunks[0]); error != kOk) return error;
  uint32_t sequence = 0;
  if (const int error = SendOne(writer_.get(), call, command, 0, &sequence); error != kOk) return error;
  int status = kOk;
  bool done = false;
  while (!done) {
    const ptrdiff_t length = writer_->Receive();
    if (length < 0) {
      writer_.reset();
      return LocalFailure(static_cast<int>(-length));
    }
    ForEachMessage(writer_->buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return true;
      done = true;
      if (message->nlmsg_type == NLMSG_ERROR) {
        status = RefusalIn(message);
      } else if (!take(message)) {
        status = EBADMSG;
      }
      return false;
    });
  }
  return status;
}

size_t Connection::FittingChunk(size_t expected_bytes) {
  size_t chunk = 0;
  while (chunk + 1 < kChunks.size() && kChunks[chunk] < expected_bytes) ++chunk;
  return chunk;
}

int Connection::Dump(const CallRecord& call, Operation command, DumpSocket by,
                     const std::atomic<bool>* interrupted, const std::function<void()>& restart,
                     const TakeRow& take, DumpShape* shape) {
  const auto once = [&] {
    restart();
    shape->ends.clear();
    shape->full = false;
    return DumpOnce(call, command, by, interrupted, take, shape);
  };
  return Read([&] {
    const int status = once();
    // The kernel's least chunk is longer than ours where pages are; the socket's buffer has grown by now.
    return status == EMSGSIZE ? once() : status;
  });
}

int Connection::DumpOnce(const CallRecord& call, Operation command, DumpSocket by,
                         const std::atomic<bool>* interrupted, const TakeRow& take, DumpShape* shape) {
  std::unique_ptr<Socket>& socket = readers_[by.chunk];
  if (by.fresh) socket.reset();
  if (const int error = Open(&socket, kChunks[by.chunk]); error != kOk) return error;
  Socket& reader = *socket;
  shape->fresh = reader.fresh();
  // What the kernel allocates for a chunk by the receives it has seen: netlink_dump() goes by the longest
  // one.
  const auto room_now = [&] { return std::min(reader.receive_size(), kChunks.back()); };
  // The room of the chunk that is received next. The kernel makes that chunk inside the receive before it.
  size_t room = reader.fresh() ? kChunks[0] : room_now();
  uint32_t sequence = 0;
  if (const int error = SendOne(&reader, call, command, NLM_F_DUMP, &sequence); error != kOk) return error;
  int status = kOk;
  bool done = false;
  bool truncated = false;
  size_t size = by.chunk;
  unsigned alike = 0;  // chunks of this size
  size_t rows = 0;
  while (!done) {
    if (alike == kChunksBeforeGrowth && size + 1 < kChunks.size()) {
      reader.Widen(kChunks[++size]);
      alike = 0;
    }
    const bool given_up = interrupted != nullptr && *interrupted;
    const ptrdiff_t length = given_up ? -ECANCELED : reader.Receive();
    if (length == -EMSGSIZE) {
      truncated = true;
      least_receive_ = reader.receive_size();
      continue;
    }
    if (length < 0) {
      // A dump that is left unfinished blocks the socket for the next one (EBUSY): give it up with its
      // socket.
      socket.reset();
      return given_up ? kCancelled : LocalFailure(static_cast<int>(-length));
    }
    const size_t before = rows;
    ForEachMessage(reader.buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return true;
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        status = message->nlmsg_type == NLMSG_DONE ? ErrorIn(message) : RefusalIn(message);
        done = true;
        return false;
      }
      if (take(message)) ++rows;
      return true;
    });
    if (rows != before) {
      ++alike;
      shape->ends.push_back(rows);
      // Where it finds no memory for more than two pages in a row, the kernel makes a page do.
      const bool page = FillsUp(length, kChunks[0]) || FillsUp(length, kChunks[1]);
      shape->full = FillsUp(length, room) || (room != kChunks[1] && page);
    }
    room = room_now();
  }
  if (size != by.chunk) {
    // What the kernel saw of a socket it does not forget: this one has the other size from now on.
    if (readers_[size] == nullptr) readers_[size] = std::move(socket);
    socket.reset();
  }
  return truncated ? EMSGSIZE : status;
}

}  // namespace ipvs
