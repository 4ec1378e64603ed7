#include "native/calls/session.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <unordered_set>

#include "native/codec/decode.h"
#include "native/codec/merge.h"
#include "native/os/files.h"
#include "native/os/memory.h"

namespace ipvs {

namespace {

// Whoever takes a part works on it while the next is read: large enough for the hand-over not to count.
constexpr size_t kPartRows = 1000;

template <typename Record>
void AppendRecord(const Record& record, std::vector<uint8_t>* bytes) {
  const auto* start = reinterpret_cast<const uint8_t*>(&record);
  bytes->insert(bytes->end(), start, start + sizeof record);
}

bool SameDestination(const DestinationRecord& a, const DestinationRecord& b) {
  return a.family == b.family && a.port == b.port && std::memcmp(a.address, b.address, kAddressBytes) == 0;
}

}  // namespace

bool IsWrite(uint32_t operation) {
  switch (operation) {
    case kNewService:
    case kSetService:
    case kDelService:
    case kNewDest:
    case kSetDest:
    case kDelDest:
    case kNewDaemon:
    case kDelDaemon:
    case kSetConfig:
    case kZero:
    case kFlush:
    case kUpdateService:
    case kUpdateDest:
      return true;
    default:
      return false;
  }
}

// One run of writes. Updates read before they write, so what was queued before them is sent first; a row of
// updates to one service's destinations reads them once.
class Session::Writes {
 public:
  Writes(Session* session, std::vector<Reply>* replies) : session_(session), replies_(replies) {}

  void Add(const Call& call, size_t index) {
    switch (call.record.operation) {
      case kUpdateService:
        return AddServiceUpdate(call.record, index);
      case kUpdateDest:
        return AddDestinationUpdate(call.record, index);
      default:
        destinations_of_ = nullptr;
        return Queue(&call.record, index);
    }
  }

  void Send() {
    if (queued_.empty()) return;
    session_->connection_.Batch(queued_, &statuses_);
    Answer();
  }

  // Answers what was sent by what is known of it.
  void Answer() {
    for (size_t i = 0; i < statuses_.size(); ++i) (*replies_)[indexes_[i]].status = statuses_[i];
    queued_.clear();
    indexes_.clear();
    statuses_.clear();
  }

 private:
  void Queue(const CallRecord* record, size_t index) {
    indexes_.push_back(index);
    queued_.push_back(record);
  }

  CallRecord& Merged(const CallRecord& record, Operation command) {
    CallRecord& merged = merged_.emplace_back(record);
    merged.operation = command;
    return merged;
  }

  void AddServiceUpdate(const CallRecord& record, size_t index) {
    Send();
    destinations_of_ = nullptr;
    ServiceRow present = {};
    const int status = session_->readers_.first().Service(record.service, &present);
    if (status != kOk) {
      (*replies_)[index].status = status;
      return;
    }
    CallRecord& merged = Merged(record, kSetService);
    MergeUnchanged(present.config, record.fields, &merged.service);
    Queue(&merged, index);
  }

  void AddDestinationUpdate(const CallRecord& record, size_t index) {
    const bool same_service =
        destinations_of_ != nullptr &&
        std::memcmp(&destinations_of_->service, &record.service, sizeof record.service) == 0;
    if (!same_service) ReadDestinations(record);
    size_t row = Find(record.destination);
    if (updated_.count(row) > 0) {  // whether that update will succeed is not known yet
      ReadDestinations(record);
      row = Find(record.destination);
    }
    if (row == destinations_.size()) {
      (*replies_)[index].status = status_ == kOk ? ENOENT : status_;
      return;
    }
    CallRecord& merged = Merged(record, kSetDest);
    MergeUnchanged(destinations_[row].config, record.fields, &merged.destination);
    updated_.insert(row);
    Queue(&merged, index);
  }

  void ReadDestinations(const CallRecord& record) {
    Send();
    destinations_.clear();
    updated_.clear();
    status_ = session_->readers_.first().Destinations(WhenTorn::kFail, record.service, KeyOf(record.service),
                                                      0, &destinations_);
    if (status_ != kOk) destinations_.clear();
    destinations_of_ = &record;
  }

