// What lists of destinations held when they were read last, by which a list that is polled is known again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace ipvs {

// The keys of a list, in any order, as one number; and how many.
struct Keys {
  uint64_t fingerprint = 0;
  size_t count = 0;
  bool operator==(const Keys& other) const {
    return fingerprint == other.fingerprint && count == other.count;
  }
};

// By the service's key. Thread-safe.
class Fingerprints {
 public:
  // Those of no list where there are none.
  Keys Find(uint64_t service) {
    const std::lock_guard lock(mutex_);
    const auto found = lists_.find(service);
    return found == lists_.end() ? Keys() : found->second;
  }
  void Note(uint64_t service, const Keys& keys) {
    const std::lock_guard lock(mutex_);
    lists_[service] = keys;
  }
  void Forget(uint64_t service) {
    const std::lock_guard lock(mutex_);
    lists_.erase(service);
  }
  // Forgets all lists where they are more than twice the services and kMostStale: most are of services that
  // are gone.
  void Trim(size_t services) {
    const std::lock_guard lock(mutex_);
    if (lists_.size() > 2 * services + kMostStale) lists_.clear();
  }

 private:
  static constexpr size_t kMostStale = 1 << 16;  // about 3 MB

  std::mutex mutex_;
  std::unordered_map<uint64_t, Keys> lists_;
};

}  // namespace ipvs
