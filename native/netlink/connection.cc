#include "native/netlink/connection.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace ipvs {

namespace {

// A destination with its tunnel and both statistics has 356 bytes, 364 where 64-bit attributes are padded; a
// service fewer.
constexpr size_t kLongestRow = 400;

// Calls visit(header) for each message of a datagram; stops where visit gives back false or the lengths lie.
template <typename Visit>
void ForEachMessage(const uint8_t* data, ptrdiff_t length, Visit visit) {
  auto remaining = static_cast<size_t>(length);
  while (remaining >= sizeof(nlmsghdr)) {
    const auto* const at = reinterpret_cast<const nlmsghdr*>(data);
    if (at->nlmsg_len < sizeof(nlmsghdr) || at->nlmsg_len > remaining || !visit(at)) return;
    const size_t step = std::min<size_t>(NLMSG_ALIGN(at->nlmsg_len), remaining);
    data += step;
    remaining -= step;
  }
}

// Whether a chunk of this length may have ended because `size` bytes had no room for one more row. Each chunk
// may have had only a page: the first of a new socket, which has shown the kernel no buffer yet, and any that
// the kernel found no larger memory for (netlink_dump).
bool EndsFor(ptrdiff_t length, size_t size) {
  const auto used = static_cast<size_t>(length);
  return used <= size && used + kLongestRow > size;
}

// The errno in an ack or an end mark: both start with a negative int.
int ErrorIn(const nlmsghdr* message) {
  int error = 0;
  if (message->nlmsg_len >= NLMSG_LENGTH(sizeof error))
    std::memcpy(&error, NLMSG_DATA(message), sizeof error);
  return -error;
}

}  // namespace

int Connection::Open(std::unique_ptr<Socket>* socket, size_t receive_size) {
  if (*socket == nullptr) {
    int error = 0;
    std::unique_ptr<KernelSocket> opened;
    const int entered = network_.Run([&] { opened = link_.open_socket(&error); });
    if (entered != 0) return kNamespaceFailed - entered;
    if (opened == nullptr) return error;
    *socket = std::make_unique<Socket>(std::move(opened), receive_size);
  }
  if (family_ == 0) {
    // The id is the same in every namespace, but asked for in the client's: a namespace may not see the
    // family at all.
    int status = kOk;
    const int entered = network_.Run([&] { status = link_.resolve_family(&family_); });
    if (entered != 0) return kNamespaceFailed - entered;
    return status;
  }
  return kOk;
}

int Connection::RefreshFamily(bool* changed) {
  const uint16_t before = family_;
  family_ = 0;
  const int status = Open(&writer_, kChunks[0]);
  *changed = family_ != before;
  return status;
}

template <typename Attempt>
int Connection::WithFamily(Attempt attempt) {
  const int status = attempt();
  if (status != ENOENT) return status;
  bool changed = false;
  if (const int error = RefreshFamily(&changed); error != kOk) return error;
  return changed ? attempt() : status;
}

int Connection::SendOne(Socket* socket, const CallRecord& call, Operation command, int flags,
                        uint32_t* sequence) {
  *sequence = socket->NextSequence();
  encoder_.Clear();
  encoder_.Append(call, command, family_, socket->port(), *sequence, flags);
  return socket->Send(encoder_.bytes().data(), encoder_.bytes().size());
}

void Connection::Batch(const std::vector<const CallRecord*>& calls, std::vector<int>* statuses) {
  statuses->assign(calls.size(), kOutcomeUnknown);
  std::vector<size_t> which(calls.size());
  std::iota(which.begin(), which.end(), 0);
  BatchOnce(calls, which, statuses);

  which.clear();
  for (size_t i = 0; i < calls.size(); ++i) {
    if ((*statuses)[i] == ENOENT) which.push_back(i);
  }
  if (which.empty()) return;
  bool changed = false;
  if (const int error = RefreshFamily(&changed); error != kOk) {
    for (const size_t i : which) (*statuses)[i] = error;
  } else if (changed) {
    BatchOnce(calls, which, statuses);
  }
}

