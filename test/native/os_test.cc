// Files, descriptors and network namespaces: failures are reported, and interrupted calls made again.
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX, not C++
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>
#include <vector>

#include "native/codec/record.h"
#include "native/os/descriptor.h"
#include "native/os/files.h"
#include "native/os/netns.h"
#include "native/os/thread.h"
#include "test/native/failing_calls.h"
#include "test/native/test.h"

using ipvs::Descriptor;
using ipvs::LocalFailure;
using ipvs::NamespaceFailure;
using ipvs::NetworkNamespace;
using ipvs::ReadNamespaceCookie;

namespace {

// A directory that ends with the test.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/ipvs-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  Directory(Directory&&) = delete;
  Directory& operator=(Directory&&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(*this / name) << content;
  }

 private:
  std::string path_;
};

// While it lives, the process can open `spare` more descriptors, and no more.
class ScarceDescriptors {
 public:
  explicit ScarceDescriptors(size_t spare) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit limit = before_;
    const Descriptor next = Descriptor::Open("/dev/null", O_RDONLY);
    limit.rlim_cur = static_cast<rlim_t>(next.get()) + spare;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~ScarceDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  ScarceDescriptors(const ScarceDescriptors&) = delete;
  ScarceDescriptors& operator=(const ScarceDescriptors&) = delete;
  ScarceDescriptors(ScarceDescriptors&&) = delete;
  ScarceDescriptors& operator=(ScarceDescriptors&&) = delete;

 private:
  rlimit before_ = {};
};

struct Listed {
  int error = 0;
  std::string content;
  std::string failed;
};

Listed List(const std::string& path) {
  Listed listed;
  std::vector<uint8_t> content;
  listed.error = ipvs::ReadDirectory(path, &content, &listed.failed);
  listed.content.assign(content.begin(), content.end());
  return listed;
}

// While it lives, no file of the process grows beyond `bytes`.
class ShortFiles {
 public:
  explicit ShortFiles(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~ShortFiles() { setrlimit(RLIMIT_FSIZE, &before_); }
  ShortFiles(const ShortFiles&) = delete;
  ShortFiles& operator=(const ShortFiles&) = delete;
  ShortFiles(ShortFiles&&) = delete;
  ShortFiles& operator=(ShortFiles&&) = delete;

 private:
  rlimit before_ = {};
};

// What a directory's files are to hold: a name and a value by turns.
std::string Entries(const std::vector<std::string>& words) {
  std::string content;
  for (const std::string& word : words) content += word + '\0';
  return content;
}

int Enter(NetworkNamespace network) {
  return network.Run([] {});
}

}  // namespace

TEST_CASE("A directory is read with all its files, but for one that is gone") {
  const Directory directory;
  directory.Write("conntrack", "1\n");
  std::filesystem::create_symlink("nothing", directory / "gone");
  const Listed listed = List(directory.path());
  CHECK(listed.error == 0);
  CHECK(listed.content == std::string("conntrack\0001\n\0", 13));
}

TEST_CASE("A directory of which a file cannot be read is an error that names the file") {
  const Directory directory;
  std::filesystem::create_directory(directory / "unreadable");
  const Listed listed = List(directory.path());
  CHECK(listed.error == EISDIR);
  CHECK(listed.failed == "unreadable");
}

TEST_CASE("A directory is not read in part where descriptors run out") {
  const Directory directory;
  directory.Write("conntrack", "1\n");
  {
    const ScarceDescriptors none(0);
    CHECK(List(directory.path()).error == EMFILE);
  }
  {
    const ScarceDescriptors one(1);
    const Listed listed = List(directory.path());
    CHECK(listed.error == EMFILE);
    CHECK(listed.failed == "conntrack");
  }
  const ScarceDescriptors two(2);
  CHECK(List(directory.path()).error == 0);
}

TEST_CASE("A list of a directory that breaks off is an error") {
  const Directory directory;
  directory.Write("conntrack", "1\n");
  failing_readdir = EIO;
  CHECK(List(directory.path()).error == EIO);
  CHECK(List(directory.path()).error == 0);
  CHECK(List(directory / "none").error == ENOENT);
}

TEST_CASE("A directory's files are written all or none, and the one that refuses is named") {
  const Directory directory;
  const auto write = [&](const std::vector<std::string>& words, std::string* failed) {
    return ipvs::WriteDirectory(directory.path(), Entries(words), failed);
  };
  const auto holds = [&](const std::string& name) {
    std::string content;
    std::getline(std::ifstream(directory / name), content);
    return content;
  };
  for (const char* const name : {"first", "second", "third"}) directory.Write(name, "old");
  std::string failed;
  CHECK(write({"first", "new", "second", "two"}, &failed) == 0);
  CHECK(holds("first") == "new");
  CHECK(holds("second") == "two");

  CHECK(write({"first", "NEW", "none", "1"}, &failed) == ENOENT);
  CHECK(failed == "none");
  CHECK(holds("first") == "new");
  CHECK(write({"first", "NEW", "second"}, &failed) == EINVAL);
  CHECK(holds("first") == "new");
  int error = 0;
  {
    const ShortFiles limited(4);
    error = write({"first", "NEW", "second", "of which a part", "third", "3"}, &failed);
  }
  CHECK(error == EIO);
  CHECK(failed == "second");
  CHECK(holds("first") == "new");
  CHECK(holds("third") == "old");
}

