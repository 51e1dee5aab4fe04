// file_blocks: a file in blocks that end between lines, for all workers at once.
//
// Thread safety: const members from any thread at once, also for the same block. Moving and
// destroying by one thread, while nobody uses it.
//
// Invariants:
// 1. Where blocks begin and end is settled by the constructor and never changes.
// 2. A block is read once, by whoever asks for it first, into memory of the object's own. From then
//    on until the object is destroyed its bytes stay where they are and as they are.
// 3. So no access touches the file's pages: a file that others shrink is an exception, not SIGBUS.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace parwork {

/// How `file_blocks` cuts a file.
struct file_blocks_options {
  char delimiter = '\n';           ///< a block ends behind one
  std::size_t block = 1UZ << 20U;  ///< bytes in a block, at most; from 1
};

/// The blocks of a file: a random-access, sized range of `std::string_view`. Together they are what
/// the file holds, as far as it reached when it was opened. Each ends behind a delimiter, the last
/// one at the end of the file. None is empty. A block has at most `block` bytes, unless it is one
/// line that is longer.
///
/// With `split` and `reduce` a file is read, cut into lines and worked on by all workers, without a
/// serial part: `process(split(file_blocks(path)), count, total)`.
///
/// A file that others change meanwhile is an error at worst. (One that is mapped and becomes
/// shorter ends the program by SIGBUS.) For a block is read by `pread` when it is first asked for,
/// into private memory. That is reserved for the whole file, and takes none until it is read. It
/// costs a copy of each byte, and the memory of all blocks that have been read stays until the
/// object is destroyed: so views into blocks are valid as long as it lives. A file larger than
/// memory is for `lines`. The constructor reads 4 KiB a block, to find where it ends, and more
/// where lines are longer than that.
class file_blocks {
 public:
  class iterator;

  /// Throws `std::filesystem::filesystem_error` where `path` is no regular file, or cannot be read;
  /// `std::invalid_argument` where `block` is 0; `std::bad_alloc` where so much memory cannot be
  /// reserved.
  explicit file_blocks(const std::filesystem::path& path, file_blocks_options options = {});
  file_blocks(file_blocks&&) noexcept;
  file_blocks& operator=(file_blocks&&) noexcept;
  ~file_blocks();

  /// How many blocks there are. REQUIRES here and below: not moved from.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// The block, read where it is the first to be asked for. Throws
  /// `std::filesystem::filesystem_error` where it cannot be read: also where the file has become
  /// shorter than the block's end. Another try reads again. REQUIRES: `position < size()`.
  [[nodiscard]] std::string_view operator[](std::size_t position) const;

  [[nodiscard]] iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept;

 private:
  class file;
  [[nodiscard]] static std::string_view read(const file& from, std::size_t position);

  std::unique_ptr<file> file_;
};

/// An iterator of blocks: valid as long as the file's object, wherever that has been moved.
class file_blocks::iterator {
 public:
  using value_type = std::string_view;
  using reference = std::string_view;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::random_access_iterator_tag;
  using iterator_category = std::input_iterator_tag;

  iterator() noexcept = default;

  [[nodiscard]] std::string_view operator*() const { return (*this)[0]; }
  [[nodiscard]] std::string_view operator[](difference_type n) const {
    return read(*file_, static_cast<std::size_t>(at_ + n));
  }

  iterator& operator++() noexcept { return *this += 1; }
  iterator& operator--() noexcept { return *this -= 1; }
  iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
  iterator operator--(int) noexcept { return std::exchange(*this, *this - 1); }
  iterator& operator+=(difference_type n) noexcept {
    at_ += n;
    return *this;
  }
  iterator& operator-=(difference_type n) noexcept { return *this += -n; }

  [[nodiscard]] friend iterator operator+(iterator it, difference_type n) noexcept {
    return it += n;
  }
  [[nodiscard]] friend iterator operator+(difference_type n, iterator it) noexcept {
    return it += n;
  }
  [[nodiscard]] friend iterator operator-(iterator it, difference_type n) noexcept {
    return it -= n;
  }
  [[nodiscard]] friend difference_type operator-(const iterator& left,
                                                 const iterator& right) noexcept {
    return left.at_ - right.at_;
  }
  [[nodiscard]] friend bool operator==(const iterator& left, const iterator& right) noexcept {
    return left.at_ == right.at_;
  }
  [[nodiscard]] friend std::strong_ordering operator<=>(const iterator& left,
                                                        const iterator& right) noexcept {
    return left.at_ <=> right.at_;
  }

 private:
  friend class file_blocks;
  iterator(const file* of, std::size_t at) noexcept
      : file_(of), at_(static_cast<difference_type>(at)) {}

  const file* file_ = nullptr;
  difference_type at_ = 0;
};

inline std::string_view file_blocks::operator[](std::size_t position) const {
  return read(*file_, position);
}
inline file_blocks::iterator file_blocks::begin() const noexcept { return {file_.get(), 0}; }
inline file_blocks::iterator file_blocks::end() const noexcept { return {file_.get(), size()}; }

/// Calls `fn(std::string_view)` for each line of `block`, as `lines` has them: without its
/// delimiter; a last line without one counts, an empty one at the very end does not. The views
/// point into `block`. What `fn` throws leaves, what it returns is dropped. Costs the search for
/// the delimiter.
template <class Fn>
  requires std::is_invocable_v<Fn&, std::string_view>
void each_line(std::string_view block, Fn&& fn, char delimiter = '\n') {
  while (!block.empty()) {
    const void* const found = std::memchr(block.data(), delimiter, block.size());
    if (found == nullptr) {
      static_cast<void>(std::invoke(fn, block));
      return;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
    static_cast<void>(std::invoke(fn, block.substr(0, length)));
    block.remove_prefix(length + 1);
  }
}

}  // namespace parwork
