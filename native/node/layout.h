// The numbers that TypeScript and the addon share, as C++ has them.
#pragma once

#include "native/node/napi_setup.h"

namespace ipvs {

// layout(): an object like the module lib/addon/layout.ts, name for name.
Napi::Value Layout(const Napi::CallbackInfo& info);

// kernelConstants(): the kernel's own numbers (linux/ip_vs.h and the C library's headers), named as in
// lib/model/constants.ts.
Napi::Value KernelConstants(const Napi::CallbackInfo& info);

}  // namespace ipvs
