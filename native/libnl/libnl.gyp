# libnl-3 and libnl-genl-3 as their own Makefile.am builds them, for prebuilt addons: source/ is what `npm run prebuild` takes
# of libnl's release.
{
  "targets": [
    {
      "target_name": "libnl",
      "type": "static_library",
      "sources": [
        "source/lib/addr.c",
        "source/lib/attr.c",
        "source/lib/cache.c",
        "source/lib/cache_mngr.c",
        "source/lib/cache_mngt.c",
        "source/lib/data.c",
        "source/lib/error.c",
        "source/lib/genl/ctrl.c",
        "source/lib/genl/family.c",
        "source/lib/genl/genl.c",
        "source/lib/genl/mngt.c",
        "source/lib/handlers.c",
        "source/lib/hash.c",
        "source/lib/hashtable.c",
        "source/lib/mpls.c",
        "source/lib/msg.c",
        "source/lib/nl.c",
        "source/lib/object.c",
        "source/lib/socket.c",
        "source/lib/utils.c",
        "source/lib/version.c",
      ],
      # defs.h stands here.
      "include_dirs": [".", "source/include", "source/include/linux-private"],
      "defines": ["_GNU_SOURCE", "SYSCONFDIR=\"/etc/libnl\""],
      "cflags": ["-fvisibility=hidden", "-w"],
      "cflags!": ["-Wall", "-Wextra"],
      "direct_dependent_settings": {"include_dirs": ["source/include"]},
    },
  ],
}
