#include "native/cli/usual_command.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "native/cli/read_text.h"
#include "native/cli/rule_words.h"

namespace ipvs {

namespace {

constexpr uint32_t kHighestPort = 65535;
constexpr uint32_t kDefaultPersistence = 360;

enum Option : unsigned {
  kTcp,
  kUdp,
  kSctp,
  kMark,
  kIpv6,
  kScheduler,
  kPersistent,
  kNetmask,
  kEngine,
  kOnePacket,
  kFlags,
  kServer,
  kDirect,
  kTunnel,
  kMasquerade,
  kWeight,
  kUpperThreshold,
  kLowerThreshold,
  kTunnelType,
  kTunnelPort,
  kNoChecksum,
  kChecksum,
  kRemoteChecksum,
  kNumeric,
  kStats,
  kRate,
  kThresholds,
  kPersistentConnections,
  kExact,
  kSort,
  kNoSort,
  kOptions,
};

constexpr uint32_t Bit(Option option) {
  return 1U << option;
}

template <typename... Options>
constexpr uint32_t Bits(Options... options) {
  return (Bit(options) | ...);
}

enum class Takes { kNothing, kWord, kPerhaps };

struct OptionRule {
  std::string_view letter;
  std::string_view name;
  Takes takes;
};

// By their numbers.
constexpr std::array<OptionRule, kOptions> kOptionRules = {{
    {"-t", "--tcp-service", Takes::kWord},
    {"-u", "--udp-service", Takes::kWord},
    {"", "--sctp-service", Takes::kWord},
    {"-f", "--fwmark-service", Takes::kWord},
    {"-6", "--ipv6", Takes::kNothing},
    {"-s", "--scheduler", Takes::kWord},
    {"-p", "--persistent", Takes::kPerhaps},
    {"-M", "--netmask", Takes::kWord},
    {"", "--pe", Takes::kWord},
    {"-o", "--ops", Takes::kNothing},
    {"-b", "--sched-flags", Takes::kWord},
    {"-r", "--real-server", Takes::kWord},
    {"-g", "--gatewaying", Takes::kNothing},
    {"-i", "--ipip", Takes::kNothing},
    {"-m", "--masquerading", Takes::kNothing},
    {"-w", "--weight", Takes::kWord},
    {"-x", "--u-threshold", Takes::kWord},
    {"-y", "--l-threshold", Takes::kWord},
    {"", "--tun-type", Takes::kWord},
    {"", "--tun-port", Takes::kWord},
    {"", "--tun-nocsum", Takes::kNothing},
    {"", "--tun-csum", Takes::kNothing},
    {"", "--tun-remcsum", Takes::kNothing},
    {"-n", "--numeric", Takes::kNothing},
    {"", "--stats", Takes::kNothing},
    {"", "--rate", Takes::kNothing},
    {"", "--thresholds", Takes::kNothing},
    {"", "--persistent-conn", Takes::kNothing},
    {"-X", "--exact", Takes::kNothing},
    {"", "--sort", Takes::kNothing},
    {"", "--nosort", Takes::kNothing},
}};

constexpr uint32_t kServiceOptions = Bits(kTcp, kUdp, kSctp, kMark, kIpv6);
constexpr uint32_t kScheduling =
    kServiceOptions | Bits(kScheduler, kPersistent, kNetmask, kEngine, kOnePacket, kFlags);
constexpr uint32_t kMethods = Bits(kDirect, kTunnel, kMasquerade);
constexpr uint32_t kChecksums = Bits(kNoChecksum, kChecksum, kRemoteChecksum);
constexpr uint32_t kTunnelling = Bits(kTunnelType, kTunnelPort) | kChecksums;
constexpr uint32_t kForwarding =
    kServiceOptions | kMethods | kTunnelling | Bits(kServer, kWeight, kUpperThreshold, kLowerThreshold);
constexpr uint32_t kColumns = Bits(kStats, kRate, kThresholds, kPersistentConnections);
constexpr uint32_t kOrders = Bits(kSort, kNoSort);

struct CommandRule {
  std::string_view letter;
  std::string_view name;
  UsualCommand::Kind kind;
  uint32_t operation;  // a write's
  uint32_t takes;
};

constexpr uint32_t kListing = kServiceOptions | kColumns | kOrders | Bits(kNumeric, kExact);

constexpr std::array<CommandRule, 11> kCommandRules = {{
    {"-A", "--add-service", UsualCommand::kWrite, kNewService, kScheduling},
    {"-E", "--edit-service", UsualCommand::kWrite, kSetService, kScheduling},
    {"-D", "--delete-service", UsualCommand::kWrite, kDelService, kServiceOptions},
    {"-a", "--add-server", UsualCommand::kWrite, kNewDest, kForwarding},
    {"-e", "--edit-server", UsualCommand::kWrite, kSetDest, kForwarding},
    {"-d", "--delete-server", UsualCommand::kWrite, kDelDest, kServiceOptions | Bit(kServer)},
    {"-C", "--clear", UsualCommand::kWrite, kFlush, 0},
    {"-Z", "--zero", UsualCommand::kWrite, kZero, kServiceOptions},
    {"-L", "--list", UsualCommand::kListTable, 0, kListing},
    {"-l", "--list", UsualCommand::kListTable, 0, kListing},
    {"-S", "--save", UsualCommand::kSave, 0, Bits(kNumeric, kSort)},
}};

const CommandRule* FindCommand(std::string_view word) {
  for (const CommandRule& rule : kCommandRules) {
    if (word == rule.letter || word == rule.name) return &rule;
  }
  return nullptr;
}

std::optional<Option> FindOption(std::string_view word) {
  for (unsigned option = 0; option < kOptions; ++option) {
    const OptionRule& rule = kOptionRules[option];
    if (word == rule.name || (!rule.letter.empty() && word == rule.letter))
      return static_cast<Option>(option);
  }
  return std::nullopt;
}

// The options of a line, each there at most once, with the words that they took.
struct Options {
  uint32_t present = 0;
  std::array<std::string_view, kOptions> words;

