// A client's connection to the kernel's IPVS: its sockets, the family's id, and the three ways to talk: a
// batch of commands, a question with one answer, a dump. Not thread-safe; every call may wait on the kernel's
// mutexes.
//
// What is repeated, and what is not. A command that was sent is never sent again, unless its errno says that
// nothing was executed: a lost answer is kOutcomeUnknown. A question or a dump whose answer is lost is asked
// again, at most kReadAttempts times. And a module that comes and goes is waited for (kLooks): its family has
// another id each time, and a command to an id that is gone fails with the ENOENT that also says "no such
// destination".
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "native/codec/encode.h"
#include "native/codec/record.h"
#include "native/netlink/family.h"
#include "native/netlink/kernel_socket.h"
#include "native/netlink/modules.h"
#include "native/netlink/socket.h"
#include "native/os/netns.h"

namespace ipvs {

// The socket that a dump comes by, which decides where its chunks end.
struct DumpSocket {
  size_t chunk = 0;    // the size class of its chunks
  bool fresh = false;  // one that never received: the kernel makes its first chunk a page long
};

// How a dump arrived, which tells whether it can have been torn.
struct DumpShape {
  std::vector<size_t> ends;  // how many rows there were when each chunk ended
  bool full = false;         // the last chunk may have had no room for one more row
  bool fresh = false;        // the socket had never received before

  size_t rows() const { return ends.empty() ? 0 : ends.back(); }
};

// How a Connection reaches the kernel: by real sockets, unless a test has others.
struct Link {
  std::function<std::unique_ptr<KernelSocket>(int* error)> open_socket = OpenKernelSocket;
  std::function<void(const char* module)> load_module = LoadModuleAsDevice;
  std::function<bool(const char* module)> has_module = IsModuleLoaded;
  std::function<void(int milliseconds)> pause = Pause;
  std::function<bool()> dumps_side_by_side = KernelDumpsSideBySide;

  static void Pause(int milliseconds);
};

class Connection {
 public:
  // Returns false where the message holds no row.
  using TakeRow = std::function<bool(const nlmsghdr*)>;

  explicit Connection(NetworkNamespace network, Link link = {})
      : network_(std::move(network)), link_(std::move(link)) {}

  // Another connection of the same client's, for another thread. This one, which has opened a socket,
  // outlives it.
  Connection Sibling();

  NetworkNamespace& network() { return network_; }
  // Whether the kernel makes dumps of several sockets at once.
  bool DumpsSideBySide();

  bool open() const { return writer_ != nullptr && family_ != 0; }
  // Changes when ip_vs was loaded anew, without the schedulers and persistence engines it had.
  uint16_t family() const { return family_; }
  // Makes sure that the kernel has IPVS, loading it if need be. A Status.
  int Ready() { return Open(&writer_, kChunks[0]); }

  // Lets go of all sockets, and so of answers that were left half-way; the next call opens others.
  void Close();

  // Sends the commands as one message each in one send, executed in order and independently of each other.
  // statuses[i] is 0, the errno of calls[i], or a Status. At most kBatch calls. Where memory lacks in its
  // midst they say what is known by then: LocalFailure(ENOMEM) of what was not sent, kOutcomeUnknown of what
  // was.
  void Batch(const std::vector<const CallRecord*>& calls, std::vector<int>* statuses);

  // Executes one command on an open connection, at the least cost: 0, its errno, or a Status. Where memory
  // lacks, or a module that has to be loaded before, it was not sent.
  int Write(const CallRecord& call);
  // Whether an errno may come of a module that goes, went or lacks. Nothing was executed then, and Batch()
  // finds out.
  static bool MayBeStale(int status);

  // Asks for one object and takes the answer; EBADMSG if that does not hold the object. A Status or an errno.
  int Ask(const CallRecord& call, Operation command, const TakeRow& take);

  // Runs a dump to its end, taking every row, by the socket that is wanted and in larger chunks once it turns
  // out to be long. `restart` is called first, and again whenever the dump begins anew: what was taken is of
  // no use then. Ends with kCancelled within a chunk after *interrupted, if there is one, became true.
  int Dump(const CallRecord& call, Operation command, DumpSocket by, const std::atomic<bool>* interrupted,
           const std::function<void()>& restart, const TakeRow& take, DumpShape* shape);

  // The size class whose chunks fit a dump of `expected_bytes` (0: unknown, taken for little): the kernel
  // allocates, and on most distributions zeroes, a whole chunk for the rows and another for the end mark.
  static size_t FittingChunk(size_t expected_bytes);

  // Commands in one batch: their acks fit the socket's buffer with room to spare, even if all of them fail.
  static constexpr size_t kBatch = 128;

  // A destination with its tunnel and both statistics has 356 bytes, 364 where 64-bit attributes are padded;
  // a service fewer.
  static constexpr size_t kLongestRow = 400;

 private:
  // What the kernel allocates for a chunk is one of these and its own overhead (320 bytes), a power of two
  // together. The first two are also the least there is (NLMSG_GOODSIZE): with pages of 4 KiB, and of more.
  static constexpr std::array<size_t, 4> kChunks = {3776, 7872, 16064, 32448};

  // After this many chunks of one size the next size is used, so that a long dump of unknown length costs
  // little more than one of known length.
  static constexpr unsigned kChunksBeforeGrowth = 8;

  static constexpr int kReadAttempts = 3;
  // Looks at a module that comes and goes, a little further apart each time: 150 ms in all.
  static constexpr int kLooks = 5;
  static constexpr int kFirstPauseMs = 10;
  // Looks for a scheduler or an engine that is not found: its module may be one that comes and goes.
  static constexpr int kLooksForModule = 3;

  int Open(std::unique_ptr<Socket>* socket, size_t receive_size);
  int OpenSocket(std::unique_ptr<Socket>* socket, size_t receive_size);
  int ResolveFamily(uint16_t* id);
  // The module that a call wants loaded before and that is not; nullptr where there is none.
  const char* LacksModule(const CallRecord& call) const;
  // Asks for the family's id again, for a while where it is gone: a module that is just being unloaded cannot
  // be loaded either. Where that fails the id stays: it may be right.
  int RefreshFamily(bool* changed);
  // Makes an attempt to read; again while its answers are lost or the module comes and goes.
  template <typename Attempt>
  int Read(Attempt attempt);
  // Sends one message, with the sequence number that answers will have. 0 or LocalFailure().
  int SendOne(Socket* socket, const CallRecord& call, Operation command, int flags, uint32_t* sequence);
  void BatchOnce(const std::vector<const CallRecord*>& calls, const std::vector<size_t>& which,
                 std::vector<int>* statuses);
  int AskOnce(const CallRecord& call, Operation command, const TakeRow& take);
  int DumpOnce(const CallRecord& call, Operation command, DumpSocket by, const std::atomic<bool>* interrupted,
               const TakeRow& take, DumpShape* shape);

  NetworkNamespace network_;
  Link link_;
  Encoder encoder_;
  uint16_t family_ = 0;          // 0: not resolved yet, or gone
  bool modules_unseen_ = false;  // one that was to be loaded is not shown as such: asking again is of no use
  std::unique_ptr<Socket> writer_;  // commands and questions
  std::array<std::unique_ptr<Socket>, kChunks.size()> readers_;
  size_t least_receive_ = 0;  // what a datagram turned out to need
};

}  // namespace ipvs
