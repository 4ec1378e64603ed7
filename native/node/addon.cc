// What the addon exports; typed in lib/addon/native.ts.
#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "native/cli/line_shapes.h"
#include "native/codec/record.h"
#include "native/codec/rows.h"
#include "native/node/client.h"
#include "native/node/napi_setup.h"
#include "native/node/text_functions.h"
#include "native/table/columns.h"

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
  set("lineEndpointFamily", offsetof(LineEndpoint, family));
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
  DefineTextFunctions(env, exports);
  exports.Set("layout", Layout(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(ipvs, Init)

}  // namespace ipvs
