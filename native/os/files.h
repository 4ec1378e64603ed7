// Reading and writing the small files under /proc that belong to a network namespace. Every function returns
// 0 or an errno; system calls that a signal interrupts are made again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/os/descriptor.h"

namespace ipvs {

int ReadWholeFile(const std::string& path, std::vector<uint8_t>* content);
// Every file of a directory, as name NUL content NUL: all of them or, where one cannot be read, none. *failed
// names that one; it stays empty where the list of the directory itself failed. A file that is gone by the
// time it is opened is no failure: it was none of the directory's.
int ReadDirectory(const std::string& path, std::vector<uint8_t>* content, std::string* failed);
// The counterpart: writes each `name NUL content NUL` to that file of the directory. All files are opened
// before the first is written, and if one then fails those before it get back what they held. *failed names
// the file that failed.
int WriteDirectory(const std::string& path, const std::string& content, std::string* failed);
// Opens for reading. The descriptor stays bound to the namespace it was opened in.
int OpenFile(const std::string& path, Descriptor* descriptor);

}  // namespace ipvs
