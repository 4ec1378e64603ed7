// Dialling on loopback: sockets are connected, refused, given up, and none is left open.
#include "native/os/dialer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "test/native/failing_calls.h"
#include "test/native/test.h"

using ipvs::Descriptor;
using ipvs::Dialer;
using ipvs::Dialled;
using ipvs::NetworkNamespace;
using ipvs::SocketAddress;
using ipvs::Way;

namespace {

// A socket that listens on a port of loopback that the kernel chose.
struct Listener {
  Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress any = SocketAddress::Of("127.0.0.1", 0);
    REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0);
    REQUIRE(listen(socket.get(), 64) == 0);
    sockaddr_in bound = {};
    socklen_t size = sizeof bound;
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port = ntohs(bound.sin_port);
  }
  Descriptor socket;
  uint16_t port = 0;
};

// A dialer that can be waited for.
class Awaited {
 public:
  Awaited()
      : dialer([this] {
          const std::lock_guard lock(mutex_);
          notified_ = true;
          changed_.notify_one();
        }) {}

  // Waits until `count` have come out.
  std::vector<Dialled> Take(size_t count) {
    std::vector<Dialled> all;
    while (all.size() < count) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return notified_; });
      notified_ = false;
      lock.unlock();
      for (Dialled& dialled : dialer.Take()) all.push_back(std::move(dialled));
    }
    return all;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;

 public:
  Dialer dialer;  // ends first
};

Way To(uint16_t port) {
  Way way;
  way.target = SocketAddress::Of("127.0.0.1", port);
  return way;
}

size_t OpenDescriptors() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("dialer: a socket is connected, non-blocking and closed on exec") {
  const Listener listener;
  Awaited awaited;
  REQUIRE(awaited.dialer.Dial(7, To(listener.port)) == 0);
  const std::vector<Dialled> all = awaited.Take(1);
  CHECK(all[0].number == 7);
  CHECK(all[0].error == 0);
  const int fd = all[0].socket.get();
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_FALSE(awaited.dialer.Cancel(7));
}

TEST_CASE("dialer: what fails is told with its step") {
  uint16_t port = 0;
  {
    const Listener listener;
    port = listener.port;
  }
  Awaited awaited;
  Way device = To(port);
  device.device = "none0";
  Way source = To(port);
  source.source = SocketAddress::Of("192.0.2.1", 0);
  Way network = To(port);
  network.network = NetworkNamespace("/nonexistent");
  REQUIRE(awaited.dialer.Dial(0, To(port)) == 0);
  REQUIRE(awaited.dialer.Dial(1, std::move(device)) == 0);
  REQUIRE(awaited.dialer.Dial(2, std::move(source)) == 0);
  REQUIRE(awaited.dialer.Dial(3, std::move(network)) == 0);
  std::vector<std::pair<std::string, int>> said(4);
  for (const Dialled& dialled : awaited.Take(4)) {
    CHECK_FALSE(dialled.socket);
    said[dialled.number] = {dialled.step, dialled.error};
  }
  CHECK(said[0] == std::pair<std::string, int>("connect", ECONNREFUSED));
  CHECK(said[1] == std::pair<std::string, int>("device", ENODEV));
  CHECK(said[2] == std::pair<std::string, int>("source", EADDRNOTAVAIL));
  CHECK(said[3] == std::pair<std::string, int>("netns", ENOENT));
}

TEST_CASE("dialer: what is cancelled or stopped is not heard of, and leaves no descriptor") {
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 20; ++round) {
    // One for each round: nobody accepts, and a full backlog answers no more.
    const Listener listener;
    Awaited awaited;
    for (uint64_t number = 0; number < 40; ++number) {
      REQUIRE(awaited.dialer.Dial(number, To(listener.port)) == 0);
      if (number % 2 == 0) CHECK(awaited.dialer.Cancel(number));
    }
    for (const Dialled& dialled : awaited.Take(5)) CHECK(dialled.number % 2 == 1);
    awaited.dialer.Stop();
    CHECK(awaited.dialer.Take().empty());
  }
  // The last thread may not have ended yet.
  for (int i = 0; i < 200 && OpenDescriptors() > before; ++i) usleep(10'000);
  CHECK(OpenDescriptors() <= before);
}

