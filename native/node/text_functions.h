// The functions by which whole texts cross into records, and rows into texts: what the command ipvs does for
// thousands of lines at once. Typed in lib/addon/native.ts.
#pragma once

#include "native/node/napi_setup.h"

namespace ipvs {

// Adds them to the addon's exports. They run on the JavaScript thread, keep nothing, and return undefined
// at arguments of the wrong kind.
void DefineTextFunctions(Napi::Env env, Napi::Object exports);

}  // namespace ipvs
