#include "native/netlink/family.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "native/codec/record.h"
#include "native/netlink/messages.h"

namespace ipvs {

namespace {

// CTRL_CMD_GETFAMILY with the family's name.
struct Question {
  nlmsghdr header;
  genlmsghdr generic;
  nlattr attribute;
  char name[NLMSG_ALIGN(sizeof IPVS_GENL_NAME)];
};
static_assert(sizeof(Question) == NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + sizeof(Question::name));

Question FamilyQuestion(uint32_t port, uint32_t sequence) {
  Question question = {};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = GENL_ID_CTRL;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.header.nlmsg_seq = sequence;
  question.header.nlmsg_pid = port;
  question.generic.cmd = CTRL_CMD_GETFAMILY;
  question.generic.version = 1;
  question.attribute.nla_len = NLA_HDRLEN + sizeof IPVS_GENL_NAME;
  question.attribute.nla_type = CTRL_ATTR_FAMILY_NAME;
  std::memcpy(question.name, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  return question;
}

// The id in the kernel's answer; 0 where there is none.
uint16_t FamilyIn(const nlmsghdr* message) {
  const int length = static_cast<int>(message->nlmsg_len) - int{NLMSG_HDRLEN + GENL_HDRLEN};
  const auto* const attributes =
      reinterpret_cast<const nlattr*>(reinterpret_cast<const uint8_t*>(message) + NLMSG_HDRLEN + GENL_HDRLEN);
  const nlattr* const id = length > 0 ? nla_find(attributes, length, CTRL_ATTR_FAMILY_ID) : nullptr;
  return id != nullptr && nla_len(id) >= static_cast<int>(sizeof(uint16_t)) ? nla_get_u16(id) : 0;
}

}  // namespace

int AskForFamily(Socket* socket, uint16_t* id) {
  const Question question = FamilyQuestion(socket->port(), socket->NextSequence());
  if (const int error = socket->Send(&question, sizeof question); error != 0) return LocalFailure(error);
  int status = kOk;
  bool done = false;
  while (!done) {
    const ptrdiff_t length = socket->Receive();
    if (length < 0) return LocalFailure(static_cast<int>(-length));
    ForEachMessage(socket->buffer(), length, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != question.header.nlmsg_seq) return true;
      done = true;
      if (message->nlmsg_type != NLMSG_ERROR) {
        *id = FamilyIn(message);
        status = *id != 0 ? kOk : LocalFailure(EBADMSG);
      } else {
        const int error = RefusalIn(message);
        status = error == ENOENT ? kNoFamily : LocalFailure(error);
      }
      return false;
    });
  }
  return status;
}

bool KernelDumpsSideBySide() {
  return access("/proc/sys/net/ipv4/vs/svc_lfactor", F_OK) == 0;
}

}  // namespace ipvs
