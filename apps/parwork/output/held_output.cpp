#include "output/held_output.hpp"

#include <algorithm>
#include <utility>

#include "support/checksum.hpp"

namespace cli {

bool output_store::take_memory(std::size_t bytes) noexcept {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (free_memory_.fetch_sub(wanted, std::memory_order_relaxed) >= wanted) return true;
  free_memory_.fetch_add(wanted, std::memory_order_relaxed);
  return false;
}

void output_store::give_memory(std::size_t bytes) noexcept {
  free_memory_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}

held_output::held_output(std::string bytes) : size_(bytes.size()) {
  if (!bytes.empty()) pieces_.push_back({.memory = std::move(bytes)});
}

held_output::held_output(const std::vector<recorded_block>& blocks) : recorded_(true) {
  pieces_.reserve(blocks.size());
  for (const recorded_block& each : blocks) {
    pieces_.push_back({.block = each.number,
                       .length = static_cast<std::size_t>(each.length),
                       .checksum = each.checksum});
    size_ += each.length;
  }
}

held_output::held_output(held_output&& other) noexcept
    : store_(other.store_),
      pieces_(std::exchange(other.pieces_, {})),
      size_(std::exchange(other.size_, 0)),
      recorded_(std::exchange(other.recorded_, false)) {}

held_output& held_output::operator=(held_output&& other) noexcept {
  if (this == &other) return *this;
  clear();
  store_ = other.store_;
  pieces_ = std::exchange(other.pieces_, {});
  size_ = std::exchange(other.size_, 0);
  recorded_ = std::exchange(other.recorded_, false);
  return *this;
}

void held_output::clear() noexcept {
  for (const piece& each : pieces_) {
    if (store_ == nullptr) continue;
    if (each.length > 0) {
      if (!recorded_) store_->file().give(each.block);
    } else {
      store_->give_memory(each.memory.capacity());
    }
  }
  pieces_.clear();
  size_ = 0;
  recorded_ = false;
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
  if (!goes_on) pieces_.push_back({.block = store_->file().take()});
  piece& last = pieces_.back();
  const std::string_view part = bytes.substr(0, output_store::block_size - last.length);
  store_->file().write(last.block, last.length, part);
  last.length += part.size();
  return part.size();
}

void held_output::visit(const std::function<void(std::string_view)>& use) const {
  visit_from(0, use);
}

void held_output::visit_from(std::uint64_t skipped,
                             const std::function<void(std::string_view)>& use) const {
  std::string block;
  for (const piece& each : pieces_) {
    const std::size_t length = each.length > 0 ? each.length : each.memory.size();
    const auto before = static_cast<std::size_t>(std::min<std::uint64_t>(skipped, length));
    skipped -= before;
    if (before == length) continue;
    if (each.length > 0) store_->file().read(each.block, each.length, block);
    use(std::string_view(each.length > 0 ? block : each.memory).substr(before));
  }
}

void held_output::check() const {
  std::string block;
  for (const piece& each : pieces_) {
    if (each.checksum == 0) continue;
    try {
      store_->file().read(each.block, each.length, block);
    } catch (const error& fault) {
      throw output_damaged(fault.what());
    }
    if (checksum_of(block) != each.checksum) {
      throw output_damaged("its bytes are not those that were written (checksum)");
    }
  }
}

// What is in memory stays there, too: it is shown next.
std::vector<recorded_block> held_output::record() const {
  std::vector<recorded_block> named;
  named.reserve(pieces_.size());
  block_file& file = store_->file();
  recorded_ = true;  // before blocks are taken that would not be given back
  std::string block;
  for (const piece& each : pieces_) {
    if (each.length > 0) {
      file.read(each.block, each.length, block);
      named.push_back({each.block, checksum_of(block), each.length});
      continue;
    }
    named.push_back({file.take(), checksum_of(each.memory), each.memory.size()});
    file.write(named.back().number, 0, each.memory);
  }
  if (!named.empty()) file.sync();
  return named;
}

std::string held_output::bytes() const {
  std::string all;
  all.reserve(size_);
  visit([&](std::string_view part) { all += part; });
  return all;
}

}  // namespace cli
