import type { Fault } from './fault.ts';

const connection: readonly Omit<Fault, 'file'>[] = [
  {
    text: '|| look >= kLooks) return status;',
    instead: '|| look == kLooks) return status;',
    harm: 'a read while the module is unloaded never ends, if an answer is lost at its last attempt',
  },
  {
    text: 'return used <= size && used + Connection::kLongestRow > size;',
    instead: 'return used == size;',
    harm: 'no chunk counts as full, and none as cut off',
  },
  {
    text: ' || status == LocalFailure(ETIMEDOUT);',
    instead: ';',
    harm: 'a lost answer fails a read that could be asked again',
  },
  {
    text: 'a.service.protocol == b.service.protocol && a.service.port == b.service.port &&',
    instead: 'a.service.protocol == b.service.protocol &&',
    harm: 'a write to another port of the address holds back one that is to be repeated',
  },
  {
    text: '    if (!overtaken) repeated.push_back(i);\n',
    instead: '    repeated.push_back(i);\n',
    harm: 'a repeated write undoes a later one',
  },
  {
    text: 'if (!follows && !pick(i)) continue;',
    instead: 'if (!pick(i)) continue;',
    harm: 'destinations of a service that was added at the second attempt are missing',
  },
  {
    text: '*changed = status == kOk && (gone || id != family_);',
    instead: '*changed = status == kOk && id != family_;',
    harm: 'a module that came back with the same id is not asked again',
  },
  {
    text: 'if (status == kOk || status == kNoFamily) family_ = id;',
    instead: 'if (status == kOk) family_ = id;',
    harm: 'messages go to an id that may be another family’s by now',
  },
  {
    text: '    if (!changed && !leaving) return status;\n  }\n}',
    instead: '    if (!leaving) return status;\n  }\n}',
    harm: 'a list fails once each time ip_vs was loaded anew',
  },
  {
    text: '    if (!changed && !leaving) return status;\n  }\n}',
    instead: '  }\n}',
    harm: 'what IPVS refuses is asked five times',
  },
  {
    text: 'if (const int error = RefreshFamily(&changed); error != kOk) return error;\n    if',
    instead: 'static_cast<void>(RefreshFamily(&changed));\n    if',
    harm: 'a kernel that lost IPVS is told as a list that is not there',
  },
  {
    text: '        if (status == ENOENT || (status == ENOPROTOOPT && error == kNoFamily)) status = error;\n',
    instead: '        status = error;\n',
    harm: 'what succeeded is reported as failed',
  },
  {
    text: '  encoder_.last()->nlmsg_flags |= NLM_F_ACK;\n',
    instead: '',
    harm: 'a batch without an error has no answer',
  },
  {
    text: '  fail(kOutcomeUnknown);\n  if (const int error = writer_->Send',
    instead: '  if (const int error = writer_->Send',
    harm: 'where memory lacks amid answers, what was sent is reported as not sent',
  },
  {
    text: '      writer_.reset();\n      return fail(kOutcomeUnknown);',
    instead: '      return fail(kOutcomeUnknown);',
    harm: 'late answers stay in the socket',
  },
  {
    text: 'if (message->nlmsg_type != NLMSG_ERROR || k >= which.size()) return true;',
    instead: 'if (message->nlmsg_type != NLMSG_ERROR) return true;',
    harm: 'an answer to an earlier batch is written beyond this one’s',
  },
  {
    text: 'if (message->nlmsg_seq == sequence && message->nlmsg_type == NLMSG_ERROR) status',
    instead: 'if (message->nlmsg_type == NLMSG_ERROR) status',
    harm: 'a write is answered by an earlier one’s error',
  },
  {
    text: 'if (received && length == 0) return status;',
    instead: 'if (received) return status;',
    harm: 'a lost answer passes for success',
  },
  {
    text: '      if (message->nlmsg_seq != sequence) return true;\n      done = true;\n',
    instead: '      done = true;\n',
    harm: 'a question is answered by an earlier one’s answer',
  },
  {
    text: '        status = EBADMSG;\n',
    instead: '',
    harm: 'an answer without the object passes for the object',
  },
  {
    text: '      socket.reset();\n      return given_up',
    instead: '      return given_up',
    harm: 'a dump that was given up blocks the next one',
  },
  {
    text: '      least_receive_ = reader.receive_size();\n',
    instead: '',
    harm: 'each new socket is too small for large pages again',
  },
  {
    text: 'FillsUp(length, room) || (room != kChunks[1] && page)',
    instead: 'FillsUp(length, room)',
    harm: 'where the kernel lacks memory for long chunks, cut lists pass for whole',
  },
  {
    text: 'return status == EMSGSIZE ? once() : status;',
    instead: 'return status;',
    harm: 'the first list on a machine with large pages fails',
  },
  {
    text: 'if (take(message)) ++rows;',
    instead: 'take(message), ++rows;',
    harm: 'messages that hold no row are counted as rows',
  },
  {
    text: 'message->nlmsg_type == NLMSG_DONE ? ErrorIn(message) : RefusalIn(message)',
    instead: 'message->nlmsg_type == NLMSG_DONE ? kOk : RefusalIn(message)',
    harm: 'a dump that ended by an error passes for whole',
  },
  {
    text: '    modules_unseen_ = !link_.has_module(module);\n',
    instead: '',
    harm: 'where modules are built in, each write asks for them',
  },
  {
    text: '    if (readers_[size] == nullptr) readers_[size] = std::move(socket);\n',
    instead: '',
    harm: 'each long list opens a socket',
  },
  {
    text: '  if (by.fresh) socket.reset();\n',
    instead: '',
    harm: 'a second reading has its seams where the first one has them',
  },
];

