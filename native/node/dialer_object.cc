#include "native/node/dialer_object.h"

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/os/dialer.h"

namespace ipvs {

namespace {

// Lives as long as the function by which the dialer's thread wakes this one: until the environment ends. On
// the JavaScript thread alone.
struct Owner {
  std::unique_ptr<Dialer> dialer;
  napi_threadsafe_function wake = nullptr;
  napi_ref deliver = nullptr;
  size_t pending = 0;
  Dialled* delivered = nullptr;  // what is being delivered at this moment
};

Napi::Value Refuse(Napi::Env env, const char* what) {
  Napi::TypeError::New(env, what).ThrowAsJavaScriptException();
  return env.Undefined();
}

void Settle(napi_env env, Owner* owner, size_t count) {
  owner->pending -= count;
  if (owner->pending == 0) napi_unref_threadsafe_function(env, owner->wake);
}

// By Node-API itself: where JavaScript may not run any more, as in a worker_thread that is being terminated,
// node-addon-api would end the process. A socket that JavaScript did not take is closed after this.
void CallDeliver(napi_env env, napi_value deliver, Owner* owner, Dialled* dialled) {
  const Napi::HandleScope scope(env);
  napi_value undefined = nullptr;
  napi_value arguments[3] = {};
  if (napi_get_undefined(env, &undefined) != napi_ok ||
      napi_create_double(env, static_cast<double>(dialled->number), &arguments[0]) != napi_ok ||
      napi_create_string_utf8(env, dialled->step, NAPI_AUTO_LENGTH, &arguments[1]) != napi_ok ||
      napi_create_int32(env, dialled->error, &arguments[2]) != napi_ok) {
    return;
  }
  owner->delivered = dialled;
  napi_call_function(env, undefined, deliver, 3, arguments, nullptr);
  owner->delivered = nullptr;
}

void Deliver(napi_env env, napi_value /*function*/, void* context, void* /*data*/) {
  if (env == nullptr) return;  // the environment is going away
  auto* const owner = static_cast<Owner*>(context);
  if (!owner->dialer) return;
  const Napi::HandleScope scope(env);
  std::vector<Dialled> outcomes = owner->dialer->Take();
  if (outcomes.empty()) return;
  Settle(env, owner, outcomes.size());
  napi_value deliver = nullptr;
  if (napi_get_reference_value(env, owner->deliver, &deliver) != napi_ok) return;
  for (Dialled& dialled : outcomes) CallDeliver(env, deliver, owner, &dialled);
}

// dial(number, address, port, stream, mark, device, source, namespace): begins. device and source may be
// empty; namespace is undefined, a path, or a descriptor that is duplicated. Returns 0, or the errno for
// which nothing was begun.
Napi::Value Dial(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto* const owner = static_cast<Owner*>(info.Data());
  const bool is_right = info.Length() == 8 && info[0].IsNumber() && info[1].IsString() &&
                        info[2].IsNumber() && info[3].IsBoolean() && info[4].IsNumber() &&
                        info[5].IsString() && info[6].IsString() &&
                        (info[7].IsUndefined() || info[7].IsString() || info[7].IsNumber());
  if (!is_right) return Refuse(env, "dial(number, address, port, stream, mark, device, source, namespace)");
  Way way;
  way.target = SocketAddress::Of(info[1].As<Napi::String>(),
                                 static_cast<uint16_t>(info[2].As<Napi::Number>().Uint32Value()));
  if (way.target.size == 0) return Refuse(env, "address is none");
  const std::string source = info[6].As<Napi::String>();
  if (!source.empty()) way.source = SocketAddress::Of(source, 0);
  way.stream = info[3].As<Napi::Boolean>();
  way.mark = info[4].As<Napi::Number>().Uint32Value();
  way.device = info[5].As<Napi::String>();
  if (info[7].IsString()) way.network = NetworkNamespace(info[7].As<Napi::String>().Utf8Value());
  if (info[7].IsNumber()) {
    Descriptor copy(fcntl(info[7].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return Napi::Number::New(env, errno);
    way.network = NetworkNamespace(std::move(copy));
  }
  if (!owner->dialer) return Napi::Number::New(env, ECANCELED);
  const auto number = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const int error = owner->dialer->Dial(number, std::move(way));
  if (error == 0 && owner->pending++ == 0) napi_ref_threadsafe_function(env, owner->wake);
  return Napi::Number::New(env, error);
}

// cancel(number): for one that was dialled and not delivered. It will not be, and its socket is closed.
Napi::Value Cancel(const Napi::CallbackInfo& info) {
  auto* const owner = static_cast<Owner*>(info.Data());
  if (info.Length() != 1 || !info[0].IsNumber()) return Refuse(info.Env(), "cancel(number)");
  if (!owner->dialer) return info.Env().Undefined();
  if (owner->dialer->Cancel(static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value()))) {
    Settle(info.Env(), owner, 1);
  }
  return info.Env().Undefined();
}

// take(): the descriptor of the socket that is being delivered, which is JavaScript's from then on; -1 when
// there is none. It is not an argument of deliver(): who is called and cannot run would not close it.
Napi::Value Take(const Napi::CallbackInfo& info) {
  auto* const owner = static_cast<Owner*>(info.Data());
  const int fd = owner->delivered == nullptr ? -1 : owner->delivered->socket.Release();
  return Napi::Number::New(info.Env(), fd);
}

// The thread is stopped before the environment tears down the function that it calls.
void StopAtExit(void* data) {
  static_cast<Owner*>(data)->dialer.reset();
}

}  // namespace

Napi::Value CreateDialer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsFunction()) return Refuse(env, "createDialer(deliver)");
  auto owner = std::make_unique<Owner>();
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Owner*>(data); };
  if (napi_create_reference(env, info[0], 1, &owner->deliver) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "ipvs-dial"), 0, 1,
                                      owner.get(), release, owner.get(), Deliver, &owner->wake) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Owner* const kept = owner.release();  // the function's, from now on
  napi_unref_threadsafe_function(env, kept->wake);
  kept->dialer = std::make_unique<Dialer>(
      [wake = kept->wake] { napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking); });
  napi_add_env_cleanup_hook(env, StopAtExit, kept);
  Napi::Object object = Napi::Object::New(env);
  object.Set("dial", Napi::Function::New(env, Dial, "dial", kept));
  object.Set("take", Napi::Function::New(env, Take, "take", kept));
  object.Set("cancel", Napi::Function::New(env, Cancel, "cancel", kept));
  return object;
}

}  // namespace ipvs
