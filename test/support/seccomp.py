# Runs a command under a seccomp filter, as containers and service managers have one: making a netlink socket fails.
#
#   python3 seccomp.py ERRNO COMMAND…

import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO = 0x00050000
SECCOMP_RET_ALLOW = 0x7FFF0000
AF_NETLINK = 16
SYS_SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]

BPF_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
BPF_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
BPF_RETURN = 0x06  # BPF_RET | BPF_K
NUMBER = 0  # offsetof(struct seccomp_data, nr)
FIRST_ARGUMENT = 16  # offsetof(struct seccomp_data, args)


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def main(name, command):
    instructions = [
        (BPF_LOAD_WORD, 0, 0, NUMBER),
        (BPF_JUMP_EQUAL, 0, 3, SYS_SOCKET),
        (BPF_LOAD_WORD, 0, 0, FIRST_ARGUMENT),
        (BPF_JUMP_EQUAL, 0, 1, AF_NETLINK),
        (BPF_RETURN, 0, 0, SECCOMP_RET_ERRNO | getattr(errno, name)),
        (BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = Filter(len(instructions), packed)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    os.execvp(command[0], command)


main(sys.argv[1], sys.argv[2:])
