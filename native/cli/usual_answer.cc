#include "native/cli/usual_answer.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/cli/overview.h"
#include "native/cli/saved_rules.h"
#include "native/codec/decode.h"
#include "native/table/columns.h"
#include "native/table/table_readers.h"

namespace ipvs {

namespace {

// ipvsadm's for whatever goes wrong in the kernel.
constexpr int kFailed = 255;

// What an errno says is that this command was not executed: the kernel validates before it changes anything,
// and where it does not (a scheduler that fails to start leaves a service without one, ip_vs_edit_service)
// the same command a second time ends as the first. A lost answer says nothing, and then the command must not
// be made again: an -a that was executed would be an error the second time.
std::optional<UsualAnswer> Change(const CallRecord& call, Connection* connection) {
  std::vector<int> statuses;
  connection->Batch({&call}, &statuses);
  if (statuses[0] == kOk) return UsualAnswer();
  if (statuses[0] != kOutcomeUnknown) return std::nullopt;
  return UsualAnswer{kFailed, "", "the kernel's answer was lost; list the table to see what came of it\n"};
}

std::string Title(const InfoRow& info) {
  const auto part = [&](int shift) { return std::to_string(info.version >> shift & 0xff); };
  return "IP Virtual Server version " + part(16) + '.' + part(8) + '.' + part(0) +
         " (size=" + std::to_string(info.connection_table_size) + ")\n";
}

int ReadTable(const UsualCommand& command, TableReaders* readers, Table* table) {
  if (command.kind != UsualCommand::kListService) {
    return readers->Snapshot(
        SIZE_MAX, [](const Table&) {}, table);
  }
  const ServiceRecord& service = command.call.service;
  ServiceRow row = {};
  if (const int status = readers->first().Service(service, &row); status != kOk) return status;
  table->services.push_back(row);
  return readers->first().Destinations(WhenTorn::kFail, service, KeyOf(service), 0, &table->destinations);
}

std::optional<UsualAnswer> ShowTable(const UsualCommand& command, Connection* connection) {
  UsualAnswer answer;
  if (command.kind == UsualCommand::kListTable) {
    InfoRow info = {};
    const auto take = [&](const nlmsghdr* message) { return DecodeInfo(message, &info); };
    if (connection->Ask(CallRecord{}, kGetInfo, take) != kOk) return std::nullopt;
    answer.output = Title(info);
  }
  const std::atomic<bool> interrupted = false;
  TableReaders readers(connection, &interrupted);
  Table table;
  if (ReadTable(command, &readers, &table) != kOk) return std::nullopt;

  const Columns columns = ToColumns(table.services, table.destinations);
  const ListView services(columns.services.data.get(), columns.services.rows, kServiceWords);
  const ListView destinations(columns.destinations.data.get(), columns.destinations.rows, kDestinationWords);
  if (command.kind == UsualCommand::kSave || command.kind == UsualCommand::kOverview) {
    std::optional<std::string> text =
        (command.kind == UsualCommand::kSave ? SavedRules : Overview)(services, destinations, columns.names);
    if (!text) return std::nullopt;
    answer.output = std::move(*text);
  } else {
    answer.output += Listing(services, destinations, columns.names, command.listing, {});
  }
  return answer;
}

}  // namespace

std::optional<UsualAnswer> AnswerUsual(const UsualCommand& command, Connection* connection) {
  return command.kind == UsualCommand::kWrite ? Change(command.call, connection)
                                              : ShowTable(command, connection);
}

std::vector<int> MakeCalls(const std::vector<CallRecord>& calls, Connection* connection) {
  std::vector<int> all;
  std::vector<const CallRecord*> batch;
  std::vector<int> statuses;
  for (size_t from = 0; from < calls.size(); from += batch.size()) {
    batch.clear();
    const size_t to = std::min(from + Connection::kBatch, calls.size());
    for (size_t i = from; i < to; ++i) batch.push_back(&calls[i]);
    connection->Batch(batch, &statuses);
    all.insert(all.end(), statuses.begin(), statuses.end());
  }
  return all;
}

}  // namespace ipvs
