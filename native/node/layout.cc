#include "native/node/layout.h"

#include <linux/ip_vs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "native/cli/line_shapes.h"
#include "native/cli/listing.h"
#include "native/cli/overview.h"
#include "native/codec/fields.h"
#include "native/codec/record.h"
#include "native/codec/rows.h"
#include "native/table/columns.h"
#include "native/table/sample_rows.h"
#include "native/table/sampler.h"

namespace ipvs {

namespace {

using Numbers = std::initializer_list<std::pair<const char*, double>>;

Napi::Object Object(Napi::Env env, Numbers numbers) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, number] : numbers) object.Set(name, Napi::Number::New(env, number));
  return object;
}

Napi::Object Operations(Napi::Env env) {
  return Object(env, {{"newService", kNewService},
                      {"setService", kSetService},
                      {"delService", kDelService},
                      {"getService", kGetService},
                      {"newDest", kNewDest},
                      {"setDest", kSetDest},
                      {"delDest", kDelDest},
                      {"getDest", kGetDest},
                      {"newDaemon", kNewDaemon},
                      {"delDaemon", kDelDaemon},
                      {"getDaemon", kGetDaemon},
                      {"setConfig", kSetConfig},
                      {"getConfig", kGetConfig},
                      {"getInfo", kGetInfo},
                      {"zero", kZero},
                      {"flush", kFlush},
                      {"listServices", kListServices},
                      {"snapshot", kSnapshot},
                      {"updateService", kUpdateService},
                      {"updateDest", kUpdateDest},
                      {"readFile", kReadFile},
                      {"readDirectory", kReadDirectory},
                      {"writeDirectory", kWriteDirectory},
                      {"openFile", kOpenFile},
                      {"chooseService", kChooseService},
                      {"sample", kSample},
                      {"dropSampler", kDropSampler},
                      {"readCookie", kReadCookie}});
}

Napi::Object Statuses(Napi::Env env) {
  return Object(env, {{"ok", kOk},
                      {"cancelled", kCancelled},
                      {"outcomeUnknown", kOutcomeUnknown},
                      {"unstable", kUnstable},
                      {"noFamily", kNoFamily},
                      {"part", kPart},
                      {"namespaceFailed", kNamespaceFailed},
                      {"localFailure", kLocalFailure}});
}

Napi::Object Service(Napi::Env env, size_t start) {
  const auto at = [start](size_t offset) { return static_cast<double>(start + offset); };
  return Object(env, {{"family", at(offsetof(ServiceRecord, family))},
                      {"protocol", at(offsetof(ServiceRecord, protocol))},
                      {"fwmark", at(offsetof(ServiceRecord, fwmark))},
                      {"port", at(offsetof(ServiceRecord, port))},
                      {"address", at(offsetof(ServiceRecord, address))},
                      {"flags", at(offsetof(ServiceRecord, flags))},
                      {"flagsMask", at(offsetof(ServiceRecord, flags_mask))},
                      {"timeout", at(offsetof(ServiceRecord, timeout))},
                      {"netmask", at(offsetof(ServiceRecord, netmask))},
                      {"scheduler", at(offsetof(ServiceRecord, scheduler))},
                      {"engine", at(offsetof(ServiceRecord, engine))},
                      {"bytes", sizeof(ServiceRecord)}});
}

Napi::Object Destination(Napi::Env env, size_t start) {
  const auto at = [start](size_t offset) { return static_cast<double>(start + offset); };
  return Object(env, {{"family", at(offsetof(DestinationRecord, family))},
                      {"port", at(offsetof(DestinationRecord, port))},
                      {"address", at(offsetof(DestinationRecord, address))},
                      {"forwarding", at(offsetof(DestinationRecord, forwarding))},
                      {"weight", at(offsetof(DestinationRecord, weight))},
                      {"upperThreshold", at(offsetof(DestinationRecord, upper_threshold))},
                      {"lowerThreshold", at(offsetof(DestinationRecord, lower_threshold))},
                      {"tunnelType", at(offsetof(DestinationRecord, tunnel_type))},
                      {"tunnelPort", at(offsetof(DestinationRecord, tunnel_port))},
                      {"tunnelFlags", at(offsetof(DestinationRecord, tunnel_flags))},
                      {"bytes", sizeof(DestinationRecord)}});
}

Napi::Object Daemon(Napi::Env env, size_t start) {
  const auto at = [start](size_t offset) { return static_cast<double>(start + offset); };
  return Object(env, {{"role", at(offsetof(DaemonRecord, role))},
                      {"syncId", at(offsetof(DaemonRecord, sync_id))},
                      {"maxLength", at(offsetof(DaemonRecord, max_length))},
                      {"groupFamily", at(offsetof(DaemonRecord, group_family))},
                      {"port", at(offsetof(DaemonRecord, port))},
                      {"ttl", at(offsetof(DaemonRecord, ttl))},
                      {"group", at(offsetof(DaemonRecord, group))},
                      {"interface", at(offsetof(DaemonRecord, interface))},
                      {"bytes", sizeof(DaemonRecord)}});
}

