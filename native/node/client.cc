#include "native/node/client.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "native/node/js_values.h"

namespace ipvs {

namespace {

// What V8 is told that a client weighs, besides its samplers: a thread, and two to eleven descriptors, most
// of them sockets with room for a MiB. Told of 64 MiB more, V8 collects garbage; so clients that are
// forgotten without close() are gone long before they have used up the 1,024 descriptors that a process
// usually may have.
constexpr int64_t kClientWeight = 1 << 20;

constexpr napi_type_tag kClientTag = {0x6ac1f0b7d2e94c35ULL, 0x9b1d3f5e7a806c42ULL};

// A method of the class that refuses other receivers: Node-API would unwrap any wrapped object.
template <Napi::Value (Client::*method)(const Napi::CallbackInfo&)>
napi_value Method(napi_env env, napi_callback_info raw) {
  const Napi::CallbackInfo info(env, raw);
  const napi_value receiver = info.This();
  bool ours = false;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, receiver, &type);
  if (type == napi_object) napi_check_object_type_tag(env, receiver, &kClientTag, &ours);
  void* client = nullptr;
  if (!ours || napi_unwrap(env, receiver, &client) != napi_ok) {
    Napi::TypeError::New(env, "Illegal invocation: the receiver is not an ipvs client")
        .ThrowAsJavaScriptException();
    return nullptr;
  }
  return (static_cast<Client*>(client)->*method)(info);
}

template <Napi::Value (Client::*method)(const Napi::CallbackInfo&)>
napi_property_descriptor Describe(const char* name) {
  napi_property_descriptor descriptor = {};
  descriptor.utf8name = name;
  descriptor.method = Method<method>;
  descriptor.attributes = napi_default_method;
  return descriptor;
}

Napi::Value Refuse(Napi::Env env, const char* what) {
  Napi::TypeError::New(env, what).ThrowAsJavaScriptException();
  return env.Undefined();
}

// Throws an Error with an errno as Node.js' own have it: negative.
void ThrowErrno(Napi::Env env, int error, const char* what) {
  const Napi::Error thrown = Napi::Error::New(env, what);
  thrown.Value().Set("errno", Napi::Number::New(env, -error));
  thrown.ThrowAsJavaScriptException();
}

napi_value PayloadToJs(JsValues* js, const Reply& reply) {
  if (reply.columns) return js->Table(*reply.columns);
  if (reply.sample) return js->Sample(*reply.sample);
  if (reply.descriptor) {
    // The descriptor is closed with the reply; before deliver() returns JavaScript opens the file anew by
    // /proc/self/fd. Node.js closes a terminated worker_thread's own descriptors, but not those it was given.
    return js->Number(reply.descriptor.get());
  }
  return js->Buffer(reply.bytes.data(), reply.bytes.size());
}

bool HasPayload(const Reply& reply) {
  return reply.columns || reply.sample || reply.descriptor || !reply.bytes.empty();
}

}  // namespace

Napi::Function Client::Define(Napi::Env env) {
  return DefineClass(env, "Client",
                     {Describe<&Client::Submit>("submit"), Describe<&Client::SampleInto>("sample"),
                      Describe<&Client::File>("file"), Describe<&Client::Cancel>("cancel"),
                      Describe<&Client::Stop>("stop")});
}

