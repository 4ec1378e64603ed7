#include "native/netlink/family.h"

#include <linux/ip_vs.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "native/codec/record.h"

namespace ipvs {

namespace {

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};

int AskForFamily(uint16_t* id) {
  const std::unique_ptr<nl_sock, FreeSocket> socket(nl_socket_alloc());
  if (!socket) return ENOMEM;
  errno = 0;
  if (genl_connect(socket.get()) < 0) return errno != 0 ? errno : EPROTONOSUPPORT;
  const int found = genl_ctrl_resolve(socket.get(), IPVS_GENL_NAME);
  if (found == -NLE_OBJ_NOTFOUND) return kNoFamily;
  if (found == -NLE_PERM) return EPERM;
  if (found == -NLE_NOMEM) return ENOMEM;
  if (found < 0) return EIO;
  *id = static_cast<uint16_t>(found);
  return kOk;
}

// dev_load() (net/core/dev_ioctl.c): asked about a device that is not there, the kernel loads a module of
// that name for callers with CAP_SYS_MODULE. Its comment calls this deprecated, but it stands in 5.10 to 7.x,
// and runs no program of ours.
void LoadModuleAsDevice() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ifreq request = {};
  std::strncpy(request.ifr_name, "ip_vs", IFNAMSIZ - 1);
  ioctl(fd, SIOCGIFFLAGS, &request);
  close(fd);
}

}  // namespace

int ResolveFamily(uint16_t* id) {
  int status = AskForFamily(id);
  if (status == kNoFamily) {
    LoadModuleAsDevice();
    status = AskForFamily(id);
  }
  return status;
}

}  // namespace ipvs
