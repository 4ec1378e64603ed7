#include "native/os/dialer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "native/codec/record.h"
#include "native/os/memory.h"
#include "native/os/thread.h"

namespace ipvs {

namespace {

// The number of the event that says there is work. Sockets have those that their owner gave them.
constexpr uint64_t kWork = UINT64_MAX;

struct Order {
  uint64_t number = 0;
  Way way;
};

bool Set(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

// Opens a socket in the thread's namespace and begins to connect it. On failure it is empty, and step and
// error are set.
void Begin(const Way& way, Dialled* dialled) {
  const auto failed = [&](const char* step) {
    dialled->step = step;
    dialled->error = errno;
    dialled->socket = Descriptor();
  };
  const int type = (way.stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  dialled->socket = Descriptor(socket(way.target.storage.ss_family, type, 0));
  const int fd = dialled->socket.get();
  if (fd < 0) return failed("socket");
  if (way.mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &way.mark, sizeof way.mark) != 0) {
    return failed("mark");
  }
  if (!way.device.empty() && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way.device.c_str(),
                                        static_cast<socklen_t>(way.device.size())) != 0) {
    return failed("device");
  }
  if (way.source.storage.ss_family != AF_UNSPEC) {
    // The port is then chosen by connect(), which knows the target: else all targets would share 28,000
    // ports.
    if (way.stream) Set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&way.source.storage), way.source.size) != 0) {
      return failed("source");
    }
  }
  if (!way.stream) return;
  // Interrupted by a signal, connect() goes on by itself, as when it is in progress.
  if (connect(fd, reinterpret_cast<const sockaddr*>(&way.target.storage), way.target.size) != 0 &&
      errno != EINPROGRESS && errno != EINTR) {
    return failed("connect");
  }
}

Dialled Open(Order* order) {
  Dialled dialled;
  dialled.number = order->number;
  const int status = order->way.network.Run([&] { Begin(order->way, &dialled); });
  if (status == kOk) return dialled;
  const bool is_local = status <= kLocalFailure;
  dialled.step = is_local ? "thread" : "netns";
  dialled.error = (is_local ? static_cast<int>(kLocalFailure) : static_cast<int>(kNamespaceFailed)) - status;
  return dialled;
}

// Opens an order's socket. One that is being connected is among those from then on.
Dialled Begin(Order* order, int epoll, std::map<uint64_t, Descriptor>* connecting) {
  Dialled dialled = Open(order);
  if (dialled.error != 0 || !order->way.stream) return dialled;
  epoll_event event = {};
  event.events = EPOLLOUT;
  event.data.u64 = order->number;
  Descriptor& socket = (*connecting)[order->number];
  socket = std::move(dialled.socket);
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket.get(), &event) == 0) return dialled;
  dialled.step = "socket";
  dialled.error = errno;
  connecting->erase(order->number);
  return dialled;
}

}  // namespace

SocketAddress SocketAddress::Of(const std::string& address, uint16_t port) {
  SocketAddress result;
  auto* const ipv4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (inet_pton(AF_INET, address.c_str(), &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
    result.size = sizeof *ipv4;
    return result;
  }
  auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET6, address.c_str(), &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    result.size = sizeof *ipv6;
    return result;
  }
  return {};
}

// What the thread and the owner have in common; lives until both are done with it. `mutex` guards all fields
// below it, and is held for moments, never while a socket is opened. `notify_mutex` guards `notify` and is
// held while that runs, so that Stop() can wait for its end. The two are never held together.
struct Dialer::Shared {
  void Wake() const {
    const uint64_t one = 1;
    // It fails only where the thread has not yet read that it is to wake up.
    static_cast<void>(write(work.get(), &one, sizeof one));
  }

  // Waits for memory where it finds none: whoever dialled has to be answered.
  void Answer(Dialled dialled) {
    while (true) {
      {
        const std::lock_guard lock(mutex);
        if (pending.count(dialled.number) == 0) return;
        if (FindsMemory([&] { outcomes.push_back(std::move(dialled)); })) {
          if (outcomes.size() > 1) return;
          break;
        }
      }
      PauseForMemory();
    }
    const std::lock_guard notifying(notify_mutex);
    if (notify) notify();
  }

  Descriptor epoll;
  Descriptor work;  // an eventfd

  std::mutex mutex;
  std::vector<Order> orders;
  std::vector<uint64_t> cancelled;
  std::set<uint64_t> pending;  // begun, neither taken nor cancelled
  std::vector<Dialled> outcomes;
  bool started = false;
  bool stopping = false;

