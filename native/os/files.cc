#include "native/os/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace ipvs {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// One write: a sysctl takes its value whole.
int WriteOnce(int fd, const void* data, size_t length) {
  while (true) {
    const ssize_t written = pwrite(fd, data, length, 0);
    if (written == static_cast<ssize_t>(length)) return 0;
    if (written >= 0) return EIO;
    if (errno != EINTR) return errno;
  }
}

}  // namespace

int ReadWholeFile(const std::string& path, std::vector<uint8_t>* content) {
  const Descriptor file = Descriptor::Open(path, O_RDONLY);
  if (!file) return errno;
  uint8_t part[4096];
  while (true) {
    const ssize_t length = read(file.get(), part, sizeof part);
    if (length == 0) return 0;
    if (length > 0) {
      content->insert(content->end(), part, part + length);
    } else if (errno != EINTR) {
      return errno;
    }
  }
}

int ReadDirectory(const std::string& path, std::vector<uint8_t>* content, std::string* failed) {
  Descriptor fd = Descriptor::Open(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return errno;
  const std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(fd.get()));
  if (!directory) return errno;
  static_cast<void>(fd.Release());  // the DIR's now
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(directory.get());  // NOLINT(concurrency-mt-unsafe): a DIR of our own
    if (entry == nullptr) return errno;
    const std::string name = entry->d_name;
    if (name[0] == '.') continue;
    std::vector<uint8_t> value;
    const int error = ReadWholeFile(path + "/" + name, &value);
    if (error == ENOENT) continue;
    if (error != 0) {
      *failed = name;
      return error;
    }
    content->insert(content->end(), name.begin(), name.end());
    content->push_back(0);
    content->insert(content->end(), value.begin(), value.end());
    content->push_back(0);
  }
}

int WriteDirectory(const std::string& path, const std::string& content, std::string* failed) {
  struct Entry {
    std::string name;
    std::string value;
    std::vector<uint8_t> before;
    Descriptor file;
  };
  std::vector<Entry> entries;
  for (size_t at = 0; at < content.size();) {
    Entry& entry = entries.emplace_back();
    entry.name = content.c_str() + at;
    at += entry.name.size() + 1;
    if (at >= content.size()) return EINVAL;  // a name without a value
    entry.value = content.c_str() + at;
    at += entry.value.size() + 1;
    *failed = entry.name;
    const std::string file = path + "/" + entry.name;
    if (const int error = ReadWholeFile(file, &entry.before); error != 0) return error;
    entry.file = Descriptor::Open(file, O_WRONLY);
    if (!entry.file) return errno;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const int error = WriteOnce(entries[i].file.get(), entries[i].value.data(), entries[i].value.size());
    if (error == 0) continue;
    // Before anything that may find no memory.
    for (size_t k = i; k-- > 0;) {
      WriteOnce(entries[k].file.get(), entries[k].before.data(), entries[k].before.size());
    }
    *failed = entries[i].name;
    return error;
  }
  return 0;
}

int OpenFile(const std::string& path, Descriptor* descriptor) {
  *descriptor = Descriptor::Open(path, O_RDONLY);
  return *descriptor ? 0 : errno;
}

}  // namespace ipvs
