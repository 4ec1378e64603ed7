// The one place that includes napi.h: the Node-API version and the exception policy are set in
// native/binding.gyp for every file.
#pragma once

#include <napi.h>
