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
    kernel_->sent.push_back({number_, RequestsIn(static_cast<const uint8_t*>(data), length)});
    Turn turn = kernel_->otherwise_;
    if (!kernel_->turns_.empty()) {
      turn = std::move(kernel_->turns_.front());
      kernel_->turns_.pop_front();
    }
    if (!turn) {
      FAIL_CHECK("a send that the script has no turn for");
      return -EIO;
    }
    Answer answer = turn(kernel_->sent.back());
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
    std::memcpy(buffer, item.datagram.data(), std::min(size, item.datagram.size()));
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

ipvs::Link ScriptedKernel::link() {
  ipvs::Link link;
  link.open_socket = [this](int* error) -> std::unique_ptr<ipvs::KernelSocket> {
    *error = open_error;
    if (open_error != 0) return nullptr;
    return std::make_unique<ScriptedSocket>(this);
  };
  link.resolve_family = [this](uint16_t* id) {
    ++families_asked;
    if (family_status == ipvs::kOk) *id = family;
    return family_status;
  };
  return link;
}
