// The addon's one class: a client's queue as JavaScript sees it (typed in lib/addon/native.ts). Unpacks
// arguments and delivers replies.
#pragma once

#include <memory>
#include <vector>

#include "native/calls/worker.h"
#include "native/node/napi_setup.h"

namespace ipvs {

// Lives on the JavaScript thread. While calls are pending it holds a reference to itself and to the event
// loop; otherwise an open client keeps neither the process nor itself alive, and one that is collected takes
// its thread with it.
class Client : public Napi::ObjectWrap<Client> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new Client(namespace, deliver): namespace is undefined, a path, or a descriptor that the client
  // duplicates. deliver(statuses, payloads) is called with the replies, in the order of the calls;
  // parts of a reply (kPart) come before it.
  explicit Client(const Napi::CallbackInfo& info);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  // submit(records, count): queues copies of count records. Returns 0, or LocalFailure() where no thread can
  // be started or memory lacks; then nothing is queued.
  Napi::Value Submit(const Napi::CallbackInfo& info);
  // sample(record, services, destinations): queues a kSample record, with the ArrayBuffers of an earlier
  // sample that may be written over.
  Napi::Value SampleInto(const Napi::CallbackInfo& info);
  // file(operation, path, content): queues a call on a file of the client's network namespace; returns what
  // submit() does.
  Napi::Value File(const Napi::CallbackInfo& info);
  // cancel(number): takes the call out of the queue. Returns true unless the call was begun already.
  Napi::Value Cancel(const Napi::CallbackInfo& info);
  // stop(): drops the queue and ends the thread after its present call. Nothing is delivered any more.
  Napi::Value Stop(const Napi::CallbackInfo& info);

 private:
  static void StopAtExit(void* client);
  static void CallDeliver(napi_env env, napi_value function, void* context, void* data);

  // Which client a function is for; null when the client is gone and its function is not.
  struct Owner {
    Client* client;
  };

  // The function inline(record), of the client's own: executes the record, an ArrayBuffer, at once, on this
  // thread, if that is quick. Returns its status, or undefined: it was not executed, submit it. A method of
  // the class would have to make sure of its receiver first, which takes as long as half of all the rest.
  void DefineInline(Napi::Env env, Napi::Object self);
  static napi_value Inline(napi_env env, napi_callback_info info);

  Napi::Value Queue(Napi::Env env, std::vector<Call> calls);
  // Answers that `count` calls were queued, or the error for which they were not.
  Napi::Value Queued(Napi::Env env, int error, size_t count);
  void Deliver(Napi::Env env);
  void Shut(Napi::Env env);
  // Tells V8 how much memory hangs on this object besides its own.
  void Weigh(Napi::Env env, int64_t bytes);

  std::unique_ptr<Worker> worker_;
  std::shared_ptr<Owner> owner_;
  napi_threadsafe_function wake_ = nullptr;
  size_t pending_ = 0;
  int64_t weight_ = 0;  // what V8 was told
};

}  // namespace ipvs
