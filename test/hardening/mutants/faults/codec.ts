import type { Fault } from './fault.ts';

const encode: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'PutHost16(message, type, htons(static_cast<uint16_t>(value)));',
    instead: 'PutHost16(message, type, value);',
    harm: 'port 80 becomes port 20480',
  },
  {
    text: 'ipv4 ? htonl(WordAt(value)) : WordAt(value)',
    instead: 'htonl(WordAt(value))',
    harm: 'an IPv6 prefix length becomes a huge number',
  },
  {
    text: 'return !marked;',
    instead: 'return true;',
    harm: 'a service with a mark is named by an address too',
  },
  {
    text: 'case Sent::kMark:\n      return marked;',
    instead: 'case Sent::kMark:\n      return true;',
    harm: 'with mark 0 present, the kernel ignores protocol, address and port',
  },
  {
    text: "return extent == Extent::kAll && (field.form == Form::kName ? value[0] != '\\0' : WordAt(value) != 0);",
    instead: 'return extent == Extent::kAll;',
    harm: 'the kernel looks for an engine without a name',
  },
  {
    text: 'std::strlen(terminated) + 1',
    instead: 'std::strlen(terminated)',
    harm: 'a name without its NUL',
  },
  {
    text: 'static_cast<uint16_t>(at_ - nest)',
    instead: 'static_cast<uint16_t>(at_ - nest - NLA_HDRLEN)',
    harm: 'a nest that ends too soon loses its last attribute',
  },
  {
    text: '  if (!start) return;\n',
    instead: '',
    harm: 'a daemon to be stopped is described as one to be started',
  },
  {
    text: 'message->Put(IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.group, 4)',
    instead: 'message->Put(IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.group, kAddressBytes)',
    harm: 'the kernel refuses an IPv4 group of 16 bytes',
  },
  {
    text: 'PutHost16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port)',
    instead: 'PutNetwork16(message, IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port)',
    harm: 'the one port that is in host order is swapped',
  },
  {
    text: '      if (call.extent != kOneService) return;\n',
    instead: '      return;\n',
    harm: 'to zero one service zeroes all',
  },
  {
    text: 'if (full_destination || command == kDelDest)',
    instead: 'if (full_destination)',
    harm: 'a removal does not say which destination',
  },
  {
    text: 'full_service ? Extent::kAll : Extent::kIdentity',
    instead: 'Extent::kAll',
    harm: 'each message about a destination carries its service whole',
  },
  {
    text: '  bytes_.resize(last_ + message.length());\n',
    instead: '',
    harm: 'between the messages of a batch stand zeros, which end it',
  },
  {
    text: 'header.nlmsg_pid = port;',
    instead: 'header.nlmsg_pid = 0;',
    harm: 'answers do not say whom they are for',
  },
];

const decode: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'if (attribute.length >= sizeof value) std::memcpy',
    instead: 'std::memcpy',
    harm: 'a short attribute is read beyond its end',
  },
  {
    text: 'header.nla_len < NLA_HDRLEN || ',
    instead: '',
    harm: 'an attribute of length 0 is read for ever, or as a huge one',
  },
  {
    text: ' || header.nla_len > stream.length',
    instead: '',
    harm: 'a lying length reads beyond the message',
  },
  {
    text: 'header.nla_type & NLA_TYPE_MASK',
    instead: 'header.nla_type',
    harm: 'a kernel that marks nests is not understood',
  },
  {
    text: 'std::min<size_t>(NLA_ALIGN(header.nla_len), stream.length)',
    instead: 'NLA_ALIGN(header.nla_len)',
    harm: 'a last attribute without padding makes the rest endless',
  },
  {
    text: 'GetHost32(at) & ~uint32_t{IP_VS_SVC_F_HASHED}',
    instead: 'GetHost32(at)',
    harm: 'each service seems to have a flag that nobody set',
  },
  {
    text: 'if (config.family == AF_INET) config.netmask',
    instead: 'config.netmask',
    harm: 'an IPv6 prefix length is swapped',
  },
  {
    text: 'config.netmask);\n  if (!wide && stats.data != nullptr)',
    instead: 'config.netmask);\n  if (stats.data != nullptr)',
    harm: 'counters of 64 bits are overwritten by those of 32',
  },
  {
    text: 'at.length >= sizeof(uint64_t) ? GetHost64(at) : GetHost32(at)',
    instead: 'GetHost32(at)',
    harm: 'bytes wrap at 4 GiB on old kernels',
  },
  {
    text: 'counters[type - IPVS_STATS_ATTR_CONNS] = GetHost64(at);',
    instead: 'counters[0] = GetHost64(at);',
    harm: 'counters in another order are mistaken for one another',
  },
  {
    text: 'std::memcpy(value, at.data, std::min(at.length, SizeInRow(field.form)));',
    instead: 'std::memcpy(value, at.data, at.length);',
    harm: 'a long name overwrites what stands behind it',
  },
  {
    text: 'static_cast<size_t>(type) >= places.size() || ',
    instead: '',
    harm: 'an attribute of a future kernel is looked up beyond the table',
  },
  {
    text: '    if (rest_.length < NLA_ALIGN(NLA_HDRLEN + size)) return false;\n',
    instead: '',
    harm: 'the fast path reads beyond a short row',
  },
  {
    text: 'return std::memcmp(rest_.data, &expected, sizeof expected) == 0;',
    instead: 'return true;',
    harm: 'an attribute is taken for the one that usually stands there',
  },
  {
    text: 'config.tunnel_port = ntohs(tunnel_port);',
    instead: 'config.tunnel_port = tunnel_port;',
    harm: 'the port of a tunnel is swapped',
  },
  {
    text: 'config.family = family;',
    instead: '',
    harm: 'the family of a destination is lost where all attributes are usual',
  },
  {
    text: 'row->group_family = AF_INET6;',
    instead: 'row->group_family = AF_INET;',
    harm: 'the IPv6 group of a daemon is read as IPv4',
  },
  {
    text: 'return row->config.family != 0;',
    instead: 'return true;',
    harm: 'a message without a service becomes a row of zeros',
  },
  {
    text: '  if (message->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) return false;\n',
    instead: '',
    harm: 'a message that is too short is read to the end of memory',
  },
];

const merge: readonly Omit<Fault, 'file'>[] = [
  {
    text: '(present.flags & IP_VS_SVC_F_PERSISTENT) == 0 && ',
    instead: '',
    harm: 'an update of a persistent service resets its timeout',
  },
  {
    text: '  if (becomes_persistent) fields |= kFieldTimeout | kFieldNetmask | kFieldEngine;\n',
    instead: '  static_cast<void>(becomes_persistent);\n',
    harm: 'a service that becomes persistent has the timeout 0',
  },
  {
    text: '(field.update & ~except) == 0',
    instead: 'field.update == 0',
    harm: 'an update changes nothing',
  },
];

export const codec: readonly Fault[] = [
  ...encode.map(fault => ({ file: 'codec/encode.cc', ...fault })),
  ...decode.map(fault => ({ file: 'codec/decode.cc', ...fault })),
  ...merge.map(fault => ({ file: 'codec/merge.cc', ...fault })),
];
