// Executes calls: what a call means in messages to the kernel and files under /proc.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "native/codec/record.h"
#include "native/netlink/connection.h"
#include "native/os/descriptor.h"
#include "native/table/columns.h"
#include "native/table/sampler.h"
#include "native/table/table_readers.h"

namespace ipvs {

struct FileWork {
  std::string path;
  std::string content;  // kWriteDirectory
};

struct Call {
  CallRecord record;
  std::unique_ptr<FileWork> file;  // k*File, k*Directory, kReadCookie
  HeldBlocks held;                 // kSample
};

struct Reply {
  int status = kOk;
  std::unique_ptr<Columns> columns;      // services, destinations
  std::unique_ptr<Sample> sample;        // kSample
  std::vector<uint8_t> bytes;            // records (info, timeouts, daemons), or what a file holds
  Descriptor descriptor;                 // kOpenFile; closed with the reply
  std::optional<size_t> samplers_bytes;  // kSample, kDropSampler: what all samplers hold now
};

// Whether a call can share a send with its neighbours.
bool IsWrite(uint32_t operation);

// Not thread-safe; may wait on the kernel in every call.
class Session {
 public:
  Session(NetworkNamespace network, const std::atomic<bool>* interrupted, Link link = {})
      : connection_(std::move(network), std::move(link)), readers_(&connection_, interrupted) {}

  // Whether a write is one send in which the kernel waits for nothing but its own locks. Not while sockets
  // are to be opened, nor where the kernel may load a module.
  bool CanRunInline(const CallRecord& call) const;
  // Executes a write for which that holds. False where nothing was executed and Write() has to find out why:
  // ip_vs may be on its way out, or loaded anew.
  bool WriteInline(const CallRecord& call, int* status);

  // Executes up to Connection::kBatch writes in order; replies[i], which the caller made, is the answer to
  // calls[i]. Where this process has no memory that is LocalFailure(ENOMEM) if the call was not sent.
  void Write(const std::vector<const Call*>& calls, std::vector<Reply>* replies);
  // Executes any other call. `emit` takes what comes before the reply: parts of it (kPart).
  // LocalFailure(ENOMEM) where this process has no memory.
  using Emit = std::function<void(Reply)>;
  Reply Read(const Call& call, const Emit& emit);

 private:
  class Writes;

  // The modules that a service may need, for one address family.
  struct ModulePair {
    uint32_t family;
    char scheduler[kNameBytes];
    char engine[kNameBytes];
  };
  // Whether a service with these modules was added since ip_vs was loaded, so that they are loaded too.
  bool UsedBefore(const ServiceRecord& service) const;
  void NoteUse(const ServiceRecord& service);

  Reply Execute(const Call& call, const Emit& emit);
  Reply ReadRecords(const CallRecord& record);
  Reply ReadTable(const CallRecord& record, const Emit& emit);
  Reply UseFile(const Call& call);
  Reply UseSampler(const Call& call);

  Connection connection_;
  TableReaders readers_;
  std::unordered_map<uint32_t, Sampler> samplers_;
  std::vector<ModulePair> used_;  // by services that were added
  uint16_t used_with_ = 0;        // the family's id then: another one, and ip_vs came without these modules
};

}  // namespace ipvs
