#include "support/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <vector>

#include "support/statistics.hpp"

namespace bench {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class open_file {
 public:
  open_file(const std::filesystem::path& file, int flags)
      : name_(file.string()), descriptor_(::open(file.c_str(), flags | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) {
      fail("open " + name_);
    }
  }
  ~open_file() { ::close(descriptor_); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  void append(const std::vector<char>& bytes) const {
    if (::write(descriptor_, bytes.data(), bytes.size()) != std::ssize(bytes)) {
      fail("write " + name_);
    }
  }
  void sync() const {
    if (::fdatasync(descriptor_) != 0) {
      fail("fdatasync " + name_);
    }
  }

 private:
  std::string name_;
  int descriptor_;
};

std::filesystem::path usual_parent() {
  const char* const given = std::getenv("TMPDIR");
  return given != nullptr && *given != '\0'
             ? std::filesystem::path(given)
             : std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace

temporary_folder::temporary_folder(const std::string& parent) {
  std::string name =
      (parent.empty() ? usual_parent() : std::filesystem::path(parent)) / "parwork-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    fail("mkdtemp " + name);
  }
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string file_system_of(const std::filesystem::path& file) {
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) {
    fail("stat " + file.string());
  }
  const std::string device =
      std::to_string(major(about.st_dev)) + ":" + std::to_string(minor(about.st_dev));
  // ID PARENT MAJOR:MINOR ROOT MOUNTED-AT OPTIONS [FIELD]... - TYPE SOURCE OPTIONS
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word >> word >> word;
    if (word != device) {
      continue;
    }
    while (words >> word && word != "-") {
    }
    words >> word;
    return word;
  }
  return "an unknown file system";
}

double sync_ns(const std::filesystem::path& folder, int times) {
  const std::vector<char> page(4096, 'x');
  const auto name = folder / "synced";
  std::vector<double> ns;
  {
    const open_file file(name, O_WRONLY | O_CREAT | O_TRUNC);
    for (int i = 0; i < times; ++i) {
      const stopwatch watch;
      file.append(page);
      file.sync();
      ns.push_back(watch.ns());
    }
  }
  std::filesystem::remove(name);
  return median(ns);
}

void copy_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  open_file(to, O_RDONLY).sync();
}

}  // namespace bench
