#include "native/cli/listing.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <cstddef>
#include <utility>

#include "native/cli/row_order.h"
#include "native/cli/row_text.h"
#include "native/cli/rule_words.h"

namespace ipvs {

namespace {

// A line's room, to begin with.
constexpr size_t kUsualLine = 100;

constexpr uint32_t kProtocolWidth = 4;
constexpr uint32_t kServiceWidth = 33;
constexpr uint32_t kDestinationWidth = 28;

// Where totals and rates start among a row's counters; five of each are shown.
constexpr uint32_t kTotals = 0;
constexpr uint32_t kRates = 5;
constexpr uint32_t kShown = 5;
// A destination's first three rates are never shortened, for no reason that can be seen in ipvsadm.c.
constexpr uint32_t kWholeRates = 3;

bool HasCounters(Show show) {
  return show == Show::kStats || show == Show::kRate;
}

const char* Heading(Show show) {
  switch (show) {
    case Show::kStats:
      return "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
             "  -> RemoteAddress:Port\n";
    case Show::kRate:
      return "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
             "  -> RemoteAddress:Port\n";
    case Show::kThresholds:
      return "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
             "  -> RemoteAddress:Port\n";
    case Show::kPersistentConnections:
      return "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
             "  -> RemoteAddress:Port\n";
    case Show::kTunnels:
      return "Prot LocalAddress:Port Scheduler Flags\n"
             "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n";
    case Show::kUsual:
      break;
  }
  return "Prot LocalAddress:Port Scheduler Flags\n"
         "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
}

// A line's pieces, in the order they are named.
class Pieces {
 public:
  void Text(std::string same) { Add({Piece::kText, 0, 0, 0, {std::move(same)}}); }
  void TextByRow(std::vector<std::string> texts, uint32_t width) {
    Add({Piece::kTextByRow, 0, 0, width, std::move(texts)});
  }
  void TextByWord(uint32_t column, std::vector<std::string> texts, uint32_t width) {
    Add({Piece::kTextByWord, column, 0, width, std::move(texts)});
  }
  // Before a space.
  void Protocol() {
    std::vector<std::string> names(IPPROTO_SCTP + 1);
    names[IPPROTO_TCP] = "TCP";
    names[IPPROTO_UDP] = "UDP";
    names[IPPROTO_SCTP] = "SCTP";
    TextByWord(kServiceProtocol, std::move(names), kProtocolWidth);
    Text(" ");
  }
  void Endpoint(uint32_t family, uint32_t port, uint32_t width) {
    Add({Piece::kEndpoint, port, family, width, {}});
  }
  // After a space.
  void Word(uint32_t column, uint32_t width) {
    Text(" ");
    Add({Piece::kWord, column, 0, width, {}});
  }
  void Counter(uint32_t column, bool exact) {
    if (!exact) return Add({Piece::kShort, column, 0, 9, {}});
    Text(" ");
    Add({Piece::kCounter, column, 0, 8, {}});
  }

  std::vector<Piece> Take() { return std::move(pieces_); }

 private:
  void Add(Piece piece) { pieces_.push_back(std::move(piece)); }

