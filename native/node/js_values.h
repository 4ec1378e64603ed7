// Makes JavaScript values by Node-API itself. node-addon-api turns a failure into an exception, which is
// fatal where JavaScript may not run any more: replies also arrive in a worker_thread that is being
// terminated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "native/node/napi_setup.h"
#include "native/table/columns.h"
#include "native/table/sampler.h"

namespace ipvs {

// Remembers the first failure and does nothing after it: the values are then not passed on.
class JsValues {
 public:
  explicit JsValues(napi_env env) : env_(env) {}

  napi_value Undefined();
  napi_value Number(double value);
  napi_value String(const std::string& text);
  napi_value Array(size_t length);
  napi_value Object();
  // An ArrayBuffer with a copy of the bytes.
  napi_value Buffer(const uint8_t* data, size_t length);
  napi_value Int32Array(const std::vector<int32_t>& values);
  // { names, services, destinations } (lib/addon/native.ts, NativeTable).
  napi_value Table(const Columns& columns);
  // { generation, services, destinations, keys } (NativeSample). JavaScript sees the blocks' own memory.
  napi_value Sample(const struct Sample& sample);
  void Set(napi_value object, const char* name, napi_value value);
  void Set(napi_value array, size_t index, napi_value value);
  // receiver[name](arguments). An exception it throws stays pending.
  void CallMethod(napi_value receiver, const char* name, const std::vector<napi_value>& arguments);

 private:
  void Check(napi_status status) { ok_ = ok_ && status == napi_ok; }
  napi_value Block(const struct Block& block);
  napi_value Block(const SampleBlock& block);
  // { names, services, destinations } (NativeKeys).
  napi_value Keys(const SampleKeys& keys);
  using Memory = std::shared_ptr<uint8_t[]>;
  napi_value Shared(const Memory& data, size_t bytes);

  napi_env env_;
  bool ok_ = true;
};

}  // namespace ipvs
