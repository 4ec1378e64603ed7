{
  "target_defaults": {
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
      "native/columns.cc",
      "native/connection.cc",
      "native/decode.cc",
      "native/encode.cc",
      "native/family.cc",
      "native/listing.cc",
      "native/netns.cc",
      "native/row_order.cc",
      "native/row_text.cc",
      "native/socket.cc",
      "native/table_reader.cc",
      "native/thread.cc",
    ],
  },
  "targets": [
    {
      "target_name": "ipvs",
      "sources": [
        "<@(table_sources)",
        "native/addon.cc",
        "native/client.cc",
        "native/files.cc",
        "native/js_values.cc",
        "native/line_shapes.cc",
        "native/sample_rows.cc",
        "native/sampler.cc",
        "native/session.cc",
        "native/text_functions.cc",
        "native/worker.cc",
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
      # The command's listings that are polled (native/lister.cc).
      "target_name": "ipvs-list",
      "type": "executable",
      "sources": ["<@(table_sources)", "native/lister.cc"],
    },
  ],
}
