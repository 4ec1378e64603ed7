#include "native/netlink/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "test/native/test.h"

using ipvs::Socket;

namespace {

// The results of each system call, in turn. A call without an entry ends with EIO.
struct Script {
  std::deque<ptrdiff_t> sends;
  std::deque<ptrdiff_t> receives;
  std::deque<int> waits;
  std::vector<size_t> receive_sizes;
  std::vector<int> timeouts_ms;
};

template <typename Result>
Result Next(std::deque<Result>* results) {
  if (results->empty()) return -EIO;
  const Result result = results->front();
  results->pop_front();
  return result;
}

class PlayedSocket final : public ipvs::KernelSocket {
 public:
  explicit PlayedSocket(Script* script) : script_(script) {}

  ptrdiff_t Send(const void*, size_t) override { return Next(&script_->sends); }
  ptrdiff_t Receive(void* buffer, size_t size) override {
    script_->receive_sizes.push_back(size);
    const ptrdiff_t length = Next(&script_->receives);
    if (length > 0) std::memset(buffer, 0x5a, std::min(size, static_cast<size_t>(length)));
    return length;
  }
  int Wait(int timeout_ms) override {
    script_->timeouts_ms.push_back(timeout_ms);
    return Next(&script_->waits);
  }
  uint32_t port() const override { return 77; }

 private:
  Script* script_;
};

Socket Play(Script* script, size_t receive_size = 4096) {
  return {std::make_unique<PlayedSocket>(script), receive_size};
}

}  // namespace

TEST_CASE("A send that a signal interrupts is made again") {
  Script script;
  script.sends = {-EINTR, -EINTR, 8};
  CHECK(Play(&script).Send("12345678", 8) == 0);
  CHECK(script.sends.empty());
}

TEST_CASE("A send that fails reports its errno, and one that sends a part EIO") {
  Script script;
  script.sends = {-ENOBUFS, 7, 0};
  Socket socket = Play(&script);
  CHECK(socket.Send("12345678", 8) == ENOBUFS);
  CHECK(socket.Send("12345678", 8) == EIO);
  CHECK(socket.Send("12345678", 8) == EIO);
}

TEST_CASE("A receive that a signal interrupts is made again, whether it waits or not") {
  Script script;
  script.receives = {-EINTR, 16, -EINTR, -EINTR, 20};
  Socket socket = Play(&script);
  CHECK(socket.TryReceive() == 16);
  CHECK(socket.Receive() == 20);
  CHECK(socket.buffer()[19] == 0x5a);
  CHECK(script.timeouts_ms.empty());
}

TEST_CASE("An empty queue is 0 to those who do not wait, and others wait two seconds at a time") {
  Script script;
  script.receives = {-EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, 16};
  script.waits = {-EINTR, 1, 1};
  Socket socket = Play(&script);
  CHECK(socket.TryReceive() == 0);
  CHECK(socket.Receive() == 16);
  CHECK(script.timeouts_ms == std::vector<int>{2000, 2000, 2000});
}

TEST_CASE("A receive ends with ETIMEDOUT when nothing comes, and with the errno of a wait that fails") {
  Script script;
  script.receives = {-EAGAIN, -EAGAIN};
  script.waits = {0, -ENOMEM};
  Socket socket = Play(&script);
  CHECK(socket.Receive() == -ETIMEDOUT);
  CHECK(socket.Receive() == -ENOMEM);
}

TEST_CASE("An overrun queue and other errors of a receive are reported as they are") {
  Script script;
  script.receives = {-ENOBUFS, -ENOMEM};
  Socket socket = Play(&script);
  CHECK(socket.TryReceive() == -ENOBUFS);
  CHECK(socket.Receive() == -ENOMEM);
}

TEST_CASE(
    "A datagram longer than the buffer is EMSGSIZE, and the next receive has room for the longest one") {
  Script script;
  script.receives = {101, 65536};
  Socket socket = Play(&script, 100);
  CHECK(socket.Receive() == -EMSGSIZE);
  CHECK(socket.Receive() == 65536);
  CHECK(script.receive_sizes == std::vector<size_t>{100, 65536});
}

TEST_CASE("A datagram that just fills the buffer is whole") {
  Script script;
  script.receives = {100};
  CHECK(Play(&script, 100).Receive() == 100);
}

TEST_CASE("Receives become larger on demand, never smaller") {
  Script script;
  script.receives = {1, 1, 1, 200, 1};
  Socket socket = Play(&script, 100);
  socket.Receive();
  socket.Widen(150);
  socket.Receive();
  socket.Widen(120);
  socket.Receive();
  socket.Receive();  // too long: grows to the longest
  socket.Widen(300);
  socket.Receive();
  CHECK(script.receive_sizes == std::vector<size_t>{100, 150, 150, 150, 65536});
}

TEST_CASE("Sequence numbers of a socket differ from one message to the next") {
  Script script;
  Socket socket = Play(&script);
  CHECK(socket.port() == 77);
  const uint32_t first = socket.NextSequence();
  CHECK(first != 0);  // which the kernel's own notifications carry
  CHECK(socket.NextSequence() == first + 1);
}