  bool Has(Option option) const { return (present & Bit(option)) != 0; }
  std::string_view operator[](Option option) const { return words[option]; }
};

bool HasSeveral(uint32_t bits) {
  return (bits & (bits - 1)) != 0;
}

bool IsOption(std::string_view word) {
  return !word.empty() && word[0] == '-';
}

std::optional<Options> ReadOptions(const std::vector<std::string_view>& words, size_t next, uint32_t takes) {
  Options options;
  while (next < words.size()) {
    const std::optional<Option> option = FindOption(words[next++]);
    if (!option || (takes & Bit(*option)) == 0 || options.Has(*option)) return std::nullopt;
    if (*option == kIpv6 && !options.Has(kMark)) return std::nullopt;
    options.present |= Bit(*option);
    const Takes argument = kOptionRules[*option].takes;
    const bool follows = next < words.size() && !IsOption(words[next]);
    if (argument == Takes::kWord && !follows) return std::nullopt;
    if (argument != Takes::kNothing && follows) options.words[*option] = words[next++];
  }
  return options;
}

std::optional<uint32_t> ReadWholeNumber(std::string_view word, uint32_t least, uint32_t most) {
  const char* at = word.data();
  const char* const end = at + word.size();
  uint32_t number = 0;
  if (!ReadNumber(&at, end, most, &number) || at != end || number < least) return std::nullopt;
  return number;
}

// Changes *number where the option is there; false where its word is none.
bool PutNumber(const Options& options, Option option, uint32_t least, uint32_t most, uint32_t* number) {
  if (!options.Has(option)) return true;
  const std::optional<uint32_t> given = ReadWholeNumber(options[option], least, most);
  if (given) *number = *given;
  return given.has_value();
}

// Changes the name where the option is there. Names are those of modules.
bool PutName(const Options& options, Option option, char (&name)[kNameBytes]) {
  if (!options.Has(option)) return true;
  const std::string_view word = options[option];
  if (word.empty() || word.size() >= kNameBytes) return false;
  for (const char c : word) {
    const bool usual =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!usual) return false;
  }
  std::memset(name, 0, sizeof name);
  std::memcpy(name, word.data(), word.size());
  return true;
}

// Reads address[:port]; false where the word is none. The port stays what it is where none is written.
bool ReadEndpoint(std::string_view word, uint32_t* family, uint8_t (&address)[kAddressBytes],
                  uint32_t* port) {
  if (word.empty()) return false;
  const char* at = word.data();
  const char* const end = at + word.size();
  *family = word[0] == '[' ? AF_INET6 : AF_INET;
  at = *family == AF_INET ? ReadIpv4(at, end, address) : ReadIpv6(at, end, address);
  if (at == nullptr) return false;
  if (at == end) return true;
  return *at++ == ':' && ReadNumber(&at, end, kHighestPort, port) && at == end;
}

// Reads which service a line is about.
bool PutService(const Options& options, ServiceRecord* service) {
  const uint32_t named = options.present & Bits(kTcp, kUdp, kSctp, kMark);
  if (named == 0 || HasSeveral(named)) return false;
  if (named == Bit(kMark)) {
    service->family = options.Has(kIpv6) ? AF_INET6 : AF_INET;
    return PutNumber(options, kMark, 1, UINT32_MAX, &service->fwmark);
  }
  const std::pair<Option, uint32_t> protocols[] = {
      {kTcp, IPPROTO_TCP}, {kUdp, IPPROTO_UDP}, {kSctp, IPPROTO_SCTP}};
  for (const auto& [option, protocol] : protocols) {
    if (!options.Has(option)) continue;
    service->protocol = protocol;
    return ReadEndpoint(options[option], &service->family, service->address, &service->port);
  }
  return false;
}

bool PutNetmask(const Options& options, ServiceRecord* service) {
  service->netmask = service->family == AF_INET ? UINT32_MAX : 128;
  if (!options.Has(kNetmask)) return true;
  if (service->family == AF_INET6) return PutNumber(options, kNetmask, 1, 128, &service->netmask);
  const std::string_view word = options[kNetmask];
  uint8_t bytes[4];
  if (ReadIpv4(word.data(), word.data() + word.size(), bytes) != word.data() + word.size()) return false;
  service->netmask = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
  return service->netmask > 32;  // who writes less means a prefix length, and is warned
}

bool PutScheduling(const Options& options, ServiceRecord* service) {
  std::memcpy(service->scheduler, "wlc", sizeof "wlc");
  if (!PutName(options, kScheduler, service->scheduler)) return false;
  service->flags_mask = UINT32_MAX;
  if (options.Has(kFlags)) {
    const std::optional<uint32_t> bits = FlagBits(options[kFlags], service->scheduler);
    if (!bits) return false;
    service->flags |= *bits;
  }
  if (options.Has(kOnePacket)) {
    if (service->fwmark == 0 && service->protocol != IPPROTO_UDP) return false;
    service->flags |= IP_VS_SVC_F_ONEPACKET;
  }
  if (!PutNetmask(options, service)) return false;
  if (options.Has(kPersistent)) {
    service->flags |= IP_VS_SVC_F_PERSISTENT;
    service->timeout = kDefaultPersistence;
    const bool said = options[kPersistent].data() != nullptr;
    if (said && !PutNumber(options, kPersistent, 1, kLongestPersistence, &service->timeout)) return false;
  } else if (options.Has(kNetmask) || options.Has(kEngine) || (service->fwmark == 0 && service->port == 0)) {
    return false;
  }
  return PutName(options, kEngine, service->engine);
}

bool PutTunnel(const Options& options, DestinationRecord* destination) {
  if ((options.present & kTunnelling) == 0) return true;
  const uint32_t sums = options.present & kChecksums;
  if (!options.Has(kTunnel) || HasSeveral(sums)) return false;
  if (options.Has(kTunnelType)) {
    const std::optional<uint32_t> type = TunnelTypeOf(options[kTunnelType]);
    if (!type) return false;
    destination->tunnel_type = *type;
  }
  if (!PutNumber(options, kTunnelPort, 1, kHighestPort, &destination->tunnel_port)) return false;
  if (sums == Bit(kChecksum)) destination->tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
  if (sums == Bit(kRemoteChecksum)) destination->tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
  const bool ipip = destination->tunnel_type == IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
  return !(ipip && sums != 0) &&
         HasTunnelWords(destination->tunnel_type, destination->tunnel_port, destination->tunnel_flags);
}

// Which destination of the service, whose port it has where none is written.
bool PutDestinationId(const Options& options, CallRecord* call) {
  DestinationRecord& destination = call->destination;
  destination.port = call->service.port;
  return options.Has(kServer) &&
         ReadEndpoint(options[kServer], &destination.family, destination.address, &destination.port);
}

bool PutForwarding(const Options& options, CallRecord* call) {
  DestinationRecord& destination = call->destination;
  if (HasSeveral(options.present & kMethods)) return false;
  destination.forwarding = options.Has(kMasquerade) ? IP_VS_CONN_F_MASQ
                           : options.Has(kTunnel)   ? IP_VS_CONN_F_TUNNEL
                                                    : IP_VS_CONN_F_DROUTE;
  if (destination.family != call->service.family && !options.Has(kTunnel)) return false;
  // The packet keeps its port, which ipvsadm puts right without a word.
  if (!options.Has(kMasquerade) && call->service.fwmark == 0) destination.port = call->service.port;
  destination.weight = 1;
  return PutNumber(options, kWeight, 0, kHighestNumber, &destination.weight) &&
         PutNumber(options, kUpperThreshold, 0, kHighestNumber, &destination.upper_threshold) &&
         PutNumber(options, kLowerThreshold, 0, kHighestNumber, &destination.lower_threshold) &&
         destination.lower_threshold <= destination.upper_threshold && PutTunnel(options, &destination);
}

bool PutWrite(const Options& options, CallRecord* call) {
  switch (call->operation) {
    case kNewService:
    case kSetService:
      return PutService(options, &call->service) && PutScheduling(options, &call->service);
    case kNewDest:
    case kSetDest:
      return PutService(options, &call->service) && PutDestinationId(options, call) &&
             PutForwarding(options, call);
    case kDelDest:
      return PutService(options, &call->service) && PutDestinationId(options, call);
    case kZero:
      if (options.present == 0) return true;
      call->extent = kOneService;
      return PutService(options, &call->service);
    case kDelService:
      return PutService(options, &call->service);
    default:
      return true;
  }
}

bool PutList(const Options& options, UsualCommand* command) {
  const uint32_t columns = options.present & kColumns;
  if (HasSeveral(columns) || HasSeveral(options.present & kOrders)) return false;
  command->listing.show = columns == Bit(kStats)                   ? Show::kStats
                          : columns == Bit(kRate)                  ? Show::kRate
                          : columns == Bit(kThresholds)            ? Show::kThresholds
                          : columns == Bit(kPersistentConnections) ? Show::kPersistentConnections
                                                                   : Show::kUsual;
  command->listing.exact = options.Has(kExact);
  command->listing.sorted = !options.Has(kNoSort);
  if ((options.present & kServiceOptions) == 0) return true;
  command->kind = UsualCommand::kListService;
  return PutService(options, &command->call.service);
}

}  // namespace

