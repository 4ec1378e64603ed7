// What the addon exports; typed in lib/addon/native.ts.
#include <cstddef>

#include "native/cli/line_shapes.h"
#include "native/codec/record.h"
#include "native/codec/rows.h"
#include "native/node/client.h"
#include "native/node/napi_setup.h"
#include "native/node/text_functions.h"
#include "native/table/columns.h"

namespace ipvs {

namespace {

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
  DefineTextFunctions(env, exports);
  exports.Set("layout", Layout(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(ipvs, Init)

}  // namespace ipvs
