// A model of how the kernel keeps and dumps its table (net/netfilter/ipvs/ip_vs_ctl.c, af_netlink.c): in
// chunks, each of which begins anew and skips as many rows as were listed so far. A test may change the table
// between two chunks. Services are identified by their marks, destinations by their ports.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "native/netlink/connection.h"
#include "test/native/messages.h"

struct ModelRules {
  // Up to 6.12: the services of all namespaces stand in one table, and are counted by every dump.
  bool one_table = true;
  // From 7.x on a table has a random key, and another one after each resize.
  bool random_order = false;
  size_t buckets = 64;
  // Memory is so scattered that no chunk is longer than a page.
  bool pages_only = false;
};

// Not thread-safe. Outlives the links it gave out.
class ModelKernel {
 public:
  ModelKernel(ModelRules rules, uint32_t seed) : rules_(rules), random_(seed) {}

  // Called before each command and each chunk of a dump, for other programs' changes.
  std::function<void()> others = [] {};

  ipvs::Link link();

  // Services of the namespace that is read, and of others.
  void Add(uint32_t mark, bool foreign = false);
  void Remove(uint32_t mark);
  bool Has(uint32_t mark) const { return services_.count(mark) > 0; }
  // Resizes the table, as adding or removing services does sooner or later: all services get another order.
  void Resize();
  // Destinations of a present service, which are removed with it.
  void AddDestination(uint32_t mark, uint32_t port);
  void RemoveDestination(uint32_t mark, uint32_t port);

  // A row's life in the kernel's own time: since when it is present (0: it is absent), and when it last went.
  struct Life {
    uint64_t since = 0;
    uint64_t gone = 0;
  };
  uint64_t now() const { return now_; }
  // Of the own namespace's services; of one service's destinations, by their ports.
  const std::map<uint32_t, Life>& lives() const { return lives_; }
  const std::map<uint32_t, Life>& destination_lives(uint32_t mark) { return destination_lives_[mark]; }
  // The ports of a service's destinations in the kernel's order, the newest first.
  std::vector<uint32_t> ports(uint32_t mark) { return services_.at(mark).ports; }

  int dumps = 0;
  int chunks = 0;     // with rows in them
  int questions = 0;  // about one service

 private:
  class ModelSocket;
  struct Service {
    bool foreign = false;
    std::vector<uint32_t> ports;
  };
  // A service's place in the table.
  struct Linked {
    size_t bucket;
    uint32_t mark;
    bool foreign;
  };

  size_t BucketOf(uint32_t mark) const;
  void Link(uint32_t mark);
  // Makes the chunk of a dump that goes on behind `*listed` rows. No rows: its end.
  Bytes Chunk(uint32_t sequence, bool destinations, uint32_t mark, size_t room, size_t* listed);

  ModelRules rules_;
  std::mt19937 random_;
  uint64_t key_ = 0;
  uint64_t now_ = 1;
  std::map<uint32_t, Service> services_;
  std::vector<Linked> order_;
  std::map<uint32_t, Life> lives_;
  std::map<uint32_t, std::map<uint32_t, Life>> destination_lives_;
};
