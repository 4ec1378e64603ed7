// A library of libnl's functions that is not libnl: whoever calls one of them ends by SIGILL. For LD_PRELOAD.
#define STRANGER(name) \
  void name(void) {    \
    __builtin_trap();  \
  }

STRANGER(nl_socket_alloc)
STRANGER(nl_socket_free)
STRANGER(nl_socket_get_fd)
STRANGER(nl_socket_get_local_port)
STRANGER(nl_connect)
STRANGER(nl_close)
STRANGER(genl_connect)
STRANGER(nla_find)
STRANGER(nla_get_u16)
STRANGER(nla_len)