std::optional<UsualCommand> ReadUsualCommand(const std::vector<std::string_view>& words) {
  if (words.empty()) return std::nullopt;
  if (words.size() == 1 && words[0] == "list") {
    UsualCommand overview = {};
    overview.kind = UsualCommand::kOverview;
    return overview;
  }
  // -Ln, -ln and -Sn; no other letters are joined as often.
  std::string_view first = words[0];
  const bool joined = first.size() == 3 && first[2] == 'n';
  if (joined) first.remove_suffix(1);
  const CommandRule* const rule = FindCommand(first);
  if (rule == nullptr || (joined && (rule->takes & Bit(kNumeric)) == 0)) return std::nullopt;
  std::optional<Options> options = ReadOptions(words, 1, joined ? rule->takes & ~Bit(kNumeric) : rule->takes);
  if (!options) return std::nullopt;

  UsualCommand command = {};
  command.kind = rule->kind;
  command.call.operation = rule->operation;
  const bool numeric = joined || options->Has(kNumeric);
  const bool usual = command.kind == UsualCommand::kWrite       ? PutWrite(*options, &command.call)
                     : command.kind == UsualCommand::kListTable ? numeric && PutList(*options, &command)
                                                                : numeric;
  if (!usual) return std::nullopt;
  return command;
}

}  // namespace ipvs
