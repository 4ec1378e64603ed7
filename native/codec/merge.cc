#include "native/codec/merge.h"

#include <linux/ip_vs.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "native/codec/fields.h"

namespace ipvs {

namespace {

// Copies the fields that have an update bit, but those in `except`. `record_offset` is the record's in its
// row.
template <typename Record, size_t N>
void CopyFields(const std::array<Field, N>& fields, size_t record_offset, uint32_t except,
                const Record& present, Record* wanted) {
  for (const Field& field : fields) {
    if ((field.update & ~except) == 0) continue;
    const size_t offset = field.offset - record_offset;
    std::memcpy(reinterpret_cast<uint8_t*>(wanted) + offset,
                reinterpret_cast<const uint8_t*>(&present) + offset, SizeInRow(field.form));
  }
}

}  // namespace

void MergeUnchanged(const ServiceRecord& present, uint32_t fields, ServiceRecord* wanted) {
  const bool becomes_persistent =
      (present.flags & IP_VS_SVC_F_PERSISTENT) == 0 && (wanted->flags & IP_VS_SVC_F_PERSISTENT) != 0;
  if (becomes_persistent) fields |= kFieldTimeout | kFieldNetmask | kFieldEngine;
  CopyFields(kServiceFields, offsetof(ServiceRow, config), fields, present, wanted);
}

void MergeUnchanged(const DestinationRecord& present, uint32_t fields, DestinationRecord* wanted) {
  CopyFields(kDestinationFields, offsetof(DestinationRow, config), fields, present, wanted);
}

}  // namespace ipvs