Napi::Object Timeouts(Napi::Env env, size_t start) {
  const auto at = [start](size_t offset) { return static_cast<double>(start + offset); };
  return Object(env, {{"tcp", at(offsetof(TimeoutsRecord, tcp))},
                      {"tcpFin", at(offsetof(TimeoutsRecord, tcp_fin))},
                      {"udp", at(offsetof(TimeoutsRecord, udp))},
                      {"bytes", sizeof(TimeoutsRecord)}});
}

Napi::Object Call(Napi::Env env) {
  Napi::Object call = Object(env, {{"operation", offsetof(CallRecord, operation)},
                                   {"fields", offsetof(CallRecord, fields)},
                                   {"run", offsetof(CallRecord, run)},
                                   {"extent", offsetof(CallRecord, extent)},
                                   {"sampler", offsetof(CallRecord, sampler)},
                                   {"bytes", sizeof(CallRecord)}});
  call.Set("service", Service(env, offsetof(CallRecord, service)));
  call.Set("destination", Destination(env, offsetof(CallRecord, destination)));
  call.Set("daemon", Daemon(env, offsetof(CallRecord, daemon)));
  call.Set("timeouts", Timeouts(env, offsetof(CallRecord, timeouts)));
  return call;
}

Napi::Object ServiceFields(Napi::Env env) {
  return Object(env, {{"scheduler", kFieldScheduler},
                      {"timeout", kFieldTimeout},
                      {"netmask", kFieldNetmask},
                      {"engine", kFieldEngine}});
}

Napi::Object DestinationFields(Napi::Env env) {
  return Object(env, {{"forwarding", kFieldForwarding},
                      {"weight", kFieldWeight},
                      {"upperThreshold", kFieldUpperThreshold},
                      {"lowerThreshold", kFieldLowerThreshold},
                      {"tunnel", kFieldTunnel},
                      {"all", UpdateBits(kDestinationFields)}});
}

Napi::Object ServiceColumns(Napi::Env env) {
  return Object(env, {{"family", kServiceFamily},
                      {"protocol", kServiceProtocol},
                      {"fwmark", kServiceMark},
                      {"port", kServicePort},
                      {"flags", kServiceFlags},
                      {"timeout", kServiceTimeout},
                      {"netmask", kServiceNetmask},
                      {"scheduler", kServiceScheduler},
                      {"engine", kServiceEngine},
                      {"count", kServiceWords}});
}

Napi::Object DestinationColumns(Napi::Env env) {
  return Object(env, {{"service", kDestinationService},
                      {"family", kDestinationFamily},
                      {"port", kDestinationPort},
                      {"forwarding", kDestinationForwarding},
                      {"weight", kDestinationWeight},
                      {"upperThreshold", kDestinationUpperThreshold},
                      {"lowerThreshold", kDestinationLowerThreshold},
                      {"activeConnections", kDestinationActive},
                      {"inactiveConnections", kDestinationInactive},
                      {"persistentConnections", kDestinationPersistent},
                      {"tunnelType", kDestinationTunnelType},
                      {"tunnelPort", kDestinationTunnelPort},
                      {"tunnelFlags", kDestinationTunnelFlags},
                      {"count", kDestinationWords}});
}

Napi::Object PartsOfSamples(Napi::Env env) {
  return Object(env, {{"counters", kSampleCounters},
                      {"deltas", kSampleDeltas},
                      {"rates", kSampleRates},
                      {"destinations", kSampleDestinations},
                      {"keys", kSampleKeys},
                      {"reuse", kSampleReuse},
                      {"chosen", kSampleChosen}});
}

Napi::Object SampleWords(Napi::Env env) {
  return Object(env, {{"service", kSampleService},
                      {"activeConnections", kSampleActive},
                      {"inactiveConnections", kSampleInactive},
                      {"persistentConnections", kSamplePersistent},
                      {"weight", kSampleWeight},
                      {"count", kSampleWords}});
}

Napi::Object Shows(Napi::Env env) {
  const auto number = [](Show show) { return static_cast<double>(show); };
  return Object(env, {{"usual", number(Show::kUsual)},
                      {"stats", number(Show::kStats)},
                      {"rate", number(Show::kRate)},
                      {"thresholds", number(Show::kThresholds)},
                      {"persistentConnections", number(Show::kPersistentConnections)},
                      {"tunnels", number(Show::kTunnels)}});
}

