#include "native/netlink/modules.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "native/os/descriptor.h"

namespace ipvs {

// dev_load() (net/core/dev_ioctl.c): asked about a device that is not there, the kernel loads a module of
// that name for callers with CAP_SYS_MODULE. Its comment calls this deprecated, but it stands in 5.10 to 7.x,
// and runs no program of ours.
void LoadModuleAsDevice(const char* module) {
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  ifreq request = {};
  std::strncpy(request.ifr_name, module, IFNAMSIZ - 1);
  ioctl(fd.get(), SIOCGIFFLAGS, &request);
}

bool IsModuleLoaded(const char* module) {
  return access((std::string("/sys/module/") + module).c_str(), F_OK) == 0;
}

const char* ModuleBefore(const CallRecord& call) {
  if (call.operation != kNewService && call.operation != kSetService) return nullptr;
  const char* const scheduler = call.service.scheduler;
  if (std::strncmp(scheduler, "lblc", kNameBytes) == 0) return "ip_vs_lblc";
  if (std::strncmp(scheduler, "lblcr", kNameBytes) == 0) return "ip_vs_lblcr";
  return nullptr;
}

}  // namespace ipvs
