// Executes calls: what a call means in messages to the kernel and files under /proc.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "native/codec/record.h"
#include "native/netlink/connection.h"
#include "native/os/descriptor.h"
#include "native/table/columns.h"
#include "native/table/sampler.h"
#include "native/table/table_reader.h"

namespace ipvs {

struct FileWork {
  std::string path;
  std::string content;  // kWriteDirectory
};

struct Call {
  CallRecord record;
  std::unique_ptr<FileWork> file;  // k*File, k*Directory
  HeldBlocks held;                 // kSample
};

struct Reply {
  int status = kOk;
  std::unique_ptr<Columns> columns;  // services, destinations
  std::unique_ptr<Sample> sample;    // kSample
  std::vector<uint8_t> bytes;        // records (info, timeouts, daemons), or what a file holds
  Descriptor descriptor;             // kOpenFile; closed with the reply
};

// Whether a call can share a send with its neighbours.
bool IsWrite(uint32_t operation);

// Not thread-safe; may wait on the kernel in every call.
class Session {
 public:
  Session(NetworkNamespace network, const std::atomic<bool>* interrupted, Link link = {})
      : connection_(std::move(network), std::move(link)), reader_(&connection_, interrupted) {}

  // Whether a write can be executed at once: one send, in which the kernel waits for nothing but its locks.
  // Not while sockets are to be opened, nor where the kernel may load a module.
  bool Quick(const CallRecord& call) const;
  // Executes a write that is quick: 0, an errno, or kOutcomeUnknown. Nothing was executed after ENOENT, whose
  // cause Write() finds out.
  int WriteQuickly(const CallRecord& call) { return connection_.Write(call); }

  // Executes up to Connection::kBatch writes in order; replies[i] is the answer to calls[i].
  void Write(const std::vector<const Call*>& calls, std::vector<Reply>* replies);
  // Executes any other call. `emit` takes what comes before the reply: parts of it (kPart).
  using Emit = std::function<void(Reply)>;
  Reply Read(const Call& call, const Emit& emit);

 private:
  class Writes;

  // What a service needs besides itself.
  struct Needs {
    uint32_t family;
    char scheduler[kNameBytes];
    char engine[kNameBytes];
  };
  // Whether a service's scheduler and engine were used before, and so are loaded.
  bool Met(const ServiceRecord& service) const;

  Reply ReadRecords(const CallRecord& record);
  Reply ReadTable(const CallRecord& record, const Emit& emit);
  Reply UseFile(const Call& call);
  Reply UseSampler(const Call& call);

  Connection connection_;
  TableReader reader_;
  std::unordered_map<uint32_t, Sampler> samplers_;
  std::vector<Needs> met_;  // by services that were added: their modules are loaded
};

}  // namespace ipvs
