# libnl-3 and libnl-genl-3 as their own Makefile.am builds them, for prebuilt addons: third_party/libnl is what
# `npm run prebuild` takes of libnl's release.
{
  "targets": [
    {
      "target_name": "libnl",
      "type": "static_library",
      "sources": [
        "../third_party/libnl/lib/addr.c",
        "../third_party/libnl/lib/attr.c",
        "../third_party/libnl/lib/cache.c",
        "../third_party/libnl/lib/cache_mngr.c",
        "../third_party/libnl/lib/cache_mngt.c",
        "../third_party/libnl/lib/data.c",
        "../third_party/libnl/lib/error.c",
        "../third_party/libnl/lib/genl/ctrl.c",
        "../third_party/libnl/lib/genl/family.c",
        "../third_party/libnl/lib/genl/genl.c",
        "../third_party/libnl/lib/genl/mngt.c",
        "../third_party/libnl/lib/handlers.c",
        "../third_party/libnl/lib/hash.c",
        "../third_party/libnl/lib/hashtable.c",
        "../third_party/libnl/lib/mpls.c",
        "../third_party/libnl/lib/msg.c",
        "../third_party/libnl/lib/nl.c",
        "../third_party/libnl/lib/object.c",
        "../third_party/libnl/lib/socket.c",
        "../third_party/libnl/lib/utils.c",
        "../third_party/libnl/lib/version.c",
      ],
      # defs.h stands here.
      "include_dirs": [".", "../third_party/libnl/include", "../third_party/libnl/include/linux-private"],
      "defines": ["_GNU_SOURCE", "SYSCONFDIR=\"/etc/libnl\""],
      # Small: it opens sockets and resolves the family, and what is fast is our own.
      "cflags": ["-Os", "-ffunction-sections", "-fdata-sections", "-fvisibility=hidden", "-w"],
      "cflags!": ["-O3", "-Wall", "-Wextra"],
      "direct_dependent_settings": {"include_dirs": ["../third_party/libnl/include"]},
    },
  ],
}
