# Here and not in the package's own folder: npm would compile an installed package that has one there.
# Builds go to native/build: node-gyp rebuild -C native
{
  "variables": {
    # Native tests (test/native), and sanitizers for them and for the addon: node-gyp configure -C native -- -Dbuild_tests=1
    "build_tests%": 0,
    "enable_asan%": 0,
    "enable_ubsan%": 0,
    "enable_tsan%": 0,
    # The addons that are published (npm run prebuild): third_party/libnl is linked in, instead of the system's libnl.
    "prebuilt%": 0,
    # Whether libnl and the C++ library can be linked into a program. Prebuilt ones are static by themselves.
    "static_quick%": "<!(echo 'int main() {}' | ${CXX:-c++} -static -x c++ - -o /dev/null $(pkg-config --static --libs libnl-3.0 libnl-genl-3.0) 2>/dev/null && echo 1 || echo 0)",
  },
  "target_defaults": {
    # Not this folder itself: libnl's <netlink/…> would be looked for in native/netlink.
    "include_dirs": [".."],
    "cflags_cc": [
      "-std=c++17",
      "-O3",
      # Calls between the files of one target are direct, not by way of the dynamic linker.
      "-fvisibility=hidden",
      "-Wall",
      "-Wextra",
    ],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
    "conditions": [
      ["not prebuilt", {
        "cflags_cc": ["<!@(pkg-config --cflags libnl-3.0 libnl-genl-3.0)"],
        "libraries": ["<!@(pkg-config --libs libnl-3.0 libnl-genl-3.0)"],
      }],
      # What nothing calls is left out of what is downloaded.
      ["prebuilt", {
        "cflags_cc": ["-ffunction-sections", "-fdata-sections"],
        "ldflags": ["-Wl,--gc-sections"],
      }],
      # -O1 comes last and so counts: reports want frames and lines, not speed.
      ["enable_asan or enable_ubsan or enable_tsan", {
        "cflags_cc": ["-O1", "-g", "-fno-omit-frame-pointer", "-D_GLIBCXX_ASSERTIONS"],
      }],
      ["enable_asan", {"cflags_cc": ["-fsanitize=address"], "ldflags": ["-fsanitize=address"]}],
      ["enable_ubsan", {
        "cflags_cc": ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"],
        "ldflags": ["-fsanitize=undefined"],
      }],
      ["enable_tsan", {"cflags_cc": ["-fsanitize=thread"], "ldflags": ["-fsanitize=thread"]}],
    ],
  },
  "targets": [
    {
      # Everything but Node-API: the addon, ipvs-quick and the native tests are made of it.
      "target_name": "ipvs-core",
      "type": "static_library",
      # Lack of memory is an exception of the standard library's, which native/os/memory.h ends.
      "cflags_cc!": ["-fno-exceptions"],
      "conditions": [
        ["prebuilt", {"dependencies": ["libnl/libnl.gyp:libnl"], "sources": ["os/no_demangler.cc"]}],
      ],
      "sources": [
        "calls/session.cc",
        "calls/worker.cc",
        "cli/line_shapes.cc",
        "cli/listing.cc",
        "cli/overview.cc",
        "cli/row_order.cc",
        "cli/row_text.cc",
        "cli/rule_words.cc",
        "cli/saved_rules.cc",
        "cli/usual_answer.cc",
        "cli/usual_command.cc",
        "cli/usual_rules.cc",
        "codec/decode.cc",
        "codec/encode.cc",
        "codec/merge.cc",
        "netlink/connection.cc",
        "netlink/family.cc",
        "netlink/kernel_socket.cc",
        "netlink/modules.cc",
        "netlink/socket.cc",
        "os/dialer.cc",
        "os/files.cc",
        "os/netns.cc",
        "os/thread.cc",
        "table/columns.cc",
        "table/reading.cc",
        "table/sample_columns.cc",
        "table/sample_rows.cc",
        "table/sampler.cc",
        "table/table_reader.cc",
        "table/table_readers.cc",
      ],
    },
    {
      "target_name": "ipvs",
      "dependencies": ["ipvs-core"],
      "sources": [
        "node/addon.cc",
        "node/client.cc",
        "node/dialer_object.cc",
        "node/js_values.cc",
        "node/layout.cc",
        "node/text_functions.cc",
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
        # A published package brings the headers along: a dependency on them would have Yarn 4 install node-gyp everywhere.
        "-isystem<!(node -p \"const { existsSync } = fs; path.resolve(existsSync('third_party/node-addon-api') ? 'third_party/node-addon-api' : require('node-addon-api').include_dir)\")",
      ],
      "ldflags": [
        # A thread of a terminated worker_thread may still be in the kernel when Node unloads the addon: keep its code mapped.
        "-Wl,-z,nodelete",
        # Nothing but Node-API's entry is seen from outside: neither a libnl nor a C++ library of the process meets ours.
        "-Wl,--version-script=<!(pwd)/node/exports.map",
      ],
    },
    {
      # What is asked of the command all the time (native/cli/ipvs_quick.cc). Static, where the machine has what that
      # takes: such a program starts in a fraction of the time. The launcher (lib/cli/ipvs.sh) must not start another
      # architecture's, which its name tells.
      "target_name": "ipvs-quick",
      "product_name": "ipvs-quick-<(target_arch)",
      "type": "executable",
      "dependencies": ["ipvs-core"],
      "sources": ["cli/ipvs_quick.cc"],
      "conditions": [
        ["static_quick and not (prebuilt or enable_asan or enable_ubsan or enable_tsan)", {
          "ldflags": ["-static", "-Wl,--gc-sections"],
          "libraries": ["<!@(pkg-config --static --libs libnl-3.0 libnl-genl-3.0)"],
        }],
      ],
    },
  ],
  "conditions": [
    ["build_tests", {
      "targets": [{
        "target_name": "ipvs-native-test",
        "type": "executable",
        "dependencies": ["ipvs-core"],
        # What is fuzzed runs over its kept inputs; libfuzzer.cc alone belongs to the program that npm run fuzz makes.
        "sources": ["<!@(ls ../test/native/*.cc ../test/native/fuzz/*.cc)"],
        "sources!": ["../test/native/fuzz/libfuzzer.cc"],
        # A failed REQUIRE of doctest's ends its test case by an exception.
        "cflags_cc!": ["-fno-exceptions"],
      }],
    }],
  ],
}
