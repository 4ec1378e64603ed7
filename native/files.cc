#include "files.h"

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

}  // namespace

int ReadWholeFile(const std::string& path, std::vector<uint8_t>* content) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
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

int ReadDirectory(const std::string& path, std::vector<uint8_t>* content) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) return errno;
  while (const dirent* entry = readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe): a DIR of our own
    const std::string name = entry->d_name;
    if (name[0] == '.') continue;
    std::vector<uint8_t> value;
    if (ReadWholeFile(path + "/" + name, &value) != 0) continue;
    content->insert(content->end(), name.begin(), name.end());
    content->push_back(0);
    content->insert(content->end(), value.begin(), value.end());
    content->push_back(0);
  }
  return 0;
}

int WriteFile(const std::string& path, const std::string& content) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  while (true) {
    // One write: a sysctl takes its value whole.
    const ssize_t length = write(file.get(), content.data(), content.size());
    if (length == static_cast<ssize_t>(content.size())) return 0;
    if (length >= 0) return EIO;
    if (errno != EINTR) return errno;
  }
}

int OpenFile(const std::string& path, Descriptor* descriptor) {
  *descriptor = Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return *descriptor ? 0 : errno;
}

}  // namespace ipvs
