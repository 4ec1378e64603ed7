// Merges updates with what is there: the kernel's SET commands replace everything.
#pragma once

#include <cstdint>

#include "native/codec/record.h"

namespace ipvs {

// Copies the present value of each field that `fields` (ServiceField) does not name to `wanted`. A service
// that becomes persistent keeps none of its timeout, netmask and engine: they were never meant.
void MergeUnchanged(const ServiceRecord& present, uint32_t fields, ServiceRecord* wanted);

// The same for a destination; `fields` are DestinationField.
void MergeUnchanged(const DestinationRecord& present, uint32_t fields, DestinationRecord* wanted);

}  // namespace ipvs
