// Connects sockets with what Node.js cannot give them: a mark, a device, another network namespace.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/os/descriptor.h"
#include "native/os/netns.h"

namespace ipvs {

// An IPv4 or IPv6 address and a port, as system calls take them.
struct SocketAddress {
  sockaddr_storage storage = {};  // ss_family is AF_UNSPEC where there is none
  socklen_t size = 0;

  // Empty where `address` is none.
  static SocketAddress Of(const std::string& address, uint16_t port);
};

// Where a socket is to lead, and how.
struct Way {
  SocketAddress target;
  SocketAddress source;  // AF_UNSPEC: the kernel chooses
  bool stream = true;    // TCP, which is connected; else UDP, which is left unconnected
  uint32_t mark = 0;     // SO_MARK; 0 is what sockets have anyway
  std::string device;    // SO_BINDTODEVICE, unless empty
  NetworkNamespace network;
};

// A socket, or why there is none.
struct Dialled {
  uint64_t number = 0;
  Descriptor socket;
  const char* step = "";  // what failed: "netns", "thread", "socket", "mark", "device", "source", "connect"
  int error = 0;          // an errno; 0 with a socket
};

// All methods are for one thread, the owner's, and wait for nothing. A thread of its own, which starts with
// the first Dial() and ends with Stop(), opens sockets and waits for all connections at once.
class Dialer {
 public:
  // `notify` is called on the dialer's thread whenever something can be taken and nothing could before.
  explicit Dialer(std::function<void()> notify);
  ~Dialer() { Stop(); }
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;
  Dialer(Dialer&&) = delete;
  Dialer& operator=(Dialer&&) = delete;

  // Begins to connect. `number` must not be one that is under way. Returns 0, or the errno for which there is
  // no thread; then nothing was begun.
  int Dial(uint64_t number, Way way);
  // Nothing is heard of it any more, and its socket is closed: where memory lacks, not before it is connected
  // or refused. False for one that was taken or is unknown.
  bool Cancel(uint64_t number);
  // All that has come out so far. Sockets are non-blocking, close-on-exec, and the caller's.
  std::vector<Dialled> Take();
  // Closes all that is under way. No notify() is under way or will come after this. Idempotent.
  void Stop();

 private:
  struct Shared;
  static void Run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ipvs
