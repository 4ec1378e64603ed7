// A client's connection to the kernel's IPVS: its sockets, the family's id, and the three ways to talk: a
// batch of commands, a question with one answer, a dump. Not thread-safe; every call may wait on the kernel's
// mutexes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "native/codec/encode.h"
#include "native/codec/record.h"
#include "native/netlink/family.h"
#include "native/netlink/kernel_socket.h"
#include "native/netlink/socket.h"
#include "native/os/netns.h"

namespace ipvs {

// How a dump arrived, which tells whether it can have been torn.
struct DumpShape {
  unsigned chunks = 0;  // datagrams with rows
  bool full = false;    // the last of them had no room for one more row
};

// How a Connection reaches the kernel: by real sockets, unless a test has others.
struct Link {
  std::function<std::unique_ptr<KernelSocket>(int* error)> open_socket = OpenKernelSocket;
  std::function<int(uint16_t* id)> resolve_family = ResolveFamily;
};

class Connection {
 public:
  using Visit = std::function<void(const nlmsghdr*)>;

  explicit Connection(NetworkNamespace network, Link link = {})
      : network_(std::move(network)), link_(std::move(link)) {}

  NetworkNamespace& network() { return network_; }

  bool open() const { return writer_ != nullptr && family_ != 0; }
  // Makes sure that the kernel has IPVS, loading it if need be. A Status or an errno.
  int Ready() { return Open(&writer_, kChunks[0]); }

  // Sends the commands as one message each in one send, executed in order and independently of each other.
  // statuses[i] is 0, the errno of calls[i], or kOutcomeUnknown. At most kBatch calls.
  void Batch(const std::vector<const CallRecord*>& calls, std::vector<int>* statuses);

  // Executes one command on an open connection, at the least cost: 0, its errno, or kOutcomeUnknown. After
  // ENOENT the family may have another id: Batch() finds out.
  int Write(const CallRecord& call);

  // Asks for one object; visits the answer. A Status or an errno.
  int Ask(const CallRecord& call, Operation command, const Visit& visit);

  // Runs a dump to its end, visiting every row, in chunks of the size class `chunk`, and of larger ones once
  // it turns out to be long.
  int Dump(const CallRecord& call, Operation command, size_t chunk, const Visit& visit, DumpShape* shape);

  // The size class whose chunks fit a dump of so many bytes (0: unknown, taken for little): the kernel
  // allocates, and on most distributions zeroes, a whole chunk for the rows and another for the end mark.
  static size_t FittingChunk(size_t expected_bytes);
  // Another size class for reading a list again, large: its chunks end at other rows.
  static size_t OtherChunk(size_t chunk) { return kChunks.size() - (chunk == kChunks.size() - 1 ? 2 : 1); }

  // So many acks fit the socket's buffer with room to spare, even if every command fails.
  static constexpr size_t kBatch = 128;

 private:
  // What the kernel allocates for a chunk is one of these and its own overhead (320 bytes), a power of two
  // together.
  static constexpr std::array<size_t, 4> kChunks = {3776, 7872, 16064, 32448};

  // So many chunks of one size, and the next are larger: a long list that nobody knew of costs little more
  // than one that was known, a short one nothing.
  static constexpr unsigned kStep = 8;

  int Open(std::unique_ptr<Socket>* socket, size_t receive_size);
  // Asks for the family's id again. A command to an id that is gone, because ip_vs was loaded anew, fails
  // with ENOENT, as one about a destination that is gone does.
  int RefreshFamily(bool* changed);
  // Makes an attempt, and another one after ENOENT if the family has another id now. What keeps that from
  // being known is told in place of ENOENT.
  template <typename Attempt>
  int WithFamily(Attempt attempt);
  // Sends one message, with the sequence number that answers will have. 0 or an errno.
  int SendOne(Socket* socket, const CallRecord& call, Operation command, int flags, uint32_t* sequence);
  void BatchOnce(const std::vector<const CallRecord*>& calls, const std::vector<size_t>& which,
                 std::vector<int>* statuses);
  int AskOnce(const CallRecord& call, Operation command, const Visit& visit);
  int DumpOnce(const CallRecord& call, Operation command, size_t chunk, const Visit& visit, DumpShape* shape);

  NetworkNamespace network_;
  Link link_;
  Encoder encoder_;
  uint16_t family_ = 0;             // 0: not resolved yet
  std::unique_ptr<Socket> writer_;  // commands and questions
  std::array<std::unique_ptr<Socket>, kChunks.size()> readers_;
};

}  // namespace ipvs