const others: readonly Fault[] = [
  {
    file: 'netlink/family.cc',
    text: '      if (message->nlmsg_seq != question.header.nlmsg_seq) return true;\n',
    instead: '',
    harm: 'an earlier answer is read as the family’s',
  },
  {
    file: 'netlink/family.cc',
    text: 'id != nullptr && nla_len(id) >= static_cast<int>(sizeof(uint16_t)) ?',
    instead: 'id != nullptr ?',
    harm: 'an id that is too short is read beyond its end',
  },
  {
    file: 'netlink/family.cc',
    text: 'error == ENOENT ? kNoFamily : LocalFailure(error)',
    instead: 'LocalFailure(error)',
    harm: 'a kernel without IPVS loaded does not load it',
  },
  {
    file: 'netlink/messages.h',
    text: 'at->nlmsg_len > remaining || ',
    instead: '',
    harm: 'a lying length reads beyond the datagram',
  },
  {
    file: 'netlink/messages.h',
    text: 'at->nlmsg_len < sizeof(nlmsghdr) || ',
    instead: '',
    harm: 'a message of length 0 is read for ever',
  },
  {
    file: 'netlink/messages.h',
    text: 'error <= 0 && error >= -kLargestErrno ? -error : EBADMSG',
    instead: '-error',
    harm: 'a number that is no errno passes for one, or for a Status of ours',
  },
  {
    file: 'netlink/messages.h',
    text: 'return error != 0 ? error : EBADMSG;',
    instead: 'return error;',
    harm: 'an ack in place of the answer passes for the answer',
  },
  {
    file: 'netlink/socket.cc',
    text: 'if (sent >= 0) return EIO;',
    instead: 'if (sent >= 0) return 0;',
    harm: 'half a message passes for one',
  },
  {
    file: 'netlink/socket.cc',
    text: 'if (sent != -EINTR) return static_cast<int>(-sent);',
    instead: 'return static_cast<int>(-sent);',
    harm: 'a signal fails a write',
  },
  {
    file: 'netlink/socket.cc',
    text: '      buffer_.resize(kLongestDatagram);\n',
    instead: '',
    harm: 'a datagram that is too long stays too long',
  },
  {
    file: 'netlink/socket.cc',
    text: 'if (length != -EINTR) return length;',
    instead: 'return length;',
    harm: 'a signal loses an answer',
  },
];

const modules: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'if (call.operation != kNewService && call.operation != kSetService) return nullptr;',
    instead: 'if (call.operation != kNewService) return nullptr;',
    harm: 'a change of the scheduler to lblc stops all of IPVS for as long as its module takes to load',
  },
  {
    text: 'std::strncmp(scheduler, "lblc", kNameBytes)',
    instead: 'std::strncmp(scheduler, "lblc", 4)',
    harm: 'for lblcr the module of lblc is loaded',
  },
];

export const netlink: readonly Fault[] = [
  ...connection.map(fault => ({ file: 'netlink/connection.cc', ...fault })),
  ...modules.map(fault => ({ file: 'netlink/modules.cc', ...fault })),
  ...others,
];
