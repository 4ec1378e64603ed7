#include "test/native/scripted_kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "test/native/test.h"

namespace {

std::vector<Request> RequestsIn(const uint8_t* data, size_t length) {
  std::vector<Request> requests;
  for (size_t at = 0; at + NLMSG_HDRLEN + GENL_HDRLEN <= length;) {
    Request request = {};
    std::memcpy(&request.header, data + at, sizeof request.header);
    CHECK(request.header.nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN);
    CHECK(request.header.nlmsg_len <= length - at);
    if (request.header.nlmsg_len > length - at) break;
    genlmsghdr generic = {};
    std::memcpy(&generic, data + at + NLMSG_HDRLEN, sizeof generic);
    request.command = generic.cmd;
    request.attributes.assign(data + at + NLMSG_HDRLEN + GENL_HDRLEN, data + at + request.header.nlmsg_len);
    requests.push_back(std::move(request));
    at += NLMSG_ALIGN(requests.back().header.nlmsg_len);
  }
  return requests;
}

}  // namespace

class ScriptedKernel::ScriptedSocket final : public ipvs::KernelSocket {
 public:
  explicit ScriptedSocket(ScriptedKernel* kernel)
      : kernel_(kernel), number_(static_cast<size_t>(kernel->sockets_opened++)) {}
  ~ScriptedSocket() override { ++kernel_->sockets_closed; }
  ScriptedSocket(const ScriptedSocket&) = delete;
  ScriptedSocket& operator=(const ScriptedSocket&) = delete;
  ScriptedSocket(ScriptedSocket&&) = delete;
  ScriptedSocket& operator=(ScriptedSocket&&) = delete;

  ptrdiff_t Send(const void* data, size_t length) override {
    const Answer answer = kernel_->AnswerTo({number_, RequestsIn(static_cast<const uint8_t*>(data), length)});
    if (answer.send_error_ != 0) return -answer.send_error_;
    queue_.insert(queue_.end(), answer.queue_.begin(), answer.queue_.end());
    return static_cast<ptrdiff_t>(length);
  }

  ptrdiff_t Receive(void* buffer, size_t size) override {
    kernel_->receive_sizes.push_back(size);
    if (queue_.empty() || queue_.front().wait) return -EAGAIN;
    const Answer::Item item = std::move(queue_.front());
    queue_.pop_front();
    if (item.error != 0) return -item.error;
    std::copy_n(item.datagram.begin(), std::min(size, item.datagram.size()), static_cast<uint8_t*>(buffer));
    return static_cast<ptrdiff_t>(item.datagram.size());
  }

  int Wait(int timeout_ms) override {
    kernel_->waits_ms.push_back(timeout_ms);
    if (queue_.empty()) return 0;
    if (!queue_.front().wait) return 1;
    const int error = queue_.front().error;
    queue_.pop_front();
    return error != 0 ? -error : static_cast<int>(!queue_.empty());
  }

  uint32_t port() const override { return 1000 + static_cast<uint32_t>(number_); }

 private:
  ScriptedKernel* kernel_;
  size_t number_;
  std::deque<Answer::Item> queue_;
};

Answer ScriptedKernel::AnswerTo(const Sent& message) {
  if (!message.requests.empty() && message.requests[0].header.nlmsg_type == GENL_ID_CTRL) {
    return AnswerToFamily(message);
  }
  sent.push_back(message);
  Turn turn = otherwise_;
  if (!turns_.empty()) {
    turn = std::move(turns_.front());
    turns_.pop_front();
  }
  if (turn) return turn(sent.back());
  FAIL_CHECK("a send that the script has no turn for");
  return Answer::Refuse(EIO);
}

Answer ScriptedKernel::AnswerToFamily(const Sent& message) {
  ++families_asked;
  if (!family_turns_.empty()) {
    const Turn turn = std::move(family_turns_.front());
    family_turns_.pop_front();
    return turn(message);
  }
  if (family_error != 0) return Answer().Then(Datagram().Ack(message.sequence(), family_error));
  return Answer().Then(
      Datagram().Row(message.sequence(), Attributes().U16(CTRL_ATTR_FAMILY_ID, family), GENL_ID_CTRL));
}

ipvs::Link ScriptedKernel::link() {
  ipvs::Link link;
  link.open_socket = [this](int* error) -> std::unique_ptr<ipvs::KernelSocket> {
    *error = open_error;
    if (open_error != 0) return nullptr;
    return std::make_unique<ScriptedSocket>(this);
  };
  link.load_module = [this](const char* module) {
    modules_asked_for.emplace_back(module);
    if (modules_load) modules.emplace(module);
  };
  link.has_module = [this](const char* module) { return modules.count(module) > 0; };
  link.pause = [this](int milliseconds) { pauses_ms.push_back(milliseconds); };
  return link;
}

ScriptedKernel::Turn Refusing(std::vector<int> statuses) {
  return [statuses = std::move(statuses)](const Sent& sent) {
    REQUIRE(sent.requests.size() == statuses.size());
    Answer answer;
    for (size_t i = 0; i < statuses.size(); ++i) {
      if (statuses[i] != 0 || i + 1 == statuses.size()) {
        answer.Then(Datagram().Ack(sent.sequence(i), statuses[i]));
      }
    }
    return answer;
  };
}
