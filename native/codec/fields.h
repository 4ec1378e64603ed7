// The attributes of services and destinations: one row of a table each, which drives encoding, decoding,
// merging and the layout of columns. A new attribute takes a member of the record (record.h) or of the row
// (rows.h), a word if TypeScript is to see it (rows.h), and a row here.
#pragma once

#include <linux/ip_vs.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "native/codec/record.h"
#include "native/codec/rows.h"

namespace ipvs {

// How a value stands in its attribute, and how in the row.
enum class Form : uint8_t {
  kHost8,      // a number of 8 bits; a word in the row, as all numbers
  kHost16,     // of 16 bits in host order
  kNetwork16,  // of 16 bits in network order
  kHost32,     // of 32 bits in host order
  kNetmask,    // of 32 bits: an IPv4 mask in network order, an IPv6 prefix length in host order
  kFlags,      // ip_vs_flags; in the row the flags without the kernel's own, then the mask of those that are
               // meant
  kAddress,    // 16 bytes, of which IPv4 has the first four
  kName,       // closed by a NUL; 16 bytes in the row, padded with NULs
};

// Which commands carry an attribute.
enum class Sent : uint8_t {
  kAlways,       // those that name its service or destination
  kMark,         // the same, if it has a mark
  kNoMark,       // the same, if it has none: with a mark present, even 0, the kernel ignores the other three
                 // (ip_vs_genl_parse_service)
  kConfig,       // those that make or change it
  kConfigIfSet,  // the same, if the value is not 0 or empty, which is what the kernel takes its absence for
  kNever,        // none: the kernel reports it
};

struct Field {
  uint16_t attribute;  // IPVS_SVC_ATTR_* or IPVS_DEST_ATTR_*
  Form form;
  Sent sent;
  size_t offset;    // in ServiceRow or DestinationRow
  uint32_t update;  // the bit (ServiceField, DestinationField) by which an update replaces it; 0: none does
  int column;       // its word, or kNoColumn
};

inline constexpr int kNoColumn = -1;

inline constexpr std::array<Field, 10> kServiceFields = {{
    {IPVS_SVC_ATTR_AF, Form::kHost16, Sent::kAlways, offsetof(ServiceRow, config.family), 0, kServiceFamily},
    {IPVS_SVC_ATTR_FWMARK, Form::kHost32, Sent::kMark, offsetof(ServiceRow, config.fwmark), 0, kServiceMark},
    {IPVS_SVC_ATTR_PROTOCOL, Form::kHost16, Sent::kNoMark, offsetof(ServiceRow, config.protocol), 0,
     kServiceProtocol},
    {IPVS_SVC_ATTR_ADDR, Form::kAddress, Sent::kNoMark, offsetof(ServiceRow, config.address), 0, kNoColumn},
    {IPVS_SVC_ATTR_PORT, Form::kNetwork16, Sent::kNoMark, offsetof(ServiceRow, config.port), 0, kServicePort},
    {IPVS_SVC_ATTR_SCHED_NAME, Form::kName, Sent::kConfig, offsetof(ServiceRow, config.scheduler),
     kFieldScheduler, kServiceScheduler},
    {IPVS_SVC_ATTR_PE_NAME, Form::kName, Sent::kConfigIfSet, offsetof(ServiceRow, config.engine),
     kFieldEngine, kServiceEngine},
    // The kernel itself merges flags, by their mask (ip_vs_genl_parse_service).
    {IPVS_SVC_ATTR_FLAGS, Form::kFlags, Sent::kConfig, offsetof(ServiceRow, config.flags), 0, kServiceFlags},
    {IPVS_SVC_ATTR_TIMEOUT, Form::kHost32, Sent::kConfig, offsetof(ServiceRow, config.timeout), kFieldTimeout,
     kServiceTimeout},
    {IPVS_SVC_ATTR_NETMASK, Form::kNetmask, Sent::kConfig, offsetof(ServiceRow, config.netmask),
     kFieldNetmask, kServiceNetmask},
}};

inline constexpr std::array<Field, 13> kDestinationFields = {{
    {IPVS_DEST_ATTR_ADDR_FAMILY, Form::kHost16, Sent::kAlways, offsetof(DestinationRow, config.family), 0,
     kDestinationFamily},
    {IPVS_DEST_ATTR_ADDR, Form::kAddress, Sent::kAlways, offsetof(DestinationRow, config.address), 0,
     kNoColumn},
    {IPVS_DEST_ATTR_PORT, Form::kNetwork16, Sent::kAlways, offsetof(DestinationRow, config.port), 0,
     kDestinationPort},
    {IPVS_DEST_ATTR_FWD_METHOD, Form::kHost32, Sent::kConfig, offsetof(DestinationRow, config.forwarding),
     kFieldForwarding, kDestinationForwarding},
    {IPVS_DEST_ATTR_WEIGHT, Form::kHost32, Sent::kConfig, offsetof(DestinationRow, config.weight),
     kFieldWeight, kDestinationWeight},
    {IPVS_DEST_ATTR_U_THRESH, Form::kHost32, Sent::kConfig, offsetof(DestinationRow, config.upper_threshold),
     kFieldUpperThreshold, kDestinationUpperThreshold},
    {IPVS_DEST_ATTR_L_THRESH, Form::kHost32, Sent::kConfig, offsetof(DestinationRow, config.lower_threshold),
     kFieldLowerThreshold, kDestinationLowerThreshold},
    {IPVS_DEST_ATTR_TUN_TYPE, Form::kHost8, Sent::kConfigIfSet, offsetof(DestinationRow, config.tunnel_type),
     kFieldTunnel, kDestinationTunnelType},
    {IPVS_DEST_ATTR_TUN_PORT, Form::kNetwork16, Sent::kConfigIfSet,
     offsetof(DestinationRow, config.tunnel_port), kFieldTunnel, kDestinationTunnelPort},
    {IPVS_DEST_ATTR_TUN_FLAGS, Form::kHost16, Sent::kConfigIfSet,
     offsetof(DestinationRow, config.tunnel_flags), kFieldTunnel, kDestinationTunnelFlags},
    {IPVS_DEST_ATTR_ACTIVE_CONNS, Form::kHost32, Sent::kNever, offsetof(DestinationRow, active_connections),
     0, kDestinationActive},
    {IPVS_DEST_ATTR_INACT_CONNS, Form::kHost32, Sent::kNever, offsetof(DestinationRow, inactive_connections),
     0, kDestinationInactive},
    {IPVS_DEST_ATTR_PERSIST_CONNS, Form::kHost32, Sent::kNever,
     offsetof(DestinationRow, persistent_connections), 0, kDestinationPersistent},
}};

// A field as a type, from which the compiler knows all of it.
template <const auto& fields, size_t index>
struct FieldConstant {
  static constexpr Field kValue = fields[index];
};

template <const auto& fields, typename Visit, size_t... indexes>
void ForEachField(Visit visit, std::index_sequence<indexes...> /*all*/) {
  (visit(FieldConstant<fields, indexes>()), ...);
}

// Calls visit(FieldConstant) for each field of a table, in its order. For what is done for every message or
// row: the compiler unrolls the table, where a loop would look up the form of each field.
template <const auto& fields, typename Visit>
void ForEachField(Visit visit) {
  ForEachField<fields>(visit, std::make_index_sequence<fields.size()>());
}

// The bits of all fields that an update can replace.
template <size_t N>
constexpr uint32_t UpdateBits(const std::array<Field, N>& fields) {
  uint32_t bits = 0;
  for (const Field& field : fields) bits |= field.update;
  return bits;
}

// The bytes of a value in a row.
constexpr size_t SizeInRow(Form form) {
  if (form == Form::kAddress) return kAddressBytes;
  if (form == Form::kName) return kNameBytes;
  if (form == Form::kFlags) return sizeof(ip_vs_flags);
  return sizeof(uint32_t);
}

}  // namespace ipvs
