// Kernel modules: how the kernel is made to load one, and which must be there before a call that needs it.
//
// Up to 6.12 the kernel loads the module of a scheduler that it does not know while it holds IPVS' lock, and
// waits for modprobe (ip_vs_scheduler_get() under __ip_vs_mutex). The modules of lblc and lblcr keep
// something for each network namespace, so that their start waits for namespaces which are being removed
// (register_pernet_subsys(): pernet_ops_rwsem); and such a removal waits for IPVS' lock
// (ip_vs_service_nets_cleanup(), ip_vs_dst_event(), which holds rtnl too). So none of the three goes on, and
// with them every call to any IPVS and every change of a network device on the machine, until the caller is
// killed: a deadlock of the kernel's. Loaded before the call, with no lock held, the module only waits.
#pragma once

#include "native/codec/record.h"

namespace ipvs {

// Names a module to the kernel's own loader as if it were a network device. May wait for modprobe; tells
// nothing of what came of it.
void LoadModuleAsDevice(const char* module);

// Whether the kernel shows a module as loaded. False also where there is no /sys, and for what is built in.
bool IsModuleLoaded(const char* module);

// The module that has to be loaded before a call; nullptr where the kernel may load what it needs by itself.
const char* ModuleBefore(const CallRecord& call);

}  // namespace ipvs
