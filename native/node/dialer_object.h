// The addon's dialer as JavaScript sees it (typed in lib/addon/native.ts).
#pragma once

#include "native/node/napi_setup.h"

namespace ipvs {

// createDialer(deliver): returns { dial, take, cancel }. deliver(number, step, error) is called once for each
// number that was dialled and not cancelled: error is 0, and take() returns the socket; or it is an errno,
// and step what failed. Several are delivered in a row, and one that is cancelled by then comes all the same.
// While something is under way the event loop is kept running.
Napi::Value CreateDialer(const Napi::CallbackInfo& info);

}  // namespace ipvs
