// What the addon exports; typed in lib/native.ts.
#include <arpa/inet.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "client.h"
#include "columns.h"
#include "line_shapes.h"
#include "napi_setup.h"
#include "record.h"
#include "rows.h"

namespace ipvs {

namespace {

// parseAddress6(text): the address's 16 bytes in network order, or undefined. The C library is the judge of
// what IPv6 text means.
Napi::Value ParseAddress6(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint8_t address[kAddressBytes];
  if (info.Length() != 1 || !info[0].IsString() ||
      inet_pton(AF_INET6, info[0].As<Napi::String>().Utf8Value().c_str(), address) != 1) {
    return env.Undefined();
  }
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, kAddressBytes);
  std::memcpy(bytes.Data(), address, kAddressBytes);
  return bytes;
}

// formatAddress6(bytes, offset): the text of the 16 bytes at offset.
Napi::Value FormatAddress6(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsTypedArray() || !info[1].IsNumber()) return env.Undefined();
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const uint32_t offset = info[1].As<Napi::Number>().Uint32Value();
  if (bytes.ByteLength() < kAddressBytes || offset > bytes.ByteLength() - kAddressBytes)
    return env.Undefined();
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, bytes.Data() + offset, text, sizeof text);
  return Napi::String::New(env, text);
}

// A copy of a vector's bytes, as a typed array of JavaScript's own.
template <typename Array, typename Item>
Array CopyOf(Napi::Env env, const std::vector<Item>& items) {
  const size_t bytes = items.size() * sizeof(Item);
  Array array = Array::New(env, bytes / sizeof(typename std::remove_pointer_t<decltype(array.Data())>));
  if (bytes > 0) std::memcpy(array.Data(), items.data(), bytes);
  return array;
}

// A copy of a typed array's bytes.
template <typename Item>
std::vector<Item> VectorOf(const Napi::TypedArray& array) {
  std::vector<Item> items(array.ByteLength() / sizeof(Item));
  const auto* start = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  if (!items.empty()) std::memcpy(items.data(), start, items.size() * sizeof(Item));
  return items;
}

// shapeLines(text): the lines of a text and their shapes, as the words of line_shapes.h's structs.
Napi::Value ShapeLines(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) return env.Undefined();
  const std::u16string text = info[0].As<Napi::String>().Utf16Value();
  const ShapedLines shaped = ipvs::ShapeLines(text.data(), text.size());
  Napi::Object result = Napi::Object::New(env);
  result.Set("lines", CopyOf<Napi::Uint32Array>(env, shaped.lines));
  result.Set("shapes", CopyOf<Napi::Uint32Array>(env, shaped.shapes));
  return result;
}

// fillTemplates(lines, templateOf, templates): the records of lines, of those that have a template.
Napi::Value FillTemplates(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[0].IsTypedArray() || !info[1].IsTypedArray() || !info[2].IsTypedArray()) {
    return env.Undefined();
  }
  const auto lines = VectorOf<Line>(info[0].As<Napi::TypedArray>());
  const auto template_of = VectorOf<uint32_t>(info[1].As<Napi::TypedArray>());
  const auto templates = VectorOf<LineTemplate>(info[2].As<Napi::TypedArray>());
  const LineRecords filled = ipvs::FillTemplates(lines.data(), lines.size(), template_of, templates);
  Napi::Object result = Napi::Object::New(env);
  result.Set("records", CopyOf<Napi::Uint8Array>(env, filled.records));
  result.Set("lines", CopyOf<Napi::Uint32Array>(env, filled.lines));
  result.Set("rest", CopyOf<Napi::Uint32Array>(env, filled.rest));
  return result;
}

// The layout of record.h and columns.h, so that TypeScript's picture of it can be tested.
Napi::Object Layout(Napi::Env env) {
  Napi::Object layout = Napi::Object::New(env);
  const auto set = [&](const char* name, size_t value) {
    layout.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("callBytes", sizeof(CallRecord));
  set("service", offsetof(CallRecord, service));
  set("serviceAddress", offsetof(CallRecord, service) + offsetof(ServiceRecord, address));
  set("serviceFlags", offsetof(CallRecord, service) + offsetof(ServiceRecord, flags));
  set("scheduler", offsetof(CallRecord, service) + offsetof(ServiceRecord, scheduler));
  set("engine", offsetof(CallRecord, service) + offsetof(ServiceRecord, engine));
  set("destination", offsetof(CallRecord, destination));
  set("destinationAddress", offsetof(CallRecord, destination) + offsetof(DestinationRecord, address));
  set("forwarding", offsetof(CallRecord, destination) + offsetof(DestinationRecord, forwarding));
  set("daemonBytes", sizeof(DaemonRecord));
  set("daemonGroup", offsetof(DaemonRecord, group));
  set("daemonInterface", offsetof(DaemonRecord, interface));
  set("lineBytes", sizeof(Line));
  set("lineShape", offsetof(Line, shape));
  set("lineEndpointCount", offsetof(Line, endpoint_count));
  set("lineEndpoints", offsetof(Line, endpoints));
  set("lineEndpointBytes", sizeof(LineEndpoint));
  set("shapeBytes", sizeof(Shape));
  set("templateBytes", sizeof(LineTemplate));
  set("templateSources", offsetof(LineTemplate, service));
  set("counters", kCounters);
  set("serviceWords", kServiceWords);
  set("destinationWords", kDestinationWords);
  return layout;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Client", Client::Define(env));
  exports.Set("parseAddress6", Napi::Function::New<ParseAddress6>(env, "parseAddress6"));
  exports.Set("formatAddress6", Napi::Function::New<FormatAddress6>(env, "formatAddress6"));
  exports.Set("shapeLines", Napi::Function::New<ShapeLines>(env, "shapeLines"));
  exports.Set("fillTemplates", Napi::Function::New<FillTemplates>(env, "fillTemplates"));
  exports.Set("layout", Layout(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(ipvs, Init)

}  // namespace ipvs
