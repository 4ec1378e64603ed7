import type { Fault } from './fault.ts';

const shapes: readonly Omit<Fault, 'file'>[] = [
  {
    text: ' || endpoint->port == 0) return nullptr;',
    instead: ') return nullptr;',
    harm: 'a line with port 0 is not refused',
  },
  {
    text: '        if (line->endpoint_count == kLineEndpoints) return false;\n',
    instead: '',
    harm: 'a line of many endpoints overwrites memory',
  },
  {
    text: '  if (line->end - line->start > kLongestLine) return false;\n',
    instead: '',
    harm: 'a line that is too long is taken because one like it was',
  },
  {
    text: 'return at == end || IsBlank(*at) ? at : nullptr;',
    instead: 'return at;',
    harm: 'an endpoint with letters behind it is taken',
  },
  {
    text: 'if (endpoint >= kLineEndpoints) return;',
    instead: '',
    harm: 'a template without a destination reads beyond the endpoints',
  },
  {
    text: 'PutPort(line, from.destination_port, &record.destination.port);',
    instead: 'PutPort(line, from.service_port, &record.destination.port);',
    harm: 'all destinations have their service’s port',
  },
  {
    text: 'const auto number = static_cast<uint32_t>(i + 1);',
    instead: 'const auto number = static_cast<uint32_t>(i);',
    harm: 'errors name the line before',
  },
  {
    text: 'if (which >= templates.size()) {',
    instead: 'if (which == kNoShape) {',
    harm: 'a number of no template reads beyond them',
  },
];

const text: readonly Omit<Fault, 'file'>[] = [
  {
    text: '    if (*at > start && value == 0) return false;\n',
    instead: '',
    harm: '010 is 8 to some programs and 10 to others',
  },
  {
    text: '    if (value > most) return false;\n',
    instead: '',
    harm: 'port 65616 becomes port 80',
  },
  {
    text: 'length + 1 == sizeof text || ',
    instead: '',
    harm: 'a long word overwrites memory',
  },
];

const usual: readonly Omit<Fault, 'file'>[] = [
  {
    text: '(takes & Bit(*option)) == 0 || ',
    instead: '',
    harm: 'an option that does not go with its command is ignored',
  },
  {
    text: ' || options.Has(*option)) return',
    instead: ') return',
    harm: 'of an option given twice one is ignored',
  },
  {
    text: '    if (*option == kIpv6 && !options.Has(kMark)) return std::nullopt;\n',
    instead: '',
    harm: '-6 without a mark is ignored',
  },
  {
    text: ' || number < least) return',
    instead: ') return',
    harm: 'mark 0 and a persistence of 0 seconds are taken',
  },
  {
    text: 'word.size() >= kNameBytes',
    instead: 'word.size() > kNameBytes',
    harm: 'a name of 16 characters has no NUL',
  },
  {
    text: 'if (named == 0 || HasSeveral(named)) return false;',
    instead: 'if (named == 0) return false;',
    harm: 'of two services one is ignored',
  },
  {
    text: 'return service->netmask > 32;',
    instead: 'return true;',
    harm: 'the mask 0.0.0.24 is taken without a word',
  },
  {
    text: '    if (service->fwmark == 0 && service->protocol != IPPROTO_UDP) return false;\n',
    instead: '',
    harm: 'one-packet scheduling of TCP is taken',
  },
  {
    text: ' || (service->fwmark == 0 && service->port == 0)) {',
    instead: ') {',
    harm: 'port 0 without persistence is taken',
  },
  {
    text: 'if (!options.Has(kTunnel) || HasSeveral(sums)) return false;',
    instead: 'if (HasSeveral(sums)) return false;',
    harm: 'a tunnel’s options without a tunnel are taken',
  },
  {
    text: '  if (!options.Has(kMasquerade) && call->service.fwmark == 0) destination.port = call->service.port;\n',
    instead: '',
    harm: 'the kernel has a port that packets never go to',
  },
  {
    text: 'destination.lower_threshold <= destination.upper_threshold && ',
    instead: '',
    harm: 'thresholds that contradict one another are taken',
  },
  {
    text: '  if (destination.family != call->service.family && !options.Has(kTunnel)) return false;\n',
    instead: '',
    harm: 'a destination of another family is taken without a tunnel',
  },
  {
    text: 'call->extent = kOneService;',
    instead: 'call->extent = 0;',
    harm: '-Z of one service zeroes all',
  },
  {
    text: '? numeric && PutList(*options, &command)',
    instead: '? PutList(*options, &command)',
    harm: 'a listing that is to have names has numbers',
  },
  {
    text: 'return !(ipip && sums != 0) &&',
    instead: 'return',
    harm: 'a checksum of a tunnel that has none is taken',
  },
  {
    text: '  if (HasSeveral(options.present & kMethods)) return false;\n',
    instead: '',
    harm: 'of two forwarding methods one is ignored',
  },
  {
    text: 'options.Has(kIpv6) ? AF_INET6 : AF_INET;\n    return PutNumber',
    instead: 'AF_INET;\n    return PutNumber',
    harm: '-f 1 -6 is the other service of mark 1',
  },
  {
    text: 'service->netmask = service->family == AF_INET ? UINT32_MAX : 128;',
    instead: 'service->netmask = UINT32_MAX;',
    harm: 'an IPv6 service has no prefix length',
  },
];