  std::mutex notify_mutex;
  std::function<void()> notify;
};

Dialer::Dialer(std::function<void()> notify) : shared_(std::make_shared<Shared>()) {
  shared_->notify = std::move(notify);
}

int Dialer::Dial(uint64_t number, Way way) {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->started) {
    Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return errno;
    Descriptor work(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!work) return errno;
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = kWork;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, work.get(), &event) != 0) return errno;
    shared_->epoll = std::move(epoll);
    shared_->work = std::move(work);
    pthread_t thread = {};
    int error = ENOMEM;
    static_cast<void>(
        FindsMemory([&] { error = StartThread([shared = shared_] { Run(shared); }, &thread); }));
    if (error != 0) return error;
    pthread_detach(thread);
    shared_->started = true;
  }
  const bool ordered = FindsMemory([&] {
    shared_->pending.insert(number);
    shared_->orders.push_back({number, std::move(way)});
  });
  if (!ordered) {
    shared_->pending.erase(number);
    return ENOMEM;
  }
  shared_->Wake();
  return 0;
}

bool Dialer::Cancel(uint64_t number) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->pending.erase(number) == 0) return false;
  std::vector<Dialled>& outcomes = shared_->outcomes;
  outcomes.erase(std::remove_if(outcomes.begin(), outcomes.end(),
                                [number](const Dialled& dialled) { return dialled.number == number; }),
                 outcomes.end());
  static_cast<void>(FindsMemory([&] { shared_->cancelled.push_back(number); }));
  shared_->Wake();
  return true;
}

std::vector<Dialled> Dialer::Take() {
  const std::lock_guard lock(shared_->mutex);
  for (const Dialled& dialled : shared_->outcomes) shared_->pending.erase(dialled.number);
  return std::exchange(shared_->outcomes, {});
}

void Dialer::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->orders.clear();
    shared_->outcomes.clear();
    shared_->pending.clear();
    if (shared_->started) shared_->Wake();
  }
  const std::lock_guard lock(shared_->notify_mutex);
  shared_->notify = nullptr;
}

void Dialer::Run(const std::shared_ptr<Shared>& shared) {
  std::map<uint64_t, Descriptor> connecting;
  std::array<epoll_event, 64> events = {};
  while (true) {
    const int count = epoll_wait(shared->epoll.get(), events.data(), events.size(), -1);
    std::vector<Order> orders;
    std::vector<uint64_t> cancelled;
    for (int i = 0; i < count; ++i) {
      // A copy: epoll_event is packed on x86-64, and a reference into it is one to a misaligned number.
      const uint64_t number = events[i].data.u64;
      if (number == kWork) {
        uint64_t times = 0;
        static_cast<void>(read(shared->work.get(), &times, sizeof times));
        const std::lock_guard lock(shared->mutex);
        if (shared->stopping) return;
        orders = std::exchange(shared->orders, {});
        cancelled = std::exchange(shared->cancelled, {});
        continue;
      }
      const auto found = connecting.find(number);
      if (found == connecting.end()) continue;
      Dialled dialled;
      dialled.number = found->first;
      socklen_t size = sizeof dialled.error;
      if (getsockopt(found->second.get(), SOL_SOCKET, SO_ERROR, &dialled.error, &size) != 0) {
        dialled.error = errno;
      }
      dialled.step = "connect";
      if (dialled.error == 0) {
        epoll_ctl(shared->epoll.get(), EPOLL_CTL_DEL, found->second.get(), nullptr);
        dialled.socket = std::move(found->second);
      }
      connecting.erase(found);
      shared->Answer(std::move(dialled));
    }
    for (Order& order : orders) {
      // Cancelled before it was begun: not even a SYN goes out.
      if (std::find(cancelled.begin(), cancelled.end(), order.number) != cancelled.end()) continue;
      Dialled dialled;
      const bool begun = FindsMemory([&] { dialled = Begin(&order, shared->epoll.get(), &connecting); });
      if (!begun) {
        connecting.erase(order.number);
        dialled = Dialled();
        dialled.number = order.number;
        dialled.step = "socket";
        dialled.error = ENOMEM;
      }
      if (connecting.count(order.number) == 0) shared->Answer(std::move(dialled));
    }
    for (const uint64_t number : cancelled) connecting.erase(number);
  }
}

}  // namespace ipvs