void Connection::BatchOnce(const std::vector<const CallRecord*>& calls, const std::vector<size_t>& which,
                           std::vector<int>* statuses) {
  const auto fail = [&](int status) {
    for (const size_t i : which) (*statuses)[i] = status;
  };
  if (const int error = Open(&writer_, kChunks[0]); error != kOk) return fail(error);

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
  if (const int error = writer_->Send(encoder_.bytes().data(), encoder_.bytes().size()); error != 0) {
    return fail(error);
  }

  std::vector<int> answers(which.size(), 0);
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
      done = k == which.size() - 1;
      return true;
    });
  }
  for (size_t k = 0; k < which.size(); ++k) (*statuses)[which[k]] = answers[k];
}

int Connection::Write(const CallRecord& call) {
  uint32_t sequence = 0;
  const int error = SendOne(writer_.get(), call, static_cast<Operation>(call.operation), 0, &sequence);
  if (error != 0) return error;
  // The kernel executes the command inside send() and has queued its error, if there is one, when that
  // returns (netlink_unicast_kernel, netlink_ack): nothing there is success, and an ack need not be made.
  int status = kOk;
  ptrdiff_t length = 0;
  while ((length = writer_->TryReceive()) > 0) {
    ForEachMessage(writer_->buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq == sequence && message->nlmsg_type == NLMSG_ERROR) status = ErrorIn(message);
      return true;
    });
  }
  if (length == 0) return status;
  writer_.reset();
  return kOutcomeUnknown;
}

int Connection::Ask(const CallRecord& call, Operation command, const Visit& visit) {
  return WithFamily([&] { return AskOnce(call, command, visit); });
}

int Connection::AskOnce(const CallRecord& call, Operation command, const Visit& visit) {
  if (const int error = Open(&writer_, kChunks[0]); error != kOk) return error;
  uint32_t sequence = 0;
  if (const int error = SendOne(writer_.get(), call, command, 0, &sequence); error != 0) return error;
  int status = kOk;
  bool done = false;
  while (!done) {
    const ptrdiff_t length = writer_->Receive();
    if (length < 0) {
      writer_.reset();
      return static_cast<int>(-length);
    }
    ForEachMessage(writer_->buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return true;
      done = true;
      if (message->nlmsg_type == NLMSG_ERROR) {
        status = ErrorIn(message);
      } else {
        visit(message);
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

int Connection::Dump(const CallRecord& call, Operation command, size_t chunk, const Visit& visit,
                     DumpShape* shape) {
  return WithFamily([&] {
    *shape = {};
    return DumpOnce(call, command, chunk, visit, shape);
  });
}

int Connection::DumpOnce(const CallRecord& call, Operation command, size_t chunk, const Visit& visit,
                         DumpShape* shape) {
  std::unique_ptr<Socket>& socket = readers_[chunk];
  if (const int error = Open(&socket, kChunks[chunk]); error != kOk) return error;
  Socket& reader = *socket;
  uint32_t sequence = 0;
  if (const int error = SendOne(&reader, call, command, NLM_F_DUMP, &sequence); error != 0) return error;
  int status = kOk;
  bool done = false;
  bool truncated = false;
  size_t size = chunk;
  unsigned alike = 0;  // chunks of this size
  while (!done) {
    if (alike == kStep && size + 1 < kChunks.size()) {
      reader.Widen(kChunks[++size]);
      alike = 0;
    }
    const ptrdiff_t length = reader.Receive();
    if (length == -EMSGSIZE) {
      truncated = true;  // pages larger than 4 KiB: the kernel's least chunk is longer. The next attempt is
                         // of another size class, and this socket has grown
      continue;
    }
    if (length < 0) {
      // A dump that is left unfinished blocks the socket for the next one (EBUSY): give it up with its
      // socket.
      socket.reset();
      return static_cast<int>(-length);
    }
    bool rows = false;
    ForEachMessage(reader.buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != sequence) return true;
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        status = ErrorIn(message);
        done = true;
        return false;
      }
      rows = true;
      visit(message);
      return true;
    });
    if (rows) {
      ++alike;
      ++shape->chunks;
      shape->full = EndsFor(length, kChunks[0]) || EndsFor(length, kChunks[size]);
    }
  }
  if (size != chunk) {
    // What the kernel saw of a socket it does not forget: this one has the other size from now on.
    if (readers_[size] == nullptr) readers_[size] = std::move(socket);
    socket.reset();
  }
  return truncated ? EMSGSIZE : status;
}

}  // namespace ipvs