Client::Client(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Client>(info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[1].IsFunction() ||
      !(info[0].IsUndefined() || info[0].IsString() || info[0].IsNumber())) {
    Refuse(env, "Client(namespace, deliver)");
    return;
  }
  NetworkNamespace network;
  if (info[0].IsString()) network = NetworkNamespace(info[0].As<Napi::String>().Utf8Value());
  if (info[0].IsNumber()) {
    Descriptor copy(fcntl(info[0].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0));
    if (!copy && errno == EBADF) {
      Refuse(env, "namespace is not an open descriptor");
      return;
    }
    if (!copy) {
      ThrowErrno(env, errno, "the namespace's descriptor could not be copied");
      return;
    }
    network = NetworkNamespace(std::move(copy));
  }
  napi_type_tag_object(env, info.This(), &kClientTag);
  // `deliver` is a property of the object, not a persistent reference: the function usually reaches this
  // object, and both must be collectable together.
  info.This().As<Napi::Object>().DefineProperty(
      Napi::PropertyDescriptor::Value("deliver", info[1], napi_default));
  DefineInline(env, info.This().As<Napi::Object>());

  if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "ipvs"), 0, 1, nullptr,
                                      nullptr, this, CallDeliver, &wake_) != napi_ok) {
    wake_ = nullptr;
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return;
  }
  napi_unref_threadsafe_function(env, wake_);
  worker_ = std::make_unique<Worker>(std::move(network), [wake = wake_] {
    napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
  });
  // StopAtExit() runs before the environment (a worker_thread's or the process's) tears down the function
  // that the client's thread calls.
  napi_add_env_cleanup_hook(env, StopAtExit, this);
  Weigh(env, kClientWeight);
}

Client::~Client() {
  if (owner_ != nullptr) owner_->client = nullptr;
  if (wake_ == nullptr) return;
  napi_remove_env_cleanup_hook(Env(), StopAtExit, this);
  Shut(Env());
}

void Client::Weigh(Napi::Env env, int64_t bytes) {
  if (bytes == weight_) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - std::exchange(weight_, bytes));
}

void Client::StopAtExit(void* client) {
  auto* self = static_cast<Client*>(client);
  self->worker_->Stop();
  self->worker_.reset();
  self->wake_ = nullptr;  // Node releases it itself
}

void Client::Shut(Napi::Env env) {
  if (wake_ == nullptr) return;
  Weigh(env, 0);
  worker_->Stop();
  worker_.reset();  // the thread, when it ends, lets go of the sockets
  napi_release_threadsafe_function(std::exchange(wake_, nullptr), napi_tsfn_abort);
}

Napi::Value Client::Queue(Napi::Env env, std::vector<Call> calls) {
  if (wake_ == nullptr) return Refuse(env, "the client is stopped");
  const size_t count = calls.size();
  return Queued(env, worker_->Submit(std::move(calls)), count);
}

Napi::Value Client::Queued(Napi::Env env, int error, size_t count) {
  if (error == 0 && count > 0) {
    if (pending_ == 0) {
      Ref();
      napi_ref_threadsafe_function(env, wake_);
    }
    pending_ += count;
  }
  return Napi::Number::New(env, error);
}

Napi::Value Client::Submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsTypedArray() || !info[1].IsNumber())
    return Refuse(env, "submit(records, count)");
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const uint32_t count = info[1].As<Napi::Number>().Uint32Value();
  if (bytes.ByteLength() / sizeof(CallRecord) < count) return Refuse(env, "records is shorter than count");
  if (wake_ == nullptr) return Refuse(env, "the client is stopped");
  return Queued(env, worker_->Submit(bytes.Data(), count), count);
}

void Client::DefineInline(Napi::Env env, Napi::Object self) {
  using Held = std::shared_ptr<Owner>;
  owner_ = std::make_shared<Owner>(Owner{this});
  auto* held = new Held(owner_);
  napi_value function = nullptr;
  if (napi_create_function(env, "inline", NAPI_AUTO_LENGTH, Inline, held, &function) != napi_ok) {
    delete held;
    return;
  }
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Held*>(data); };
  if (napi_add_finalizer(env, function, held, release, nullptr, nullptr) != napi_ok) {
    delete held;
    return;
  }
  self.DefineProperty(
      Napi::PropertyDescriptor::Value("inline", Napi::Value(env, function), napi_default_method));
}

// By Node-API itself: in a run of awaited writes this is what is called most, and node-addon-api looks at
// everything twice.
napi_value Client::Inline(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value record = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &record, nullptr, &data);
  void* bytes = nullptr;
  size_t length = 0;
  bool is_memory = false;
  napi_is_arraybuffer(env, record, &is_memory);
  if (is_memory) napi_get_arraybuffer_info(env, record, &bytes, &length);
  if (length < sizeof(CallRecord)) return Refuse(env, "inline(record)");
  CallRecord call;
  std::memcpy(&call, bytes, sizeof call);
  Client* const client = (*static_cast<std::shared_ptr<Owner>*>(data))->client;
  int status = kOk;
  napi_value result = nullptr;
  if (client == nullptr || client->wake_ == nullptr || !client->worker_->TryInline(call, &status)) {
    napi_get_undefined(env, &result);
  } else {
    napi_create_int32(env, status, &result);
  }
  return result;
}