  // The row of a destination among those that were read, or their number.
  size_t Find(const DestinationRecord& destination) const {
    const auto found =
        std::find_if(destinations_.begin(), destinations_.end(),
                     [&](const DestinationRow& row) { return SameDestination(row.config, destination); });
    return static_cast<size_t>(found - destinations_.begin());
  }

  Session* session_;
  std::vector<Reply>* replies_;
  std::vector<const CallRecord*> queued_;
  std::vector<size_t> indexes_;
  std::vector<int> statuses_;      // of what is being sent
  std::deque<CallRecord> merged_;  // a deque: queued_ points into it
  // The service whose destinations were read for the update before, with the outcome; nullptr when there is
  // none.
  const CallRecord* destinations_of_ = nullptr;
  std::vector<DestinationRow> destinations_;
  std::unordered_set<size_t> updated_;  // rows of these that have an update in this run
  int status_ = kOk;
};

bool Session::UsedBefore(const ServiceRecord& service) const {
  if (used_with_ != connection_.family()) return false;
  return std::any_of(used_.begin(), used_.end(), [&](const ModulePair& pair) {
    return pair.family == service.family && std::memcmp(pair.scheduler, service.scheduler, kNameBytes) == 0 &&
           std::memcmp(pair.engine, service.engine, kNameBytes) == 0;
  });
}

void Session::NoteUse(const ServiceRecord& service) {
  if (UsedBefore(service)) return;
  if (used_with_ != connection_.family()) used_.clear();
  used_with_ = connection_.family();
  ModulePair& pair = used_.emplace_back();
  pair.family = service.family;
  std::memcpy(pair.scheduler, service.scheduler, kNameBytes);
  std::memcpy(pair.engine, service.engine, kNameBytes);
}

bool Session::CanRunInline(const CallRecord& call) const {
  switch (call.operation) {
    case kNewDest:
    case kSetDest:
    case kDelDest:
      return connection_.open();
    case kNewService:
      return connection_.open() && UsedBefore(call.service);
    default:
      return false;
  }
}

bool Session::WriteInline(const CallRecord& call, int* status) {
  *status = LocalFailure(ENOMEM);
  static_cast<void>(FindsMemory([&] { *status = connection_.Write(call); }));
  return !Connection::MayBeStale(*status);
}

void Session::Write(const std::vector<const Call*>& calls, std::vector<Reply>* replies) {
  for (Reply& reply : *replies) reply.status = LocalFailure(ENOMEM);
  std::optional<Writes> writes;
  const bool done = FindsMemory([&] {
    writes.emplace(this, replies);
    for (size_t i = 0; i < calls.size(); ++i) writes->Add(*calls[i], i);
    writes->Send();
  });
  if (!done) {
    if (writes) writes->Answer();
    connection_.Close();
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    const CallRecord& call = calls[i]->record;
    if (call.operation != kNewService || (*replies)[i].status != kOk) continue;
    // Not noted, the next service like this one takes the way by the thread.
    static_cast<void>(FindsMemory([&] { NoteUse(call.service); }));
  }
}

Reply Session::Read(const Call& call, const Emit& emit) {
  Reply reply;
  if (FindsMemory([&] { reply = Execute(call, emit); })) return reply;
  // A dump was perhaps left half-way, and a sampler between one read and the next.
  connection_.Close();
  for (auto& [number, sampler] : samplers_) sampler.Forget();
  Reply failed;
  failed.status = LocalFailure(ENOMEM);
  return failed;
}

Reply Session::Execute(const Call& call, const Emit& emit) {
  switch (call.record.operation) {
    case kGetInfo:
    case kGetConfig:
    case kGetDaemon:
      return ReadRecords(call.record);
    case kGetService:
    case kListServices:
    case kGetDest:
    case kSnapshot:
      return ReadTable(call.record, emit);
    case kChooseService:
    case kSample:
    case kDropSampler:
      return UseSampler(call);
    default:
      return UseFile(call);
  }
}

Reply Session::ReadRecords(const CallRecord& record) {
  Reply reply;
  switch (record.operation) {
    case kGetInfo:
      reply.status = connection_.Ask(record, kGetInfo, [&](const nlmsghdr* message) {
        InfoRow row = {};
        if (!DecodeInfo(message, &row)) return false;
        AppendRecord(row, &reply.bytes);
        return true;
      });
      break;
    case kGetConfig:
      reply.status = connection_.Ask(record, kGetConfig, [&](const nlmsghdr* message) {
        TimeoutsRecord row = {};
        if (!DecodeTimeouts(message, &row)) return false;
        AppendRecord(row, &reply.bytes);
        return true;
      });
      break;
    default: {
      DumpShape shape;
      reply.status = connection_.Dump(
          record, kGetDaemon, {}, nullptr, [&] { reply.bytes.clear(); },
          [&](const nlmsghdr* message) {
            DaemonRecord row = {};
            if (!DecodeDaemon(message, &row)) return false;
            AppendRecord(row, &reply.bytes);
            return true;
          },
          &shape);
    }
  }
  return reply;
}

Reply Session::ReadTable(const CallRecord& record, const Emit& emit) {
  Reply reply;
  Table table;
  switch (record.operation) {
    case kGetService: {
      ServiceRow row = {};
      reply.status = readers_.first().Service(record.service, &row);
      if (reply.status == kOk) table.services.push_back(row);
      break;
    }
    case kListServices:
      reply.status = readers_.first().Services(WhenTorn::kFail, &table.services);
      break;
    case kGetDest:
      reply.status = readers_.first().Destinations(WhenTorn::kFail, record.service, KeyOf(record.service), 0,
                                                   &table.destinations);
      break;
    default:
      reply.status = readers_.Snapshot(
          record.extent == kInOnePiece ? SIZE_MAX : kPartRows,
          [&](const Table& part) {
            Reply more;
            more.status = kPart;
            more.columns = std::make_unique<Columns>(ToColumns(part.services, part.destinations));
            emit(std::move(more));
          },
          &table);
      break;
  }
  if (reply.status == kOk) {
    reply.columns = std::make_unique<Columns>(ToColumns(table.services, table.destinations));
  }
  return reply;
}

Reply Session::UseSampler(const Call& call) {
  const CallRecord& record = call.record;
  Reply reply;
  const uint32_t number = record.sampler >> kSamplerShift;
  switch (record.operation) {
    case kChooseService:
      samplers_[number].Choose(record.service);
      break;
    case kDropSampler:
      samplers_.erase(number);
      break;
    default:
      reply.sample = std::make_unique<Sample>();
      reply.status = samplers_[number].Read(&readers_, record.sampler, call.held, reply.sample.get());
      if (reply.status != kOk) reply.sample.reset();
      break;
  }
  reply.samplers_bytes = 0;
  for (const auto& [number, sampler] : samplers_) *reply.samplers_bytes += sampler.bytes();
  return reply;
}

Reply Session::UseFile(const Call& call) {
  Reply reply;
  if (call.file == nullptr) {  // an operation that does not exist
    reply.status = EOPNOTSUPP;
    return reply;
  }
  // The files are there once ip_vs is loaded.
  reply.status = connection_.Ready();
  if (reply.status != kOk) return reply;
  std::string failed;
  const int entered = connection_.network().Run([&] {
    switch (call.record.operation) {
      case kReadFile:
        reply.status = ReadWholeFile(call.file->path, &reply.bytes);
        break;
      case kReadDirectory:
        reply.status = ReadDirectory(call.file->path, &reply.bytes, &failed);
        break;
      case kWriteDirectory:
        reply.status = WriteDirectory(call.file->path, call.file->content, &failed);
        break;
      case kOpenFile:
        reply.status = OpenFile(call.file->path, &reply.descriptor);
        break;
      case kReadCookie:
        reply.status = ReadNamespaceCookie(&reply.bytes);
        break;
      default:
        reply.status = EOPNOTSUPP;
        break;
    }
  });
  if (entered != kOk) reply.status = entered;
  if (reply.status == EMFILE || reply.status == ENFILE || reply.status == ENOMEM) {
    reply.status = LocalFailure(reply.status);
  }
  if (reply.status != kOk) reply.bytes.assign(failed.begin(), failed.end());
  return reply;
}

}  // namespace ipvs
