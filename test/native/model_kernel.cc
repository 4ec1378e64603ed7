#include "test/native/model_kernel.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "native/codec/record.h"
#include "test/native/test.h"

namespace {

constexpr uint16_t kFamily = 30;
constexpr size_t kPage = 3776;
constexpr size_t kLongestChunk = 32448;

// The value of an attribute in a stream of them.
std::optional<Bytes> Find(const Bytes& attributes, int type) {
  for (size_t at = 0; at + NLA_HDRLEN <= attributes.size();) {
    nlattr header;
    std::memcpy(&header, attributes.data() + at, sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > attributes.size() - at) break;
    const auto start = attributes.begin() + static_cast<ptrdiff_t>(at);
    if ((header.nla_type & NLA_TYPE_MASK) == type) return Bytes(start + NLA_HDRLEN, start + header.nla_len);
    at += NLA_ALIGN(header.nla_len);
  }
  return std::nullopt;
}

// The offset of the first attribute of a row's nest in its message.
constexpr size_t kRowStart = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN;

uint32_t MarkIn(const Bytes& attributes) {
  const std::optional<Bytes> service = Find(attributes, IPVS_CMD_ATTR_SERVICE);
  const std::optional<Bytes> mark = service ? Find(*service, IPVS_SVC_ATTR_FWMARK) : std::nullopt;
  uint32_t number = 0;
  if (mark && mark->size() == sizeof number) std::memcpy(&number, mark->data(), sizeof number);
  return number;
}

// A row of the kernel's own length with headers: 292 bytes of a service, 356 of a destination.
Attributes Filled(Attributes row, size_t length) {
  const Bytes rest(length - kRowStart - NLA_HDRLEN - row.bytes().size());
  return row.Put(200, rest.data(), rest.size());
}

Attributes ServiceRow(uint32_t mark) {
  const uint32_t flags[] = {0, ~0U};
  const Attributes row = Attributes()
                             .U32(IPVS_SVC_ATTR_FWMARK, mark)
                             .U16(IPVS_SVC_ATTR_AF, 2)
                             .Text(IPVS_SVC_ATTR_SCHED_NAME, "rr")
                             .Put(IPVS_SVC_ATTR_FLAGS, flags, sizeof flags)
                             .U32(IPVS_SVC_ATTR_TIMEOUT, 0)
                             .U32(IPVS_SVC_ATTR_NETMASK, ~0U);
  return Attributes().Nest(IPVS_CMD_ATTR_SERVICE, Filled(row, 292));
}

Attributes DestinationRow(uint16_t port) {
  const uint8_t address[16] = {10, 0, 0, 1};
  const Attributes row = Attributes()
                             .U16(IPVS_DEST_ATTR_PORT, htons(port))
                             .Put(IPVS_DEST_ATTR_ADDR, address, sizeof address)
                             .U16(IPVS_DEST_ATTR_ADDR_FAMILY, 2)
                             .U32(IPVS_DEST_ATTR_WEIGHT, 1);
  return Attributes().Nest(IPVS_CMD_ATTR_DEST, Filled(row, 356));
}

// Many rows: one of each kind is put together, and others differ from it only in their first attribute.
class RowMaker {
 public:
  explicit RowMaker(const Attributes& row) : bytes_(Datagram().Row(0, row).bytes()) {}

  size_t length() const { return bytes_.size(); }
  template <typename Number>
  void Append(Bytes* datagram, uint32_t sequence, Number number) const {
    const size_t start = datagram->size();
    datagram->insert(datagram->end(), bytes_.begin(), bytes_.end());
    uint8_t* const message = datagram->data() + start;
    std::memcpy(message + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    std::memcpy(message + kRowStart + NLA_HDRLEN, &number, sizeof number);
  }

 private:
  Bytes bytes_;
};

}  // namespace

class ModelKernel::ModelSocket final : public ipvs::KernelSocket {
 public:
  explicit ModelSocket(ModelKernel* kernel) : kernel_(kernel) {}