Napi::Value Client::SampleInto(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto held = [&](size_t i) { return info[i].IsUndefined() || info[i].IsArrayBuffer(); };
  if (info.Length() != 3 || !info[0].IsTypedArray() || !held(1) || !held(2)) {
    return Refuse(env, "sample(record, services, destinations)");
  }
  const auto bytes = info[0].As<Napi::Uint8Array>();
  std::vector<Call> calls(1);
  if (bytes.ByteLength() < sizeof(CallRecord)) return Refuse(env, "record is too short");
  std::memcpy(&calls[0].record, bytes.Data(), sizeof(CallRecord));
  if (calls[0].record.operation != kSample) return Refuse(env, "record is no sample");
  const auto memory = [&](size_t i) -> const void* {
    return info[i].IsUndefined() ? nullptr : info[i].As<Napi::ArrayBuffer>().Data();
  };
  calls[0].held = {memory(1), memory(2)};
  return Queue(env, std::move(calls));
}

Napi::Value Client::File(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[0].IsNumber() || !info[1].IsString() || !info[2].IsString()) {
    return Refuse(env, "file(operation, path, content)");
  }
  std::vector<Call> calls(1);
  calls[0].record.operation = info[0].As<Napi::Number>().Uint32Value();
  calls[0].file = std::make_unique<FileWork>();
  calls[0].file->path = info[1].As<Napi::String>().Utf8Value();
  calls[0].file->content = info[2].As<Napi::String>().Utf8Value();
  return Queue(env, std::move(calls));
}

Napi::Value Client::Cancel(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsNumber()) return Refuse(info.Env(), "cancel(number)");
  if (wake_ == nullptr) return Napi::Boolean::New(info.Env(), false);
  const auto number = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  return Napi::Boolean::New(info.Env(), worker_->Cancel(number));
}

Napi::Value Client::Stop(const Napi::CallbackInfo& info) {
  if (wake_ == nullptr) return info.Env().Undefined();
  napi_remove_env_cleanup_hook(info.Env(), StopAtExit, this);
  Shut(info.Env());
  if (pending_ > 0) {
    pending_ = 0;
    Unref();
  }
  return info.Env().Undefined();
}

void Client::CallDeliver(napi_env env, napi_value /*function*/, void* context, void* /*data*/) {
  if (env == nullptr) return;  // the environment is going away
  static_cast<Client*>(context)->Deliver(env);
}

void Client::Deliver(Napi::Env env) {
  if (wake_ == nullptr) return;
  const Napi::HandleScope scope(env);
  const std::vector<Reply> replies = worker_->TakeReplies();
  if (replies.empty()) return;
  JsValues js(env);
  std::vector<int32_t> statuses;
  size_t ended = 0;
  napi_value payloads = nullptr;
  for (size_t i = 0; i < replies.size(); ++i) {
    const Reply& reply = replies[i];
    statuses.push_back(reply.status);
    if (reply.samplers_bytes) Weigh(env, kClientWeight + static_cast<int64_t>(*reply.samplers_bytes));
    if (reply.status != kPart) ++ended;
    if (!HasPayload(reply)) continue;
    if (payloads == nullptr) payloads = js.Array(replies.size());
    js.Set(payloads, i, PayloadToJs(&js, reply));
  }
  napi_value self = Value();
  pending_ -= ended;
  if (pending_ == 0) {
    Unref();
    napi_unref_threadsafe_function(env, wake_);
  }
  js.CallMethod(self, "deliver", {js.Int32Array(statuses), payloads == nullptr ? js.Undefined() : payloads});
}

}  // namespace ipvs
