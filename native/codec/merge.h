// Updates: the kernel's SET commands replace everything, so that what an update does not name is sent as it
// is.
#pragma once

#include <cstdint>

#include "native/codec/record.h"

namespace ipvs {

// Gives `wanted` the present values of those fields that `fields` (ServiceField) does not name. A service
// that becomes persistent keeps none of its timeout, netmask and engine, which were never meant.
void MergeUnchanged(const ServiceRecord& present, uint32_t fields, ServiceRecord* wanted);

// The same for a destination; `fields` are DestinationField.
void MergeUnchanged(const DestinationRecord& present, uint32_t fields, DestinationRecord* wanted);

}  // namespace ipvs