TEST_CASE("A file whose value cannot be read is not written either: nobody could take that back") {
  const Directory directory;
  directory.Write("first", "old");
  std::filesystem::create_symlink("/proc/self/clear_refs", directory / "second");  // takes "1", is never read
  std::string failed;
  const int error = ipvs::WriteDirectory(directory.path(), Entries({"first", "new", "second", "1"}), &failed);
  CHECK((error == EINVAL || error == EACCES));
  CHECK(failed == "second");
}

TEST_CASE("A file that was opened is closed where another program starts") {
  const Descriptor file = Descriptor::Open("/dev/null", O_RDONLY);
  CHECK((fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("A thread of ours takes none of the program's signals, and the one that starts it goes on to") {
  sigset_t starting = {};
  pthread_sigmask(SIG_SETMASK, nullptr, &starting);
  sigset_t blocked = {};
  pthread_t thread = {};
  REQUIRE(ipvs::StartThread([&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); }, &thread) == 0);
  pthread_join(thread, nullptr);
  sigset_t after = {};
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGPROF}) {
    CAPTURE(signal);
    CHECK(sigismember(&blocked, signal) == 1);
    CHECK(sigismember(&after, signal) == sigismember(&starting, signal));
  }
}

TEST_CASE("open() that a signal interrupts is made again") {
  const Directory directory;
  const std::string fifo = directory / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  static std::atomic<int> interrupts;
  interrupts = 0;
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { ++interrupts; };  // without SA_RESTART
  sigaction(SIGUSR1, &action, &before);
  std::atomic<int> fd = -2;
  std::thread opener([&] { fd = Descriptor::Open(fifo, O_RDONLY).Release(); });
  while (interrupts < 5 && fd == -2) {
    pthread_kill(opener.native_handle(), SIGUSR1);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(fd == -2);
  const Descriptor other_end = Descriptor::Open(fifo, O_RDWR);  // which waits for nobody
  opener.join();
  sigaction(SIGUSR1, &before, nullptr);
  CHECK(fd >= 0);
  const Descriptor closed(fd);
}

TEST_CASE("What is no network namespace is told from one that is not there, without waiting for it") {
  const Directory directory;
  directory.Write("file", "");
  REQUIRE(mkfifo((directory / "fifo").c_str(), 0600) == 0);
  const Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (directory / "socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

  for (const char* const name : {"file", "fifo", "socket", ""}) {
    CAPTURE(name);
    CHECK(Enter(NetworkNamespace(directory / name)) == NamespaceFailure(EINVAL));
  }
  CHECK(Enter(NetworkNamespace("/proc/self/ns/mnt")) == NamespaceFailure(EINVAL));
  CHECK(Enter(NetworkNamespace(Descriptor::Open("/dev/null", O_RDONLY))) == NamespaceFailure(EINVAL));
  CHECK(Enter(NetworkNamespace(directory / "none")) == NamespaceFailure(ENOENT));
}

TEST_CASE("A network namespace has the same cookie from every socket") {
  std::vector<uint8_t> first;
  std::vector<uint8_t> second;
  const int error = ReadNamespaceCookie(&first);
  CHECK((error == 0 || error == ENOPROTOOPT));  // since Linux 5.14
  CHECK(ReadNamespaceCookie(&second) == error);
  CHECK(first == second);
  CHECK(first.empty() == (error != 0));
}

TEST_CASE("A namespace that was entered by its path is entered again though the path is gone") {
  const Directory directory;
  const std::string path = directory / "netns";
  std::filesystem::create_symlink("/proc/self/ns/net", path);
  NetworkNamespace network(path);
  int entered = 0;
  const int first = network.Run([&] { ++entered; });
  // Without CAP_SYS_ADMIN nothing is entered, and nothing kept.
  REQUIRE((first == ipvs::kOk || first == NamespaceFailure(EPERM)));
  std::filesystem::remove(path);
  const int second = network.Run([&] { ++entered; });
  CHECK(second == (first == ipvs::kOk ? ipvs::kOk : NamespaceFailure(ENOENT)));
  CHECK(entered == (first == ipvs::kOk ? 2 : 0));
}

TEST_CASE("What finds no memory in a namespace is not taken for done") {
  NetworkNamespace network("/proc/self/ns/net");
  const int status = network.Run([] { throw std::bad_alloc(); });
  CHECK((status == LocalFailure(ENOMEM) || status == NamespaceFailure(EPERM)));
}

TEST_CASE("A namespace that is not entered for want of a descriptor or a thread is not called none") {
  {
    const ScarceDescriptors none(0);
    CHECK(Enter(NetworkNamespace("/proc/self/ns/net")) == LocalFailure(EMFILE));
  }
  failing_pthread_create = EAGAIN;
  CHECK(Enter(NetworkNamespace("/proc/self/ns/net")) == LocalFailure(EAGAIN));
  failing_pthread_create = 0;
}
