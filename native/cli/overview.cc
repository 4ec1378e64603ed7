#include "native/cli/overview.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "native/cli/row_text.h"

namespace ipvs {

namespace {

constexpr size_t kCells = 9;
using Cells = std::array<std::string, kCells>;

// The columns without numbers, which are padded on the right.
constexpr std::array<bool, kCells> kTexts = {true, true, false, false, false, false, false, false, true};

constexpr std::string_view kEmpty = "no services; `ipvs help add-service` shows how to add one\n";

// Where counters have the rates that are shown: connections, bytes in and out.
constexpr std::array<unsigned, 3> kShownRates = {5, 8, 9};

// What lint() takes without a word, whatever else the table holds.
constexpr std::array<std::string_view, 11> kPlainSchedulers = {"rr",  "wrr", "lc", "wlc", "lblc", "lblcr",
                                                               "sed", "nq",  "fo", "ovf", "twos"};
constexpr uint32_t kUsualWeight = 65535;
constexpr uint32_t kSafePersistence = 4294967;

std::string Number(uint64_t number) {
  std::string text;
  AppendNumber(number, &text);
  return text;
}

class Table {
 public:
  Table(const ListView& services, const ListView& destinations, const std::vector<std::string>& names)
      : services_(services), destinations_(destinations), names_(names) {
    rows_.reserve(services.rows() + destinations.rows() + 1);
    rows_.push_back(
        {"service, destination", "how", "weight", "active", "inactive", "conns/s", "in B/s", "out B/s", ""});
  }

  // Adds a service with its destinations, which are the rows from `begin` to `end`, newest first; false where
  // there is something to say.
  bool Add(size_t service, size_t begin, size_t end) {
    if (!IsPlain(service)) return false;
    const size_t own = rows_.size();
    rows_.emplace_back();
    uint64_t active = 0;
    uint64_t inactive = 0;
    bool weighted = begin == end;
    for (size_t row = end; row-- > begin;) {
      if (!IsPlainDestination(row, service)) return false;
      active += destinations_.Word(kDestinationActive, row);
      inactive += destinations_.Word(kDestinationInactive, row);
      weighted = weighted || destinations_.Word(kDestinationWeight, row) > 0;
      AddDestination(row);
    }
    if (!weighted || !HasEqualShares(service, begin, end)) return false;
    Cells& cells = rows_[own];
    cells[0] = ServiceKey(service);
    cells[1] = names_.at(services_.Word(kServiceScheduler, service));
    const uint32_t flags = services_.Word(kServiceFlags, service);
    if ((flags & IP_VS_SVC_F_PERSISTENT) != 0) {
      cells[1] += ", persistent " + Number(services_.Word(kServiceTimeout, service)) + " s";
    }
    if ((flags & IP_VS_SVC_F_ONEPACKET) != 0) cells[1] += ", one packet";
    cells[3] = Number(active);
    cells[4] = Number(inactive);
    PutRates(services_, service, &cells);
    if (begin == end) cells[8] = "no destinations";
    return true;
  }

  std::string Take() const {
    std::array<size_t, kCells> widths = {};
    for (const Cells& cells : rows_) {
      for (size_t i = 0; i < kCells; ++i) widths[i] = std::max(widths[i], cells[i].size());
    }
    std::string text;
    for (const Cells& cells : rows_) {
      for (size_t i = 0; i < kCells; ++i) {
        if (i > 0) text.append("  ");
        const size_t room = widths[i] - cells[i].size();
        if (!kTexts[i]) text.append(room, ' ');
        text.append(cells[i]);
        if (kTexts[i]) text.append(room, ' ');
      }
      text.resize(text.find_last_not_of(' ') + 1);
      text.push_back('\n');
    }
    return text;
  }

 private:
  // Whether a service by itself is nothing to remark upon.
  bool IsPlain(size_t row) const {
    const auto word = [&](unsigned column) { return services_.Word(column, row); };
    const uint32_t flags = word(kServiceFlags);
    const uint32_t protocol = word(kServiceProtocol);
    const uint32_t mark = word(kServiceMark);
    if (mark >= kFirstPathMark && mark <= kLastPathMark) return false;
    const bool marked = mark != 0;
    const uint8_t* const address = services_.Address(row);
    const bool balanced = protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
    const bool somewhere = std::any_of(address, address + kAddressBytes, [](uint8_t b) { return b != 0; });
    if (!marked && (!balanced || !somewhere || word(kServicePort) == 0)) return false;
    const std::string& scheduler = names_.at(word(kServiceScheduler));
    if (std::find(kPlainSchedulers.begin(), kPlainSchedulers.end(), scheduler) == kPlainSchedulers.end()) {
      return false;
    }
    constexpr uint32_t kKnown = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_ONEPACKET;
    if ((flags & ~kKnown) != 0) return false;
    if ((flags & IP_VS_SVC_F_ONEPACKET) != 0 && !marked && protocol != IPPROTO_UDP) return false;
    const uint32_t timeout = word(kServiceTimeout);
    const std::string& engine = names_.at(word(kServiceEngine));
    const bool ipv6 = word(kServiceFamily) == AF_INET6;
    if ((flags & IP_VS_SVC_F_PERSISTENT) == 0) {
      return timeout == 0 && engine.empty() && word(kServiceNetmask) == (ipv6 ? 128 : UINT32_MAX);
    }
    const uint32_t others = ~word(kServiceNetmask);  // of IPv4: the bits that are not looked at
    const bool whole = ipv6 || (others & (others + 1)) == 0;
    const bool heard = engine.empty() || (engine == "sip" && (marked || protocol == IPPROTO_UDP));
    return timeout > 0 && timeout <= kSafePersistence && whole && heard;
  }

