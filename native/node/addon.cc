// What the addon exports; typed in lib/addon/native.ts.
#include "native/node/client.h"
#include "native/node/dialer_object.h"
#include "native/node/layout.h"
#include "native/node/napi_setup.h"
#include "native/node/text_functions.h"

namespace ipvs {

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Client", Client::Define(env));
  exports.Set("createDialer", Napi::Function::New<CreateDialer>(env, "createDialer"));
  DefineTextFunctions(env, exports);
  exports.Set("layout", Napi::Function::New<Layout>(env, "layout"));
  exports.Set("kernelConstants", Napi::Function::New<KernelConstants>(env, "kernelConstants"));
  return exports;
}

}  // namespace

NODE_API_MODULE(ipvs, Init)

}  // namespace ipvs
