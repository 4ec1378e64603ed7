// Network namespaces: where a client's sockets and /proc files are opened.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "native/os/descriptor.h"

namespace ipvs {

// The number that the kernel gave the thread's network namespace, in decimal: unlike an inode's it is not
// given to another one before the next boot. Returns 0 or an errno: ENOPROTOOPT before 5.14.
int ReadNamespaceCookie(std::vector<uint8_t>* cookie);

// A network namespace by path or by descriptor, or the caller's own.
class NetworkNamespace {
 public:
  NetworkNamespace() = default;
  explicit NetworkNamespace(std::string path) : path_(std::move(path)) {}
  explicit NetworkNamespace(Descriptor fd) : fd_(std::move(fd)) {}

  // Runs `work` with this namespace as the thread's own. kOk; LocalFailure() where there is no thread or
  // descriptor for it; or NamespaceFailure(), with EINVAL where path or descriptor are no network namespace.
  // setns() is per thread, so another namespace is entered on a thread that ends with the work: no thread can
  // be left behind in it, whatever fails. The first success pins the namespace: a path that is later bound to
  // another one does not move the client.
  int Run(const std::function<void()>& work);

 private:
  std::string path_;
  Descriptor fd_;
};

}  // namespace ipvs