  bool IsPlainDestination(size_t row, size_t service) const {
    const auto word = [&](unsigned column) { return destinations_.Word(column, row); };
    const auto of_service = [&](unsigned column) { return services_.Word(column, service); };
    const uint32_t method = word(kDestinationForwarding);
    const bool masked = method == IP_VS_CONN_F_MASQ;
    if (!masked && method != IP_VS_CONN_F_TUNNEL && method != IP_VS_CONN_F_DROUTE) return false;
    if (word(kDestinationFamily) != of_service(kServiceFamily)) return false;
    if ((word(kDestinationTunnelType) | word(kDestinationTunnelPort) | word(kDestinationTunnelFlags) |
         word(kDestinationUpperThreshold) | word(kDestinationLowerThreshold)) != 0) {
      return false;
    }
    const uint32_t port = word(kDestinationPort);
    if (of_service(kServiceMark) != 0) {
      // Packets keep the port that the client connected to, but for NAT without persistence.
      const bool persistent = (of_service(kServiceFlags) & IP_VS_SVC_F_PERSISTENT) != 0;
      if (port != 0 && (!masked || persistent)) return false;
    } else if (port != 0 && port != of_service(kServicePort) && !masked) {
      return false;
    }
    return word(kDestinationWeight) <= kUsualWeight;
  }

  // Whether weights that the scheduler does not look at are all the same.
  bool HasEqualShares(size_t service, size_t begin, size_t end) const {
    const std::string& scheduler = names_.at(services_.Word(kServiceScheduler, service));
    if (scheduler != "rr" && scheduler != "lc") return true;
    uint32_t share = 0;
    for (size_t row = begin; row < end; ++row) {
      const uint32_t weight = destinations_.Word(kDestinationWeight, row);
      if (weight == 0) continue;
      if (share != 0 && weight != share) return false;
      share = weight;
    }
    return true;
  }

  std::string ServiceKey(size_t row) const {
    const uint32_t family = services_.Word(kServiceFamily, row);
    if (const uint32_t mark = services_.Word(kServiceMark, row); mark != 0) {
      return "fwmark " + Number(mark) + (family == AF_INET6 ? " ipv6" : " ipv4");
    }
    const uint32_t protocol = services_.Word(kServiceProtocol, row);
    std::string key = protocol == IPPROTO_TCP ? "tcp " : protocol == IPPROTO_UDP ? "udp " : "sctp ";
    AppendEndpoint(family, services_.Address(row), services_.Word(kServicePort, row), &key);
    return key;
  }

  void AddDestination(size_t row) {
    const auto word = [&](unsigned column) { return destinations_.Word(column, row); };
    Cells& cells = rows_.emplace_back();
    cells[0] = "  ";
    AppendEndpoint(word(kDestinationFamily), destinations_.Address(row), word(kDestinationPort), &cells[0]);
    const uint32_t method = word(kDestinationForwarding);
    cells[1] = method == IP_VS_CONN_F_MASQ     ? "masquerade"
               : method == IP_VS_CONN_F_TUNNEL ? "tunnel ipip"
                                               : "direct";
    cells[2] = Number(word(kDestinationWeight));
    cells[3] = Number(word(kDestinationActive));
    cells[4] = Number(word(kDestinationInactive));
    PutRates(destinations_, row, &cells);
    if (word(kDestinationWeight) == 0) cells[8] = "weight 0";
  }

  static void PutRates(const ListView& list, size_t row, Cells* cells) {
    for (size_t i = 0; i < kShownRates.size(); ++i)
      (*cells)[5 + i] = Number(list.Counter(kShownRates[i], row));
  }

  const ListView& services_;
  const ListView& destinations_;
  const std::vector<std::string>& names_;
  std::vector<Cells> rows_;
};

}  // namespace

std::optional<std::string> Overview(const ListView& services, const ListView& destinations,
                                    const std::vector<std::string>& names) {
  if (services.rows() == 0) return std::string(kEmpty);
  Table table(services, destinations, names);
  size_t next = 0;
  for (size_t service = 0; service < services.rows(); ++service) {
    const size_t begin = next;
    while (next < destinations.rows() && destinations.Word(kDestinationService, next) == service) ++next;
    if (!table.Add(service, begin, next)) return std::nullopt;
  }
  return table.Take();
}

}  // namespace ipvs