void SetLines(Napi::Env env, Napi::Object* layout) {
  layout->Set("LineEndpoint", Object(env, {{"start", offsetof(LineEndpoint, start)},
                                           {"end", offsetof(LineEndpoint, end)},
                                           {"family", offsetof(LineEndpoint, family)},
                                           {"port", offsetof(LineEndpoint, port)},
                                           {"address", offsetof(LineEndpoint, address)},
                                           {"bytes", sizeof(LineEndpoint)}}));
  layout->Set("Line", Object(env, {{"start", offsetof(Line, start)},
                                   {"end", offsetof(Line, end)},
                                   {"shape", offsetof(Line, shape)},
                                   {"endpointCount", offsetof(Line, endpoint_count)},
                                   {"endpoints", offsetof(Line, endpoints)},
                                   {"bytes", sizeof(Line)}}));
  layout->Set("LineShape", Object(env, {{"first", offsetof(Shape, first)},
                                        {"count", offsetof(Shape, count)},
                                        {"bytes", sizeof(Shape)}}));
  layout->Set("LineTemplate", Object(env, {{"record", offsetof(LineTemplate, record)},
                                           {"service", offsetof(LineTemplate, service)},
                                           {"servicePort", offsetof(LineTemplate, service_port)},
                                           {"destination", offsetof(LineTemplate, destination)},
                                           {"destinationPort", offsetof(LineTemplate, destination_port)},
                                           {"bytes", sizeof(LineTemplate)}}));
}

}  // namespace

Napi::Value Layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object layout = Object(env, {{"ADDRESS_BYTES", kAddressBytes},
                                     {"NAME_BYTES", kNameBytes},
                                     {"ONE_SERVICE", kOneService},
                                     {"IN_ONE_PIECE", kInOnePiece},
                                     {"COUNTERS", kCounters},
                                     {"IDENTITY_BYTES", sizeof(DestinationIdentity)},
                                     {"SAMPLER_SHIFT", kSamplerShift},
                                     {"SAMPLE_COUNTERS", kSampleCounterColumns},
                                     {"LINE_ENDPOINTS", kLineEndpoints},
                                     {"NO_SHAPE", kNoShape}});
  layout.Set("PATH_MARKS", Object(env, {{"first", kFirstPathMark}, {"last", kLastPathMark}}));
  layout.Set("Operation", Operations(env));
  layout.Set("Status", Statuses(env));
  layout.Set("Layout", Call(env));
  layout.Set("DaemonReply", Daemon(env, 0));
  layout.Set("TimeoutsReply", Timeouts(env, 0));
  layout.Set("InfoReply", Object(env, {{"version", offsetof(InfoRow, version)},
                                       {"connectionTableSize", offsetof(InfoRow, connection_table_size)},
                                       {"bytes", sizeof(InfoRow)}}));
  layout.Set("ServiceField", ServiceFields(env));
  layout.Set("DestinationField", DestinationFields(env));
  layout.Set("ServiceColumn", ServiceColumns(env));
  layout.Set("DestinationColumn", DestinationColumns(env));
  layout.Set("SamplePart", PartsOfSamples(env));
  layout.Set("SampleWord", SampleWords(env));
  layout.Set("Show", Shows(env));
  SetLines(env, &layout);
  return layout;
}

Napi::Value KernelConstants(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  static_assert(IP_VS_SCHEDNAME_MAXLEN == IFNAMSIZ && IP_VS_PENAME_MAXLEN == IFNAMSIZ);
  Napi::Object constants = Object(env, {{"MAX_NAME", IP_VS_SCHEDNAME_MAXLEN - 1}});
  constants.Set("Family", Object(env, {{"ipv4", AF_INET}, {"ipv6", AF_INET6}}));
  constants.Set("ProtocolNumber",
                Object(env, {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}}));
  constants.Set("ServiceFlag", Object(env, {{"persistent", IP_VS_SVC_F_PERSISTENT},
                                            {"onePacket", IP_VS_SVC_F_ONEPACKET},
                                            {"sched1", IP_VS_SVC_F_SCHED1},
                                            {"sched2", IP_VS_SVC_F_SCHED2},
                                            {"sched3", IP_VS_SVC_F_SCHED3}}));
  constants.Set("ForwardingNumber", Object(env, {{"masquerade", IP_VS_CONN_F_MASQ},
                                                 {"local", IP_VS_CONN_F_LOCALNODE},
                                                 {"tunnel", IP_VS_CONN_F_TUNNEL},
                                                 {"direct", IP_VS_CONN_F_DROUTE},
                                                 {"bypass", IP_VS_CONN_F_BYPASS}}));
  constants.Set("TunnelNumber", Object(env, {{"ipip", IP_VS_CONN_F_TUNNEL_TYPE_IPIP},
                                             {"gue", IP_VS_CONN_F_TUNNEL_TYPE_GUE},
                                             {"gre", IP_VS_CONN_F_TUNNEL_TYPE_GRE}}));
  constants.Set("ChecksumNumber", Object(env, {{"none", IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM},
                                               {"csum", IP_VS_TUNNEL_ENCAP_FLAG_CSUM},
                                               {"remcsum", IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM}}));
  constants.Set("DaemonRoleNumber",
                Object(env, {{"master", IP_VS_STATE_MASTER}, {"backup", IP_VS_STATE_BACKUP}}));
  return constants;
}

}  // namespace ipvs
