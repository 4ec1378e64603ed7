// Reading and writing the small files under /proc that belong to a network namespace. Each gives back 0 or an
// errno.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/os/descriptor.h"

namespace ipvs {

int ReadWholeFile(const std::string& path, std::vector<uint8_t>* content);
// Every regular file of a directory that can be read, as name NUL content NUL.
int ReadDirectory(const std::string& path, std::vector<uint8_t>* content);
// The counterpart: writes each `name NUL content NUL` to that file of the directory. All files are opened
// before the first is written, and if one then fails those before it get back what they held. *failed names
// the file that failed.
int WriteDirectory(const std::string& path, const std::string& content, std::string* failed);
// Opens for reading. The descriptor stays bound to the namespace it was opened in.
int OpenFile(const std::string& path, Descriptor* descriptor);

}  // namespace ipvs