const rules: readonly Omit<Fault, 'file'>[] = [
  {
    text: "    if (line[at] == '#') return;\n",
    instead: '',
    harm: 'the words of a comment are options',
  },
  {
    text: '    if (line.size() > kLongestLine) return std::nullopt;\n',
    instead: '',
    harm: 'a line is taken that Node.js refuses',
  },
  {
    text: '!command || !IsRule(*command)',
    instead: '!command',
    harm: 'a line that lists or clears is sent as what it is not',
  },
  {
    text: '    rules.lines.push_back(number);\n',
    instead: '    rules.lines.push_back(static_cast<uint32_t>(rules.lines.size() + 1));\n',
    harm: 'behind a blank line a refusal names another line',
  },
  {
    text: 'std::min(line.size() + 1, text.size())',
    instead: 'line.size() + 1',
    harm: 'a last line without its end is read beyond the text',
  },
  {
    text: "return c == ' ' || c == '\\t' || c == '\\r';",
    instead: "return c == ' ' || c == '\\t';",
    harm: 'a file that ends its lines as Windows does is none of the usual',
  },
];

const answer: readonly Omit<Fault, 'file'>[] = [
  {
    text: 'if (statuses[0] != kOutcomeUnknown) return std::nullopt;',
    instead: 'if (statuses[0] != kOk) return std::nullopt;',
    harm: 'a command whose answer is lost is made twice',
  },
  {
    text: 'if (ReadTable(command, &readers, &table) != kOk) return std::nullopt;',
    instead: 'static_cast<void>(ReadTable(command, &readers, &table));',
    harm: 'a table that cannot be read is listed as far as it was',
  },
  {
    text: 'if (connection->Ask(CallRecord{}, kGetInfo, take) != kOk) return std::nullopt;',
    instead: 'static_cast<void>(connection->Ask(CallRecord{}, kGetInfo, take));',
    harm: 'a kernel that does not answer has version 0.0.0',
  },
];

const saved: readonly Omit<Fault, 'file'>[] = [
  {
    text: ' || (!marked && word(kServicePort) == 0)',
    instead: '',
    harm: 'port 0 without persistence is saved as a line that is refused when it is read',
  },
  {
    text: ' || lower > kHighestNumber',
    instead: '',
    harm: 'a threshold is saved that ipvsadm reads as negative',
  },
  {
    text: 'if (method != IP_VS_CONN_F_MASQ && !marked && port != services_.Word(kServicePort, service)) return false;',
    instead: '',
    harm: 'a port that packets never go to is saved, and another one when that is read',
  },
];

export const cli: readonly Fault[] = [
  ...shapes.map(fault => ({ file: 'cli/line_shapes.cc', ...fault })),
  ...text.map(fault => ({ file: 'cli/read_text.h', ...fault })),
  ...usual.map(fault => ({ file: 'cli/usual_command.cc', ...fault })),
  ...answer.map(fault => ({ file: 'cli/usual_answer.cc', ...fault })),
  ...saved.map(fault => ({ file: 'cli/saved_rules.cc', ...fault })),
  ...rules.map(fault => ({ file: 'cli/usual_rules.cc', ...fault })),
];
