#include "test/native/fuzz/script.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace {

constexpr int kErrnos = 133;  // EHWPOISON is the last one

// Makes sequence numbers that are small those of answers to what was sent.
void Sequence(Bytes* datagram, uint32_t first) {
  nlmsghdr header = {};
  for (size_t at = 0; at + sizeof header <= datagram->size();) {
    std::memcpy(&header, datagram->data() + at, sizeof header);
    if (header.nlmsg_seq < 256) header.nlmsg_seq += first;
    std::memcpy(datagram->data() + at, &header, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram->size() - at) return;
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
}

}  // namespace

class FuzzScript::ScriptSocket final : public ipvs::KernelSocket {
 public:
  explicit ScriptSocket(FuzzScript* script) : script_(script) {}

  ptrdiff_t Send(const void* data, size_t length) override {
    nlmsghdr header = {};
    std::memcpy(&header, data, std::min(length, sizeof header));
    script_->sequence_ = header.nlmsg_seq;
    if (header.nlmsg_type == GENL_ID_CTRL && script_->family_ == Family::kAnswered) {
      AnswerFamily(header.nlmsg_seq);
      return static_cast<ptrdiff_t>(length);
    }
    if (script_->Next() == Item::kRefusal) return -script_->TakeErrno();
    return static_cast<ptrdiff_t>(length);
  }

  ptrdiff_t Receive(void* buffer, size_t size) override {
    Bytes datagram = std::move(answer_);
    answer_.clear();
    if (datagram.empty()) {
      const Item next = script_->Next();
      if (next == Item::kFailure) return -script_->TakeErrno();
      if (next != Item::kDatagram) return -EAGAIN;
      datagram = script_->TakeDatagram();
    }
    std::copy_n(datagram.begin(), std::min(size, datagram.size()), static_cast<uint8_t*>(buffer));
    if (datagram.size() <= size) script_->delivered(datagram.data(), datagram.size());
    return static_cast<ptrdiff_t>(datagram.size());
  }

  int Wait(int) override {
    const Item next = script_->Next();
    if (next == Item::kSilence) script_->TakeByte();
    return next == Item::kDatagram || next == Item::kFailure ? 1 : 0;
  }

  uint32_t port() const override { return 1000; }

 private:
  void AnswerFamily(uint32_t sequence) {
    script_->Next();  // which notes another id
    const uint16_t id = script_->family_id_;
    Datagram answer;
    if (id == 0) answer.Ack(sequence, ENOENT);
    if (id != 0) answer.Row(sequence, Attributes().U16(CTRL_ATTR_FAMILY_ID, id), GENL_ID_CTRL);
    answer_ = answer.bytes();
  }

  FuzzScript* script_;
  Bytes answer_;  // to a question for the family
};

ipvs::Link FuzzScript::link() {
  ipvs::Link link;
  link.open_socket = [this](int*) { return std::make_unique<ScriptSocket>(this); };
  link.load_module = [](const char*) {};
  link.has_module = [](const char*) { return true; };
  link.pause = [](int) {};
  return link;
}

FuzzScript::Item FuzzScript::Next() {
  while (data_ < end_) {
    switch (*data_ % 8) {
      case 4:
        return Item::kFailure;
      case 5:
        return Item::kSilence;
      case 6:
        return Item::kRefusal;
      case 7:
        TakeByte();
        family_id_ = TakeShort();
        break;
      default:
        return Item::kDatagram;
    }
  }
  return Item::kEnd;
}

uint8_t FuzzScript::TakeByte() {
  return data_ < end_ ? *data_++ : 0;
}

uint16_t FuzzScript::TakeShort() {
  const unsigned low = TakeByte();
  return static_cast<uint16_t>(low | static_cast<unsigned>(TakeByte()) << 8);
}

int FuzzScript::TakeErrno() {
  TakeByte();
  return 1 + TakeByte() % kErrnos;
}

Bytes FuzzScript::TakeDatagram() {
  TakeByte();
  const size_t claimed = TakeShort();
  const size_t length = std::min(claimed, static_cast<size_t>(end_ - data_));
  Bytes datagram(data_, data_ + length);
  data_ += length;
  Sequence(&datagram, sequence_);
  return datagram;
}