TEST_CASE("dialer: what is cancelled is closed while the dialer goes on") {
  const Listener listener;
  Awaited awaited;
  // Nobody accepts: once the backlog is full, connections stay on their way.
  constexpr uint64_t kConnections = 200;
  for (uint64_t number = 0; number < kConnections; ++number) {
    REQUIRE(awaited.dialer.Dial(number, To(listener.port)) == 0);
  }
  const std::vector<Dialled> connected = awaited.Take(60);
  for (int i = 0; i < 200 && OpenDescriptors() < kConnections; ++i) usleep(10'000);
  REQUIRE(OpenDescriptors() >= kConnections);
  for (uint64_t number = 0; number < kConnections; ++number) awaited.dialer.Cancel(number);
  for (int i = 0; i < 200 && OpenDescriptors() >= kConnections; ++i) usleep(10'000);
  CHECK(OpenDescriptors() < kConnections);
}

TEST_CASE("dialer: what is cancelled without memory to note that is not heard of") {
  const Listener listener;
  Awaited awaited;
  REQUIRE(awaited.dialer.Dial(1, To(listener.port)) == 0);
  failing_new = 1;
  CHECK(awaited.dialer.Cancel(1));
  CHECK(failing_new == 0);
  failing_new = 0;
  REQUIRE(awaited.dialer.Dial(2, To(listener.port)) == 0);
  const std::vector<Dialled> outcomes = awaited.Take(1);
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].number == 2);
}

TEST_CASE("dialer: a socket that was handed out costs no time") {
  const Listener listener;
  Awaited awaited;
  REQUIRE(awaited.dialer.Dial(1, To(listener.port)) == 0);
  const std::vector<Dialled> all = awaited.Take(1);
  const std::clock_t before = std::clock();  // of all threads, which have nothing to do
  usleep(300'000);
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 100);
}

TEST_CASE("dialer: a UDP socket is one, and left unconnected") {
  Awaited awaited;
  Way way = To(9);
  way.stream = false;
  REQUIRE(awaited.dialer.Dial(1, std::move(way)) == 0);
  const std::vector<Dialled> all = awaited.Take(1);
  CHECK(all[0].error == 0);
  const int fd = all[0].socket.get();
  int type = 0;
  socklen_t size = sizeof type;
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0);
  CHECK(type == SOCK_DGRAM);
  sockaddr_storage peer = {};
  size = sizeof peer;
  CHECK(getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == -1);
  CHECK(errno == ENOTCONN);
}

TEST_CASE("dialer: a source address lends its ports to each target anew") {
  const Listener listener;
  Awaited awaited;
  Way way = To(listener.port);
  way.source = SocketAddress::Of("127.0.0.2", 0);
  REQUIRE(awaited.dialer.Dial(1, std::move(way)) == 0);
  const std::vector<Dialled> all = awaited.Take(1);
  CHECK(all[0].error == 0);
  const int fd = all[0].socket.get();
  sockaddr_in own = {};
  socklen_t size = sizeof own;
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  CHECK(ntohl(own.sin_addr.s_addr) == 0x7f000002);
  int late = 0;
  size = sizeof late;
  REQUIRE(getsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, &size) == 0);
  CHECK(late == 1);
}

TEST_CASE("dialer: an address that is none is empty") {
  CHECK(SocketAddress::Of("web", 80).size == 0);
  CHECK(SocketAddress::Of("", 80).size == 0);
  CHECK(SocketAddress::Of("::1", 80).storage.ss_family == AF_INET6);
}
