"""Sends generic-netlink messages to IPVS as they are told, and prints what the kernel answers, byte for byte.

Independent of everything in lib/ and native/: a judge of what they read and write. One request a line on
standard input, one answer a line on standard output, both JSON:

    {"send": [[1, [[1, [[1, "0200"], ...]]]], ...]}    commands with their attributes: an errno each, or 0
    {"table": true}                                    the attributes of each service and its destinations

An attribute is [type, value]: a value is the bytes in hexadecimal, or a list of attributes, nested.
"""

import json
import socket
import struct
import sys

NETLINK_GENERIC = 16
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
TYPE_MASK = 0x3FFF
IPVS_CMD_GET_SERVICE, IPVS_CMD_GET_DEST = 4, 8
IPVS_CMD_ATTR_SERVICE, IPVS_CMD_ATTR_DEST = 1, 2
SERVICE_IDENTITY = range(1, 6)  # IPVS_SVC_ATTR_AF to _FWMARK


def encode(attributes):
    out = b""
    for kind, value in attributes:
        data = encode(value) if isinstance(value, list) else bytes.fromhex(value)
        out += struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)
    return out


def decode(data):
    attributes = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        attributes.append([kind & TYPE_MASK, data[4:length].hex()])
        data = data[(length + 3) & ~3 :]
    return attributes


class Ipvs:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.bind((0, 0))
        self.sequence = 0
        name = [[CTRL_ATTR_FAMILY_NAME, b"IPVS\0".hex()]]
        _, [reply] = self.messages(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, name)
        self.family = struct.unpack("=H", bytes.fromhex(dict(decode(reply))[CTRL_ATTR_FAMILY_ID]))[0]

    def messages(self, family, command, flags, attributes):
        """The payloads of what is answered, up to the end; an errno ends it too."""
        self.sequence += 1
        body = struct.pack("=BBH", command, 1, 0) + encode(attributes)
        header = struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | flags, self.sequence, 0)
        self.socket.send(header + body)
        payloads = []
        while True:
            data = self.socket.recv(1 << 16)
            while data:
                length, kind, _, _, _ = struct.unpack_from("=IHHII", data)
                payload = data[16:length]
                data = data[(length + 3) & ~3 :]
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return -struct.unpack_from("=i", payload)[0], payloads
                payloads.append(payload[4:])
                if not flags & (NLM_F_ACK | NLM_F_DUMP):
                    return 0, payloads

    def send(self, command, attributes):
        return self.messages(self.family, command, NLM_F_ACK, attributes)[0]

    def dump(self, command, nest, attributes):
        _, payloads = self.messages(self.family, command, NLM_F_DUMP, attributes)
        return [decode(bytes.fromhex(dict(decode(payload))[nest])) for payload in payloads]

    def table(self):
        table = []
        for service in self.dump(IPVS_CMD_GET_SERVICE, IPVS_CMD_ATTR_SERVICE, []):
            identity = [attribute for attribute in service if attribute[0] in SERVICE_IDENTITY]
            about = [[IPVS_CMD_ATTR_SERVICE, identity]]
            table.append([service, self.dump(IPVS_CMD_GET_DEST, IPVS_CMD_ATTR_DEST, about)])
        return table


ipvs = Ipvs()
for line in sys.stdin:
    request = json.loads(line)
    answer = ipvs.table() if "table" in request else [ipvs.send(*message) for message in request["send"]]
    print(json.dumps(answer), flush=True)
