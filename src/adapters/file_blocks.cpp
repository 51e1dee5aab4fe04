#include "parwork/file_blocks.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace parwork {

namespace {

namespace fs = std::filesystem;

// A file that is open for reading.
class descriptor {
 public:
  // Neither a pipe without a writer nor a terminal holds it up.
  explicit descriptor(const fs::path& path)
      : path_(path), number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
    if (number_ < 0) fail("cannot open", {errno, std::generic_category()});
  }
  ~descriptor() { ::close(number_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  [[nodiscard]] std::size_t size() const {
    struct stat about{};
    if (::fstat(number_, &about) != 0) fail("cannot read", {errno, std::generic_category()});
    if (S_ISDIR(about.st_mode)) {
      fail("cannot read", std::make_error_code(std::errc::is_a_directory));
    }
    if (!S_ISREG(about.st_mode)) {
      fail("not a regular file", std::make_error_code(std::errc::invalid_argument));
    }
    return static_cast<std::size_t>(about.st_size);
  }

  // Reads all of [from, from + count).
  void read(char* into, std::size_t from, std::size_t count) const {
    while (count > 0) {
      const ssize_t got = ::pread(number_, into, count, static_cast<off_t>(from));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot read", {errno, std::generic_category()});
      if (got == 0) {
        fail("cut short while it was read", std::make_error_code(std::errc::io_error));
      }
      const auto more = static_cast<std::size_t>(got);
      into += more;
      from += more;
      count -= more;
    }
  }

 private:
  [[noreturn]] void fail(const char* what, std::error_code why) const {
    throw fs::filesystem_error(std::string("parwork::file_blocks: ").append(what), path_, why);
  }

  const fs::path path_;
  const int number_;
};

// Private memory, all zero, of which the system gives a page when it is written.
class reserved_memory {
 public:
  explicit reserved_memory(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    void* const found = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<char*>(found);
  }
  ~reserved_memory() {
    if (begin_ != nullptr) ::munmap(begin_, bytes_);
  }
  reserved_memory(const reserved_memory&) = delete;
  reserved_memory& operator=(const reserved_memory&) = delete;

  [[nodiscard]] char* begin() const noexcept { return begin_; }

 private:
  const std::size_t bytes_;
  char* begin_ = nullptr;
};

// Finds where blocks end.
class cutter {
 public:
  static constexpr std::size_t nearby = 4096;  // lines are mostly shorter
  static constexpr std::size_t far_away = std::size_t{64} * 1024;

  cutter(const descriptor& file, std::size_t size, const file_blocks_options& how)
      : file_(file), size_(size), how_(how) {}

  // The end of the block that begins at `begin`. REQUIRES: below the end of the file.
  [[nodiscard]] std::size_t end_of(std::size_t begin) {
    if (size_ - begin <= how_.block) return size_;
    const std::size_t inside = behind_last(begin, begin + how_.block);
    return inside > begin ? inside : behind_first(begin + how_.block);
  }

 private:
  // Behind the last delimiter in [from, upto); `from` where there is none.
  std::size_t behind_last(std::size_t from, std::size_t upto) {
    for (std::size_t step = nearby; upto > from; step = far_away) {
      const std::size_t count = std::min(step, upto - from);
      upto -= count;
      file_.read(bytes_.data(), upto, count);
      const void* const found = ::memrchr(bytes_.data(), how_.delimiter, count);
      if (found != nullptr) return upto + offset_of(found) + 1;
    }
    return from;
  }

  // Behind the first delimiter from `from` on, or the end of the file.
  std::size_t behind_first(std::size_t from) {
    for (std::size_t step = nearby; from < size_; step = far_away) {
      const std::size_t count = std::min(step, size_ - from);
      file_.read(bytes_.data(), from, count);
      const void* const found = std::memchr(bytes_.data(), how_.delimiter, count);
      if (found != nullptr) return from + offset_of(found) + 1;
      from += count;
    }
    return size_;
  }

  [[nodiscard]] std::size_t offset_of(const void* found) const noexcept {
    return static_cast<std::size_t>(static_cast<const char*>(found) - bytes_.data());
  }

  const descriptor& file_;
  const std::size_t size_;
  const file_blocks_options how_;
  std::array<char, far_away> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into
};

std::vector<std::size_t> ends_of_blocks(const descriptor& file, std::size_t size,
                                        const file_blocks_options& how) {
  if (how.block == 0) {
    throw std::invalid_argument("parwork::file_blocks: block is 0, expected at least 1");
  }
  const auto cut = std::make_unique<cutter>(file, size, how);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < size; at = ends.back()) ends.push_back(cut->end_of(at));
  return ends;
}

}  // namespace

class file_blocks::file {
 public:
  file(const fs::path& path, const file_blocks_options& options)
      : opened_(path),
        ends_(ends_of_blocks(opened_, opened_.size(), options)),
        memory_(ends_.empty() ? 0 : ends_.back()),
        states_(std::make_unique<std::atomic<state>[]>(ends_.size())) {}

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

  [[nodiscard]] std::string_view read(std::size_t position) const {
    const std::size_t begin = position == 0 ? 0 : ends_[position - 1];
    const std::size_t count = ends_[position] - begin;
    if (begin_reading(states_[position])) {
      read_into(states_[position], begin, count);
    }
    return {memory_.begin() + begin, count};
  }

 private:
  enum class state : std::uint8_t { unread, being_read, there };

  // False: it is there. Waits for another thread that reads it.
  static bool begin_reading(std::atomic<state>& of) noexcept {
    for (;;) {
      state now = of.load(std::memory_order_acquire);  // partner: read_into
      if (now == state::there) return false;
      if (now == state::being_read) {
        of.wait(now);
      } else if (of.compare_exchange_strong(now, state::being_read)) {
        return true;
      }
    }
  }

  void read_into(std::atomic<state>& of, std::size_t begin, std::size_t count) const {
    try {
      opened_.read(memory_.begin() + begin, begin, count);
    } catch (...) {
      of.store(state::unread);
      of.notify_all();
      throw;
    }
    of.store(state::there);
    of.notify_all();
  }

  const descriptor opened_;
  const std::vector<std::size_t> ends_;
  const reserved_memory memory_;
  const std::unique_ptr<std::atomic<state>[]> states_;
};

file_blocks::file_blocks(const fs::path& path, file_blocks_options options)
    : file_(std::make_unique<file>(path, options)) {}
file_blocks::file_blocks(file_blocks&&) noexcept = default;
file_blocks& file_blocks::operator=(file_blocks&&) noexcept = default;
file_blocks::~file_blocks() = default;

std::size_t file_blocks::size() const noexcept { return file_->size(); }
std::string_view file_blocks::read(const file& from, std::size_t position) {
  return from.read(position);
}

}  // namespace parwork
