#include "input/item_source.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cli {
namespace {

// Longer than any argument can be (128 KiB on Linux), also where only a part of it is one.
constexpr std::size_t longest_item = std::size_t{16} * 1024 * 1024;
constexpr std::size_t block_size = std::size_t{64} * 1024;
// So much is read to count the items that were not started.
constexpr std::uint64_t most_to_count = std::uint64_t{64} * 1024 * 1024;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

class word_source : public item_source {
 public:
  word_source(std::vector<std::string> words, blank_items blank) : words_(std::move(words)) {
    if (blank == blank_items::skipped) std::erase_if(words_, is_blank);
  }

  std::optional<input_item> next() override {
    if (next_ == words_.size()) return std::nullopt;
    return input_item{std::move(words_[next_++])};
  }
  std::optional<std::uint64_t> total() const override { return words_.size(); }
  std::optional<std::uint64_t> count_rest() override { return words_.size() - next_; }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

class stream_source : public item_source {
 public:
  stream_source(descriptor stream, std::string name, std::string delimiter, blank_items blank)
      : stream_(std::move(stream)),
        name_(std::move(name)),
        delimiter_(std::move(delimiter)),
        blank_(blank) {}

  std::optional<input_item> next() override {
    auto item = next_of_any();
    while (item && !counts(item->bytes)) item = next_of_any();
    return item;
  }

  void stop() noexcept override { stop_.set(); }

  std::optional<std::uint64_t> count_rest() override {
    std::uint64_t items = 0;
    for (std::uint64_t bytes = 0; bytes < most_to_count;) {
      while (const auto end = find_end()) {
        if (counts(rest().substr(0, *end - begin_))) ++items;
        begin_ = *end + delimiter_.size();
      }
      if (ended_) return items + (!rest().empty() && counts(rest()) ? 1 : 0);
      const std::size_t before = buffer_.size() - begin_;
      if (!read_block(wait_for::nothing)) return std::nullopt;
      bytes += buffer_.size() - begin_ - before;
    }
    return std::nullopt;
  }

 private:
  enum class wait_for : std::uint8_t { input, nothing };

  [[nodiscard]] bool counts(std::string_view item) const {
    return blank_ == blank_items::kept || !is_blank(item);
  }
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

  std::optional<input_item> next_of_any() {
    input_item item;
    while (true) {
      if (const auto end = find_end()) {
        take(item, *end);
        begin_ += delimiter_.size();
        return item;
      }
      if (ended_) break;
      keep_long_item_short(item);
      if (!read_block(wait_for::input)) return std::nullopt;
    }
    if (begin_ == buffer_.size() && item.bytes.empty()) return std::nullopt;
    take(item, buffer_.size());
    return item;
  }

  // Where the next delimiter is in the buffer.
  std::optional<std::size_t> find_end() {
    const std::size_t from = std::max(begin_, searched_);
    const std::size_t found = buffer_.find(delimiter_, from);
    if (found != std::string::npos) return found;
    const std::size_t overlap = delimiter_.size() - 1;
    searched_ = buffer_.size() > overlap ? buffer_.size() - overlap : 0;
    return std::nullopt;
  }

  // Moves bytes from the buffer to the item, as far as it may grow.
  void take(input_item& item, std::size_t end) {
    const std::size_t room = longest_item - std::min(longest_item, item.bytes.size());
    const std::size_t length = end - begin_;
    item.bytes.append(buffer_, begin_, std::min(length, room));
    if (length > room) item.whole = false;
    begin_ = end;
  }

  // Of an item without an end in sight the buffer keeps what may be the beginning of a delimiter.
  void keep_long_item_short(input_item& item) {
    const std::size_t overlap = delimiter_.size() - 1;
    if (buffer_.size() - begin_ > block_size + overlap) take(item, buffer_.size() - overlap);
  }

  // More bytes, or the end of input. False where stopped, or nothing is there and it shall not
  // wait.
  bool read_block(wait_for what) {
    buffer_.erase(0, begin_);
    searched_ -= std::min(searched_, begin_);
    begin_ = 0;
    std::array<pollfd, 2> ready{{{stream_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    const bool waits = what == wait_for::input;
    while (poll(ready.data(), waits ? 2 : 1, waits ? -1 : 0) < 0) {
      if (errno != EINTR) throw system_error(name_ + " cannot be read", errno);
    }
    if (waits && ready[1].revents != 0) return false;
    if (ready[0].revents == 0) return false;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + block_size);
    const ssize_t count = read(stream_.get(), buffer_.data() + before, block_size);
    const int fault = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && fault != EINTR && fault != EAGAIN) {
      throw system_error(name_ + " cannot be read", fault);
    }
    ended_ = count == 0;
    return true;
  }

  descriptor stream_;
  const std::string name_;
  const std::string delimiter_;
  const blank_items blank_;
  wake_up stop_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of what was not taken
  std::size_t searched_ = 0;  // no delimiter begins before
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<item_source> items_of(std::vector<std::string> words, blank_items blank) {
  return std::make_unique<word_source>(std::move(words), blank);
}

std::unique_ptr<item_source> items_of(descriptor stream, std::string name, std::string delimiter,
                                      blank_items blank) {
  return std::make_unique<stream_source>(std::move(stream), std::move(name), std::move(delimiter),
                                         blank);
}

std::vector<std::string> cut(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace cli
