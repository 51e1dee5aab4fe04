#include "output/block_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace cli {

namespace {

void sync_folder_of(const std::string& name) {
  const auto folder = std::filesystem::absolute(name).parent_path();
  const descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot; then their names are durable at once.
  if (opened.is_open()) static_cast<void>(fsync(opened.get()));
}

}  // namespace

block_file::~block_file() {
  if (!stays() || use_ == use::read_only || !file_.is_open()) return;
  std::ranges::sort(free_);
  std::uint64_t used = blocks_;
  while (!free_.empty() && free_.back() + 1 == used) {
    free_.pop_back();
    --used;
  }
  if (used == blocks_) return;
  if (used == 0) {
    static_cast<void>(unlink(name_.c_str()));
  } else {  // else it is longer than it has to be
    static_cast<void>(ftruncate(file_.get(), static_cast<off_t>(used * block_size)) != 0);
  }
}

// REQUIRES: mutex_ is held.
int block_file::opened() {
  if (file_.is_open()) return file_.get();
  if (stays()) {
    open_named();
  } else {
    open_unnamed();
  }
  return file_.get();
}

// Without a name, so that nothing is left behind however the process ends.
void block_file::open_unnamed() {
  const char* const chosen = std::getenv("TMPDIR");
  folder_ = chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
  file_ = descriptor(open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_.is_open()) return;
  std::string name = folder_ + "/parwork-XXXXXX";  // for file systems without O_TMPFILE
  file_ = descriptor(mkostemp(name.data(), O_CLOEXEC));
  if (!file_.is_open()) {
    throw system_error("held output needs a temporary file in " + folder_ +
                           ", and it cannot be made (set TMPDIR, or a larger --buffer)",
                       errno);
  }
  unlink(name.c_str());
}

void block_file::open_named() {
  const bool reads = use_ == use::read_only;
  file_ = descriptor(open(name_.c_str(), O_CLOEXEC | (reads ? O_RDONLY : O_RDWR)));
  if (!file_.is_open() && errno == ENOENT && !reads) {
    file_ = descriptor(open(name_.c_str(), O_CLOEXEC | O_RDWR | O_CREAT, 0666));
    is_new_ = true;
  }
  struct stat status{};
  if (!file_.is_open() || fstat(file_.get(), &status) != 0) {
    throw fault("cannot be opened, which holds large output of its jobs", "", errno);
  }
  earlier_ = blocks_ = (static_cast<std::uint64_t>(status.st_size) + block_size - 1) / block_size;
}

error block_file::fault(const char* of_named, const char* of_unnamed, int code) const {
  return stays() ? system_error("the file " + name_ + " " + of_named, code)
                 : system_error(of_unnamed + folder_, code);
}

std::uint64_t block_file::take() {
  const std::lock_guard lock(mutex_);
  static_cast<void>(opened());
  if (free_.empty()) {
    free_.reserve(blocks_ + 1 - earlier_);  // so that giving a block back cannot fail
    return blocks_++;
  }
  const std::uint64_t block = free_.back();
  free_.pop_back();
  return block;
}

void block_file::give(std::uint64_t block) noexcept {
  const std::lock_guard lock(mutex_);
  free_.push_back(block);
}

void block_file::write(std::uint64_t block, std::size_t offset, std::string_view bytes) {
  auto at = static_cast<off_t>(block * block_size + offset);
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_.get(), bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw fault("cannot be written",
                  "held output does not fit (set TMPDIR, or a larger --buffer) into the temporary "
                  "folder ",
                  written < 0 ? errno : ENOSPC);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += written;
  }
}

void block_file::read(std::uint64_t block, std::size_t length, std::string& into) {
  const int file = [&] {
    const std::lock_guard lock(mutex_);
    return opened();
  }();
  into.resize(length);
  const auto at = static_cast<off_t>(block * block_size);
  for (std::size_t done = 0; done < length;) {
    const ssize_t got =
        pread(file, into.data() + done, length - done, at + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw fault("cannot be read, or is shorter than it was",
                  "held output cannot be read from the temporary folder ", got < 0 ? errno : EIO);
    }
    done += static_cast<std::size_t>(got);
  }
}

void block_file::sync() {
  bool syncs_name;
  {
    const std::lock_guard lock(mutex_);
    syncs_name = is_new_;
  }
  if (fdatasync(file_.get()) != 0) throw fault("cannot be written", "", errno);
  if (!syncs_name) return;
  sync_folder_of(name_);
  const std::lock_guard lock(mutex_);
  is_new_ = false;  // only now: who is told so meanwhile does it himself
}

}  // namespace cli
