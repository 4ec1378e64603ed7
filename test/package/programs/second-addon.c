// An addon that is linked to the operating system's libnl, as another package's may be. What it exports is
// the path of the file whose nl_socket_alloc() it has got, after it used that.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

void* nl_socket_alloc(void);
void nl_socket_free(void* socket);
int genl_connect(void* socket);

int napi_create_string_utf8(void* env, const char* text, size_t length, void** result);

int node_api_module_get_api_version_v1(void) {
  return 8;
}

void* napi_register_module_v1(void* env, void* exports) {
  Dl_info info;
  void* const socket = nl_socket_alloc();
  void* result = NULL;
  if (socket == NULL || genl_connect(socket) != 0) return exports;
  nl_socket_free(socket);
  if (dladdr((void*)nl_socket_alloc, &info) == 0) return exports;
  return napi_create_string_utf8(env, info.dli_fname, (size_t)-1, &result) == 0 ? result : exports;
}
