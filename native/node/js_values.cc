#include "native/node/js_values.h"

#include <cstring>
#include <memory>

namespace ipvs {

namespace {

// Blocks from this size on are shown to JavaScript where they are. A copy of a smaller one takes less than
// what Node.js does to find out when memory that is not its own may go.
constexpr size_t kSharedBytes = 1 << 14;

}  // namespace

napi_value JsValues::Undefined() {
  napi_value value = nullptr;
  if (ok_) Check(napi_get_undefined(env_, &value));
  return value;
}

napi_value JsValues::Number(double number) {
  napi_value value = nullptr;
  if (ok_) Check(napi_create_double(env_, number, &value));
  return value;
}

napi_value JsValues::String(const std::string& text) {
  napi_value value = nullptr;
  if (ok_) Check(napi_create_string_latin1(env_, text.data(), text.size(), &value));
  return value;
}

napi_value JsValues::Array(size_t length) {
  napi_value value = nullptr;
  if (ok_) Check(napi_create_array_with_length(env_, length, &value));
  return value;
}

napi_value JsValues::Object() {
  napi_value value = nullptr;
  if (ok_) Check(napi_create_object(env_, &value));
  return value;
}

napi_value JsValues::Buffer(const uint8_t* data, size_t length) {
  napi_value value = nullptr;
  void* copy = nullptr;
  if (ok_) Check(napi_create_arraybuffer(env_, length, &copy, &value));
  if (ok_ && length > 0) std::memcpy(copy, data, length);
  return value;
}

napi_value JsValues::Int32Array(const std::vector<int32_t>& values) {
  napi_value buffer =
      Buffer(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(int32_t));
  napi_value value = nullptr;
  if (ok_) Check(napi_create_typedarray(env_, napi_int32_array, values.size(), buffer, 0, &value));
  return value;
}

napi_value JsValues::Block(const struct Block& block) {
  napi_value value = Object();
  Set(value, "rows", Number(static_cast<double>(block.rows)));
  Set(value, "buffer",
      block.bytes < kSharedBytes ? Buffer(block.data.get(), block.bytes) : Shared(block.data, block.bytes));
  return value;
}

napi_value JsValues::Block(const SampleBlock& block) {
  napi_value value = Object();
  Set(value, "rows", Number(static_cast<double>(block.rows)));
  Set(value, "room", Number(static_cast<double>(block.room)));
  Set(value, "buffer", block.same ? Undefined() : Shared(block.data, block.bytes));
  return value;
}

napi_value JsValues::Shared(const Memory& data, size_t bytes) {
  napi_value value = nullptr;
  if (!ok_) return value;
  auto* memory = new Memory(data);
  const auto release = [](napi_env, void*, void* hint) { delete static_cast<Memory*>(hint); };
  const napi_status status =
      napi_create_external_arraybuffer(env_, data.get(), bytes, release, memory, &value);
  if (status == napi_ok) return value;
  delete memory;
  // Electron (V8's memory cage) refuses external buffers: copy.
  if (status == napi_no_external_buffers_allowed) return Buffer(data.get(), bytes);
  Check(status);
  return value;
}

napi_value JsValues::Sample(const struct Sample& sample) {
  napi_value value = Object();
  Set(value, "generation", Number(sample.generation));
  Set(value, "services", Block(sample.services));
  Set(value, "destinations", Block(sample.destinations));
  Set(value, "keys", sample.keys ? Keys(*sample.keys) : Undefined());
  return value;
}

napi_value JsValues::Keys(const SampleKeys& keys) {
  const IdentityBlock& identities = keys.destinations;
  napi_value destinations = Object();
  Set(destinations, "rows", Number(static_cast<double>(identities.rows)));
  const Memory bytes(identities.data, reinterpret_cast<uint8_t*>(identities.data.get()));
  Set(destinations, "buffer", Shared(bytes, identities.rows * sizeof(DestinationIdentity)));
  napi_value value = Table(keys.services);
  Set(value, "destinations", destinations);
  return value;
}

napi_value JsValues::Table(const Columns& columns) {
  napi_value names = Array(columns.names.size());
  for (size_t i = 0; i < columns.names.size(); ++i) Set(names, i, String(columns.names[i]));
  napi_value value = Object();
  Set(value, "names", names);
  Set(value, "services", Block(columns.services));
  Set(value, "destinations", Block(columns.destinations));
  return value;
}

void JsValues::Set(napi_value object, const char* name, napi_value value) {
  if (ok_) Check(napi_set_named_property(env_, object, name, value));
}

void JsValues::Set(napi_value array, size_t index, napi_value value) {
  if (ok_) Check(napi_set_element(env_, array, static_cast<uint32_t>(index), value));
}

void JsValues::CallMethod(napi_value receiver, const char* name, const std::vector<napi_value>& arguments) {
  napi_value function = nullptr;
  if (ok_) Check(napi_get_named_property(env_, receiver, name, &function));
  if (ok_) Check(napi_call_function(env_, receiver, function, arguments.size(), arguments.data(), nullptr));
}

}  // namespace ipvs
