{
  "target_defaults": {
    # Not native itself: libnl's <netlink/…> would be looked for in native/netlink.
    "include_dirs": ["."],
    "cflags_cc": [
      "-std=c++17",
      "-O3",
      # Calls between the files of one target are direct, not by way of the dynamic linker.
      "-fvisibility=hidden",
      "-Wall",
      "-Wextra",
      "<!@(pkg-config --cflags libnl-3.0 libnl-genl-3.0)",
    ],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
    "libraries": ["<!@(pkg-config --libs libnl-3.0 libnl-genl-3.0)"],
  },
  "variables": {
    # How tables are read and listed. None of these files knows Node-API.
    "table_sources": [
      "native/table/columns.cc",
      "native/netlink/connection.cc",
      "native/codec/decode.cc",
      "native/codec/encode.cc",
      "native/netlink/family.cc",
      "native/cli/listing.cc",
      "native/os/netns.cc",
      "native/cli/row_order.cc",
      "native/cli/row_text.cc",
      "native/netlink/socket.cc",
      "native/table/table_reader.cc",
      "native/os/thread.cc",
    ],
  },
  "targets": [
    {
      "target_name": "ipvs",
      "sources": [
        "<@(table_sources)",
        "native/node/addon.cc",
        "native/node/client.cc",
        "native/os/files.cc",
        "native/node/js_values.cc",
        "native/cli/line_shapes.cc",
        "native/table/sample_rows.cc",
        "native/table/sampler.cc",
        "native/calls/session.cc",
        "native/node/text_functions.cc",
        "native/calls/worker.cc",
      ],
      # The last one: in a worker_thread that is being terminated every Node-API call may fail, and the exception that
      # node-addon-api makes of that cannot be thrown, which would otherwise end the process.
      "defines": [
        "NAPI_VERSION=9",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      # As system headers: their warnings are not ours to mend.
      "cflags_cc": [
        "-isystem<!(node -p \"require('node:path').resolve(require('node-addon-api').include_dir)\")",
      ],
      # A thread of a terminated worker_thread may still be in the kernel when Node unloads the addon: keep its code mapped.
      "ldflags": ["-Wl,-z,nodelete"],
    },
    {
      # The command's listings that are polled (native/cli/ipvs_list.cc).
      "target_name": "ipvs-list",
      "type": "executable",
      "sources": ["<@(table_sources)", "native/cli/ipvs_list.cc"],
    },
  ],
}