  std::vector<Piece> pieces_;
};

// Names where there are marks among them. ipvsadm prints those from 2147483648 on as negative.
std::vector<std::string> NamesWithMarks(const ListView& services) {
  Pieces usual;
  usual.Protocol();
  usual.Endpoint(kServiceFamily, kServicePort, 0);
  const std::vector<Piece> pieces = usual.Take();
  std::vector<std::string> names(services.rows());
  for (size_t row = 0; row < names.size(); ++row) {
    const uint32_t mark = services.Word(kServiceMark, row);
    if (mark == 0) {
      AppendPieces(pieces, services, row, &names[row]);
    } else {
      names[row] = "FWM  " + std::to_string(mark);
      if (services.Word(kServiceFamily, row) == AF_INET6) names[row] += " IPv6";
    }
  }
  return names;
}

bool HasMarks(const ListView& services) {
  for (size_t row = 0; row < services.rows(); ++row) {
    if (services.Word(kServiceMark, row) != 0) return true;
  }
  return false;
}

// How each service works: `wrr`, or `sh (sh-port) persistent 300 mask 255.255.255.0 ops`.
std::vector<std::string> Rules(const ListView& services, const std::vector<std::string>& names) {
  const auto name = [&](uint32_t index) { return index < names.size() ? names[index] : std::string(); };
  std::vector<std::string> rules(services.rows());
  for (size_t row = 0; row < rules.size(); ++row) {
    const auto word = [&](unsigned column) { return services.Word(column, row); };
    const uint32_t flags = word(kServiceFlags);
    std::string& rule = rules[row];
    rule = name(word(kServiceScheduler));
    if (const std::string set = FlagNames(flags, rule); !set.empty()) rule.append(" (").append(set) += ')';
    if ((flags & IP_VS_SVC_F_PERSISTENT) != 0) {
      rule.append(" persistent ").append(std::to_string(word(kServiceTimeout)));
      AppendMask(" mask ", word(kServiceFamily), word(kServiceNetmask), &rule);
      if (const std::string engine = name(word(kServiceEngine)); !engine.empty()) {
        rule.append(" pe ").append(engine);
      }
    }
    if ((flags & IP_VS_SVC_F_ONEPACKET) != 0) rule.append(" ops");
  }
  return rules;
}

std::vector<Piece> ServicePieces(const ListView& services, const std::vector<std::string>& names,
                                 const ListingOptions& options, ListingTexts* texts) {
  Pieces line;
  const uint32_t width = HasCounters(options.show) ? kServiceWidth : 0;
  if (texts->service_names.empty()) {
    line.Protocol();
    line.Endpoint(kServiceFamily, kServicePort, width == 0 ? 0 : width - kProtocolWidth - 1);
  } else {
    line.TextByRow(std::move(texts->service_names), width);
  }
  if (HasCounters(options.show)) {
    const uint32_t first = options.show == Show::kStats ? kTotals : kRates;
    for (uint32_t i = 0; i < kShown; ++i) line.Counter(first + i, options.exact);
  } else {
    line.Text(" ");
    line.TextByRow(Rules(services, names), 0);
  }
  return line.Take();
}

std::vector<Piece> DestinationPieces(const ListingOptions& options, ListingTexts* texts) {
  Pieces line;
  line.Text("  -> ");
  if (texts->destination_names.empty()) {
    line.Endpoint(kDestinationFamily, kDestinationPort, kDestinationWidth);
  } else {
    line.TextByRow(std::move(texts->destination_names), kDestinationWidth);
  }
  const auto method = [&] {
    line.Text(" ");
    // By their numbers, IP_VS_CONN_F_MASQ to _BYPASS.
    line.TextByWord(kDestinationForwarding, {"Masq", "Local", "Tunnel", "Route", "Bypass"}, 7);
  };
  switch (options.show) {
    case Show::kStats:
      for (uint32_t i = 0; i < kShown; ++i) line.Counter(kTotals + i, options.exact);
      return line.Take();
    case Show::kRate:
      for (uint32_t i = 0; i < kShown; ++i) line.Counter(kRates + i, options.exact || i < kWholeRates);
      return line.Take();
    case Show::kThresholds:
      line.Word(kDestinationUpperThreshold, 10);
      line.Word(kDestinationLowerThreshold, 10);
      break;
    case Show::kPersistentConnections:
      line.Word(kDestinationWeight, 9);
      line.Word(kDestinationPersistent, 11);
      break;
    case Show::kTunnels:
      method();
      line.Text(" ");
      line.TextByRow(std::move(texts->tunnels), 13);
      line.Word(kDestinationWeight, 6);
      break;
    case Show::kUsual:
      method();
      line.Word(kDestinationWeight, 6);
      break;
  }
  line.Word(kDestinationActive, 10);
  line.Word(kDestinationInactive, 10);
  return line.Take();
}

}  // namespace

bool Matches(const ListingTexts& texts, const ListView& services, const ListView& destinations, Show show) {
  const auto matches = [](const std::vector<std::string>& list, const ListView& rows, bool needed) {
    return list.size() == rows.rows() || (list.empty() && !needed);
  };
  return matches(texts.service_names, services, false) &&
         matches(texts.destination_names, destinations, false) &&
         matches(texts.tunnels, destinations, show == Show::kTunnels);
}

std::string Listing(const ListView& services, const ListView& destinations,
                    const std::vector<std::string>& names, const ListingOptions& options,
                    ListingTexts texts) {
  const TableOrder order =
      options.sorted ? SortedOrder(services, destinations) : KernelOrder(services, destinations);
  if (texts.service_names.empty() && HasMarks(services)) texts.service_names = NamesWithMarks(services);
  const std::vector<Piece> of_service = ServicePieces(services, names, options, &texts);
  const std::vector<Piece> of_destination = DestinationPieces(options, &texts);

  std::string text = Heading(options.show);
  text.reserve((services.rows() + destinations.rows() + 2) * kUsualLine);
  auto next = order.destinations.begin();
  for (const uint32_t service : order.services) {
    AppendPieces(of_service, services, service, &text);
    text.push_back('\n');
    for (; next != order.destinations.end() && destinations.Word(kDestinationService, *next) == service;
         ++next) {
      AppendPieces(of_destination, destinations, *next, &text);
      text.push_back('\n');
    }
  }
  return text;
}

}  // namespace ipvs
