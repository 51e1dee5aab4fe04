#include "output/held_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "support/error.hpp"

namespace cli {

output_store::~output_store() {
  if (file_ >= 0) close(file_);
}

bool output_store::take_memory(std::size_t bytes) noexcept {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (free_memory_.fetch_sub(wanted, std::memory_order_relaxed) >= wanted) return true;
  free_memory_.fetch_add(wanted, std::memory_order_relaxed);
  return false;
}

void output_store::give_memory(std::size_t bytes) noexcept {
  free_memory_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}

// Without a name, so that nothing is left behind however the process ends.
void output_store::open_file() {
  const char* const chosen = std::getenv("TMPDIR");
  folder_ = chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
  file_ = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ >= 0) return;
  std::string name = folder_ + "/parwork-XXXXXX";  // for file systems without O_TMPFILE
  file_ = mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) {
    throw system_error("held output needs a temporary file in " + folder_ +
                           ", and it cannot be made (set TMPDIR, or a larger --buffer)",
                       errno);
  }
  unlink(name.c_str());
}

std::uint64_t output_store::take_block() {
  const std::lock_guard lock(mutex_);
  if (file_ < 0) open_file();
  if (free_blocks_.empty()) {
    free_blocks_.reserve(blocks_ + 1);  // so that giving a block back cannot fail
    return blocks_++;
  }
  const std::uint64_t block = free_blocks_.back();
  free_blocks_.pop_back();
  return block;
}

void output_store::give_block(std::uint64_t block) noexcept {
  const std::lock_guard lock(mutex_);
  free_blocks_.push_back(block);
}

void output_store::write(std::uint64_t block, std::size_t offset, std::string_view bytes) {
  auto at = static_cast<off_t>(block * block_size + offset);
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw system_error("held output does not fit into the temporary folder " + folder_ +
                             " (set TMPDIR, or a larger --buffer)",
                         written < 0 ? errno : ENOSPC);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += written;
  }
}

void output_store::read(std::uint64_t block, std::size_t length, std::string& into) {
  into.resize(length);
  const auto at = static_cast<off_t>(block * block_size);
  for (std::size_t done = 0; done < length;) {
    const ssize_t got =
        pread(file_, into.data() + done, length - done, at + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw system_error("held output cannot be read from the temporary folder " + folder_,
                         got < 0 ? errno : EIO);
    }
    done += static_cast<std::size_t>(got);
  }
}

held_output::held_output(std::string bytes) : size_(bytes.size()) {
  if (!bytes.empty()) pieces_.push_back({.memory = std::move(bytes)});
}

held_output::held_output(held_output&& other) noexcept
    : store_(other.store_),
      pieces_(std::exchange(other.pieces_, {})),
      size_(std::exchange(other.size_, 0)) {}

held_output& held_output::operator=(held_output&& other) noexcept {
  if (this == &other) return *this;
  clear();
  store_ = other.store_;
  pieces_ = std::exchange(other.pieces_, {});
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void held_output::clear() noexcept {
  for (const piece& each : pieces_) {
    if (store_ == nullptr) continue;
    if (each.length > 0) {
      store_->give_block(each.block);
    } else {
      store_->give_memory(each.memory.capacity());
    }
  }
  pieces_.clear();
  size_ = 0;
}

void held_output::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, output_store::block_size);
    const std::size_t taken = append_to_memory(part) ? part.size() : append_to_file(part);
    size_ += taken;
    bytes.remove_prefix(taken);
  }
}

// All of it or nothing. A piece grows to a block's size; its capacity is what counts.
bool held_output::append_to_memory(std::string_view bytes) {
  const bool goes_on = !pieces_.empty() && pieces_.back().length == 0 &&
                       pieces_.back().memory.size() + bytes.size() <= output_store::block_size;
  std::string fresh;
  std::string& last = goes_on ? pieces_.back().memory : fresh;
  if (last.capacity() - last.size() < bytes.size() || !goes_on) {
    const std::size_t needed = last.size() + bytes.size();
    std::string larger;
    larger.reserve(std::min(std::max(needed, 2 * last.size()), output_store::block_size));
    if (!store_->take_memory(larger.capacity())) return false;
    if (goes_on) store_->give_memory(last.capacity());
    larger += last;
    last = std::move(larger);
  }
  last += bytes;
  if (!goes_on) pieces_.push_back({.memory = std::move(fresh)});
  return true;
}

// As much as the last block has room for, or a new one.
std::size_t held_output::append_to_file(std::string_view bytes) {
  const bool goes_on = !pieces_.empty() && pieces_.back().length > 0 &&
                       pieces_.back().length < output_store::block_size;
  if (!goes_on) pieces_.push_back({.block = store_->take_block()});
  piece& last = pieces_.back();
  const std::string_view part = bytes.substr(0, output_store::block_size - last.length);
  store_->write(last.block, last.length, part);
  last.length += part.size();
  return part.size();
}

void held_output::visit(const std::function<void(std::string_view)>& use) const {
  std::string block;
  for (const piece& each : pieces_) {
    if (each.length > 0) {
      store_->read(each.block, each.length, block);
      use(block);
    } else {
      use(each.memory);
    }
  }
}

std::string held_output::bytes() const {
  std::string all;
  all.reserve(size_);
  visit([&](std::string_view part) { all += part; });
  return all;
}

}  // namespace cli
