import type { Fault } from './fault.ts';

const dialer: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'static_cast<void>(FindsMemory([&] { shared_->cancelled.push_back(number); }));',
    instead: 'shared_->cancelled.push_back(number);',
    harm: 'to give up a dial without memory ends the process',
  },
  {
    text: ' | SOCK_NONBLOCK | SOCK_CLOEXEC;',
    instead: ' | SOCK_NONBLOCK;',
    harm: 'programs that are started inherit the sockets of checks',
  },
  {
    text: 'way.stream ? SOCK_STREAM : SOCK_DGRAM',
    instead: 'SOCK_STREAM',
    harm: 'a UDP service is checked by TCP',
  },
  {
    text: '  if (!way.stream) return;\n',
    instead: '',
    harm: 'a UDP socket takes no answers but from the address that was dialled',
  },
  {
    text: 'if (way.stream) Set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);',
    instead: '',
    harm: 'all targets of a source address share 28,000 ports',
  },
  {
    text: '        epoll_ctl(shared->epoll.get(), EPOLL_CTL_DEL, found->second.get(), nullptr);\n',
    instead: '',
    harm: 'the thread spins as long as a socket that it gave out is open',
  },
  {
    text: '    for (const uint64_t number : cancelled) connecting.erase(number);\n',
    instead: '',
    harm: 'connections that were given up stay open',
  },
  {
    text: '        if (pending.count(dialled.number) == 0) return;\n',
    instead: '',
    harm: 'what was cancelled is heard of',
  },
  {
    text: 'if (shared_->pending.erase(number) == 0) return false;',
    instead: 'shared_->pending.erase(number);',
    harm: 'a connection that was taken counts as cancelled',
  },
];

const files: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'if (written >= 0) return EIO;',
    instead: 'if (written >= 0) return 0;',
    harm: 'half of a value passes for the value',
  },
  {
    text: '      WriteOnce(entries[k].file.get(), entries[k].before.data(), entries[k].before.size());\n',
    instead: '',
    harm: 'of settings that are refused some are set',
  },
  {
    text: '    if (at >= content.size()) return EINVAL;  // a name without a value\n',
    instead: '',
    harm: 'a name without a value is one with an empty value',
  },
  {
    text: 'if (const int error = ReadWholeFile(file, &entry.before); error != 0) return error;',
    instead: 'static_cast<void>(ReadWholeFile(file, &entry.before));',
    harm: 'settings are written that cannot be taken back',
  },
  {
    text: '    *failed = entries[i].name;\n',
    instead: '',
    harm: 'a refusal names the last setting, not the one that was refused',
  },
];

const others: readonly Fault[] = [
  {
    file: 'os/descriptor.h',
    text: 'if (fd >= 0 || errno != EINTR) return',
    instead: 'return',
    harm: 'a signal fails what opens a file',
  },
  {
    file: 'os/descriptor.h',
    text: 'flags | O_CLOEXEC',
    instead: 'flags',
    harm: 'programs that are started inherit files of ours, and keep namespaces alive',
  },
  {
    file: 'os/netns.cc',
    text: '  if (error == 0 && opened) fd_ = std::move(opened);\n',
    instead: '',
    harm: 'a client goes on in another namespace once its path names that',
  },
  {
    file: 'os/netns.cc',
    text: '  if (!found_memory) return LocalFailure(ENOMEM);\n',
    instead: '',
    harm: 'what found no memory in a namespace passes for done',
  },
  {
    file: 'os/thread.cc',
    text: '  sigfillset(&all);\n',
    instead: '  sigemptyset(&all);\n',
    harm: 'the program’s signal handlers run on threads of ours',
  },
];

export const os: readonly Fault[] = [
  ...dialer.map(fault => ({ file: 'os/dialer.cc', ...fault })),
  ...files.map(fault => ({ file: 'os/files.cc', ...fault })),
  ...others,
];
