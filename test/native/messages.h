// Netlink messages put together byte by byte, independently of the codec that is tested with them.
#pragma once

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

using Bytes = std::vector<uint8_t>;

inline void Append(Bytes* bytes, const void* data, size_t length) {
  const auto* const start = static_cast<const uint8_t*>(data);
  bytes->insert(bytes->end(), start, start + length);
}

// A stream of attributes. Numbers are written as they are: network order is the test's business.
class Attributes {
 public:
  Attributes& Put(int type, const void* value, size_t length) {
    const nlattr header = {static_cast<uint16_t>(NLA_HDRLEN + length), static_cast<uint16_t>(type)};
    Append(&bytes_, &header, sizeof header);
    Append(&bytes_, value, length);
    bytes_.resize(NLA_ALIGN(bytes_.size()));
    return *this;
  }
  Attributes& U8(int type, uint8_t value) { return Put(type, &value, sizeof value); }
  Attributes& U16(int type, uint16_t value) { return Put(type, &value, sizeof value); }
  Attributes& U32(int type, uint32_t value) { return Put(type, &value, sizeof value); }
  Attributes& U64(int type, uint64_t value) { return Put(type, &value, sizeof value); }
  Attributes& Text(int type, const std::string& text) { return Put(type, text.c_str(), text.size() + 1); }
  Attributes& Nest(int type, const Attributes& inner) {
    return Put(type, inner.bytes_.data(), inner.bytes_.size());
  }

  // Appends all of another stream.
  Attributes& Join(const Attributes& more) {
    Append(&bytes_, more.bytes_.data(), more.bytes_.size());
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// A datagram: one message after another.
class Datagram {
 public:
  // A generic-netlink message, as IPVS reports a row.
  Datagram& Row(uint32_t sequence, const Attributes& attributes, uint16_t type = 30) {
    genlmsghdr generic = {};
    generic.version = IPVS_GENL_VERSION;
    Bytes payload;
    Append(&payload, &generic, sizeof generic);
    Append(&payload, attributes.bytes().data(), attributes.bytes().size());
    return Put(sequence, type, payload);
  }
  // NLMSG_ERROR: an ack with 0, a refusal with an errno.
  Datagram& Ack(uint32_t sequence, int error) {
    nlmsgerr ack = {};
    ack.error = -error;
    ack.msg.nlmsg_seq = sequence;
    Bytes payload;
    Append(&payload, &ack, sizeof ack);
    return Put(sequence, NLMSG_ERROR, payload);
  }
  // NLMSG_DONE: the end of a dump, with the errno that ended it.
  Datagram& Done(uint32_t sequence, int error = 0) {
    const int32_t status = -error;
    Bytes payload;
    Append(&payload, &status, sizeof status);
    return Put(sequence, NLMSG_DONE, payload);
  }
  Datagram& Put(uint32_t sequence, uint16_t type, const Bytes& payload) {
    nlmsghdr header = {};
    header.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + payload.size());
    header.nlmsg_type = type;
    header.nlmsg_seq = sequence;
    Append(&bytes_, &header, sizeof header);
    Append(&bytes_, payload.data(), payload.size());
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    return *this;
  }

  // Bytes as they are, whatever they mean.
  Datagram& Raw(const Bytes& bytes) {
    Append(&bytes_, bytes.data(), bytes.size());
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};
