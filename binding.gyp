# Compiles the addon from the checkout's top: node-gyp rebuild. Its targets stand in native/binding.gyp and its files end where that
# one's do, in native/build. The packed package has that file alone: npm runs node-gyp, lock file or not asked, for an installed
# package with a binding.gyp in its own folder (npm/cli#3341).
{
  "targets": [
    {
      "target_name": "all-of-native",
      "type": "none",
      "dependencies": ["native/binding.gyp:ipvs", "native/binding.gyp:ipvs-quick"],
      "copies": [
        {
          "destination": "native/build/Release",
          "files": ["<(PRODUCT_DIR)/ipvs.node", "<(PRODUCT_DIR)/ipvs-quick-<(target_arch)"],
        },
      ],
    },
  ],
}