  ptrdiff_t Send(const void* data, size_t length) override {
    nlmsghdr header;
    genlmsghdr generic;
    REQUIRE(length >= NLMSG_HDRLEN + GENL_HDRLEN);
    std::memcpy(&header, data, sizeof header);
    std::memcpy(&generic, static_cast<const uint8_t*>(data) + NLMSG_HDRLEN, sizeof generic);
    const auto* const start = static_cast<const uint8_t*>(data) + NLMSG_HDRLEN + GENL_HDRLEN;
    const Bytes attributes(start, static_cast<const uint8_t*>(data) + header.nlmsg_len);
    if (header.nlmsg_type == GENL_ID_CTRL) {
      queue_.push_back(
          Datagram()
              .Row(header.nlmsg_seq, Attributes().U16(CTRL_ATTR_FAMILY_ID, kFamily), GENL_ID_CTRL)
              .bytes());
    } else if ((header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
      REQUIRE_MESSAGE(!dumping_, "EBUSY: a dump is unfinished on this socket");
      dumping_ = true;
      sequence_ = header.nlmsg_seq;
      destinations_ = generic.cmd == ipvs::kGetDest;
      mark_ = MarkIn(attributes);
      listed_ = 0;
      ++kernel_->dumps;
      Continue();
    } else {
      Answer(header.nlmsg_seq, MarkIn(attributes));
    }
    return static_cast<ptrdiff_t>(length);
  }

  ptrdiff_t Receive(void* buffer, size_t size) override {
    if (queue_.empty()) return -EAGAIN;
    const Bytes datagram = std::move(queue_.front());
    queue_.pop_front();
    std::memcpy(buffer, datagram.data(), std::min(size, datagram.size()));
    longest_receive_ = std::max(longest_receive_, std::min(size, kLongestChunk));
    if (dumping_) Continue();
    return static_cast<ptrdiff_t>(datagram.size());
  }

  int Wait(int /*timeout_ms*/) override { return queue_.empty() ? 0 : 1; }
  uint32_t port() const override { return 1; }

 private:
  void Answer(uint32_t sequence, uint32_t mark) {
    kernel_->others();
    ++kernel_->questions;
    const auto found = kernel_->services_.find(mark);
    const bool there = found != kernel_->services_.end() && !found->second.foreign;
    queue_.push_back(
        (there ? Datagram().Row(sequence, ServiceRow(mark)) : Datagram().Ack(sequence, ESRCH)).bytes());
  }

  // netlink_dump()
  void Continue() {
    kernel_->others();
    const size_t room = kernel_->rules_.pages_only ? kPage : std::max(kPage, longest_receive_);
    Bytes chunk = kernel_->Chunk(sequence_, destinations_, mark_, room, &listed_);
    if (!chunk.empty()) {
      ++kernel_->chunks;
    } else {
      chunk = Datagram().Done(sequence_).bytes();
      dumping_ = false;
    }
    queue_.push_back(std::move(chunk));
  }

  ModelKernel* kernel_;
  std::deque<Bytes> queue_;
  size_t longest_receive_ = 0;
  bool dumping_ = false;
  uint32_t sequence_ = 0;
  bool destinations_ = false;
  uint32_t mark_ = 0;
  size_t listed_ = 0;  // cb->args[0]
};

ipvs::Link ModelKernel::link() {
  ipvs::Link link;
  link.open_socket = [this](int* error) -> std::unique_ptr<ipvs::KernelSocket> {
    *error = 0;
    return std::make_unique<ModelSocket>(this);
  };
  return link;
}

// A hash that shows nothing of how marks, or keys, follow each other (splitmix64's finalizer).
size_t ModelKernel::BucketOf(uint32_t mark) const {
  uint64_t hash = key_ + mark * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<size_t>((hash ^ (hash >> 31)) % rules_.buckets);
}

// hlist_add_head_rcu() and its kin.
void ModelKernel::Link(uint32_t mark) {
  const size_t bucket = BucketOf(mark);
  const auto place = std::lower_bound(order_.begin(), order_.end(), bucket,
                                      [](const Linked& row, size_t other) { return row.bucket < other; });
  order_.insert(place, {bucket, mark, services_.at(mark).foreign});
}

void ModelKernel::Add(uint32_t mark, bool foreign) {
  if (Has(mark) || (foreign && !rules_.one_table)) return;
  ++now_;
  services_[mark].foreign = foreign;
  Link(mark);
  if (!foreign) lives_[mark].since = now_;
}

void ModelKernel::Remove(uint32_t mark) {
  const auto service = services_.find(mark);
  if (service == services_.end()) return;
  ++now_;
  for (const uint32_t port : service->second.ports) destination_lives_[mark][port] = {0, now_};
  if (!service->second.foreign) lives_[mark] = {0, now_};
  services_.erase(service);
  order_.erase(
      std::find_if(order_.begin(), order_.end(), [&](const Linked& row) { return row.mark == mark; }));
}

void ModelKernel::Resize() {
  if (!rules_.random_order) return;
  key_ = uint64_t{random_()} << 32 | random_();
  std::shuffle(order_.begin(), order_.end(), random_);
  for (Linked& row : order_) row.bucket = BucketOf(row.mark);
  std::stable_sort(order_.begin(), order_.end(),
                   [](const Linked& a, const Linked& b) { return a.bucket < b.bucket; });
}

void ModelKernel::AddDestination(uint32_t mark, uint32_t port) {
  const auto service = services_.find(mark);
  if (service == services_.end()) return;
  std::vector<uint32_t>& ports = service->second.ports;
  if (std::find(ports.begin(), ports.end(), port) != ports.end()) return;
  ports.insert(ports.begin(), port);
  destination_lives_[mark][port].since = ++now_;
}

void ModelKernel::RemoveDestination(uint32_t mark, uint32_t port) {
  const auto service = services_.find(mark);
  if (service == services_.end()) return;
  std::vector<uint32_t>& ports = service->second.ports;
  const auto place = std::find(ports.begin(), ports.end(), port);
  if (place == ports.end()) return;
  ports.erase(place);
  destination_lives_[mark][port] = {0, ++now_};
}

// ip_vs_genl_dump_services() and _dests(). A walk that finds fewer rows than were listed sets the count to
// the number that it found.
Bytes ModelKernel::Chunk(uint32_t sequence, bool destinations, uint32_t mark, size_t room, size_t* listed) {
  static const RowMaker service_rows(ServiceRow(0));
  static const RowMaker destination_rows(DestinationRow(0));
  Bytes chunk;
  size_t index = *listed;
  if (destinations) {
    const auto service = services_.find(mark);
    if (service == services_.end()) return chunk;
    const std::vector<uint32_t>& ports = service->second.ports;
    for (; index < ports.size() && chunk.size() + destination_rows.length() <= room; ++index) {
      destination_rows.Append(&chunk, sequence, htons(static_cast<uint16_t>(ports[index])));
    }
    *listed = std::min(index, ports.size());
  } else {
    for (; index < order_.size(); ++index) {
      if (order_[index].foreign) continue;
      if (chunk.size() + service_rows.length() > room) break;
      service_rows.Append(&chunk, sequence, order_[index].mark);
    }
    *listed = std::min(index, order_.size());
  }
  return chunk;
}
