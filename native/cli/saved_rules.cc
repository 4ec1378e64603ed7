#include "native/cli/saved_rules.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "native/cli/row_order.h"
#include "native/cli/row_text.h"
#include "native/cli/rule_words.h"

namespace ipvs {

namespace {

// A rule's room, to begin with.
constexpr size_t kUsualRule = 80;

void AppendOption(std::string_view option, uint32_t number, std::string* text) {
  text->append(option);
  AppendNumber(number, text);
}

// Whether it is one word that a shell and ipvsadm take as it stands.
bool IsPlain(std::string_view name) {
  constexpr std::string_view kQuoted = "\"'#\\";
  for (const char c : name) {
    if (c < '!' || c > '~' || kQuoted.find(c) != std::string_view::npos) return false;
  }
  return !name.empty();
}

class Rules {
 public:
  Rules(const ListView& services, const ListView& destinations, const std::vector<std::string>& names)
      : services_(services), destinations_(destinations), names_(names) {
    text_.reserve((services.rows() + destinations.rows()) * kUsualRule);
  }

  // Both return false where there are no words.
  bool AddService(size_t row) {
    std::string id;
    if (!AppendId(row, &id)) return false;
    id_ = std::move(id);
    text_.append("-A").append(id_);
    if (!AppendScheduling(row)) return false;
    text_.push_back('\n');
    return true;
  }
  // Of the service that was added last.
  bool AddDestination(size_t row, size_t service) {
    const auto word = [&](unsigned column) { return destinations_.Word(column, row); };
    text_.append("-a").append(id_).append(" -r ");
    const uint32_t port = word(kDestinationPort);
    AppendEndpoint(word(kDestinationFamily), destinations_.Address(row), port, &text_);
    const uint32_t method = word(kDestinationForwarding);
    switch (method) {
      case IP_VS_CONN_F_MASQ:
        text_.append(" -m");
        break;
      case IP_VS_CONN_F_TUNNEL:
        text_.append(" -i");
        break;
      case IP_VS_CONN_F_DROUTE:
        text_.append(" -g");
        break;
      default:
        return false;
    }
    const bool marked = services_.Word(kServiceMark, service) != 0;
    if (method != IP_VS_CONN_F_MASQ && !marked && port != services_.Word(kServicePort, service)) return false;
    const uint32_t weight = word(kDestinationWeight);
    const uint32_t upper = word(kDestinationUpperThreshold);
    const uint32_t lower = word(kDestinationLowerThreshold);
    if (weight > kHighestNumber || upper > kHighestNumber || lower > kHighestNumber) return false;
    AppendOption(" -w ", weight, &text_);
    if (!AppendTunnel(method, word(kDestinationTunnelType), word(kDestinationTunnelPort),
                      word(kDestinationTunnelFlags))) {
      return false;
    }
    if (upper != 0) AppendOption(" -x ", upper, &text_);
    if (lower != 0) AppendOption(" -y ", lower, &text_);
    text_.push_back('\n');
    return true;
  }

  std::string Take() { return std::move(text_); }

 private:
  bool AppendId(size_t row, std::string* text) const {
    const uint32_t family = services_.Word(kServiceFamily, row);
    if (const uint32_t mark = services_.Word(kServiceMark, row); mark != 0) {
      AppendOption(" -f ", mark, text);
      if (family == AF_INET6) text->append(" -6");
      return true;
    }
    switch (services_.Word(kServiceProtocol, row)) {
      case IPPROTO_TCP:
        text->append(" -t ");
        break;
      case IPPROTO_UDP:
        text->append(" -u ");
        break;
      case IPPROTO_SCTP:
        text->append(" --sctp-service ");
        break;
      default:
        return false;
    }
    AppendEndpoint(family, services_.Address(row), services_.Word(kServicePort, row), text);
    return true;
  }

  bool AppendName(std::string_view option, std::string_view name) {
    text_.append(option).append(name);
    return IsPlain(name);
  }

  bool AppendScheduling(size_t row) {
    const auto word = [&](unsigned column) { return services_.Word(column, row); };
    const std::string& scheduler = names_.at(word(kServiceScheduler));
    const std::string& engine = names_.at(word(kServiceEngine));
    const uint32_t flags = word(kServiceFlags);
    const uint32_t timeout = word(kServiceTimeout);
    const bool marked = word(kServiceMark) != 0;
    if (!AppendName(" -s ", scheduler)) return false;
    if ((flags & IP_VS_SVC_F_PERSISTENT) != 0) {
      if (timeout == 0 || timeout > kLongestPersistence) return false;
      AppendOption(" -p ", timeout, &text_);
    } else if (timeout != 0 || (!marked && word(kServicePort) == 0)) {
      return false;
    }
    AppendMask(" -M ", word(kServiceFamily), word(kServiceNetmask), &text_);
    if (!engine.empty() && !AppendName(" --pe ", engine)) return false;
    if ((flags & IP_VS_SVC_F_ONEPACKET) != 0) {
      if (!marked && word(kServiceProtocol) != IPPROTO_UDP) return false;
      text_.append(" -o");
    }
    if (const std::string set = FlagNames(flags, scheduler); !set.empty()) text_.append(" -b ").append(set);
    return HasFlagNames(flags);
  }

  bool AppendTunnel(uint32_t method, uint32_t type, uint32_t port, uint32_t flags) {
    if (method != IP_VS_CONN_F_TUNNEL) return (type | port | flags) == 0;
    text_.append(" --tun-type ").append(TunnelTypeName(type));
    if (port != 0) AppendOption(" --tun-port ", port, &text_);
    if (flags == IP_VS_TUNNEL_ENCAP_FLAG_CSUM) {
      text_.append(" --tun-csum");
    } else if (flags == IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM) {
      text_.append(" --tun-remcsum");
    } else if (type != IP_VS_CONN_F_TUNNEL_TYPE_IPIP) {
      text_.append(" --tun-nocsum");
    }
    return HasTunnelWords(type, port, flags);
  }

  const ListView& services_;
  const ListView& destinations_;
  const std::vector<std::string>& names_;
  std::string id_;
  std::string text_;
};

}  // namespace

std::optional<std::string> SavedRules(const ListView& services, const ListView& destinations,
                                      const std::vector<std::string>& names) {
  const TableOrder order = SortedOrder(services, destinations);
  Rules rules(services, destinations, names);
  auto next = order.destinations.begin();
  for (const uint32_t service : order.services) {
    if (!rules.AddService(service)) return std::nullopt;
    for (; next != order.destinations.end() && destinations.Word(kDestinationService, *next) == service;
         ++next) {
      if (!rules.AddDestination(*next, service)) return std::nullopt;
    }
  }
  return rules.Take();
}

}  // namespace ipvs
