#include "input/item_source.hpp"

#include <algorithm>
#include <utility>

namespace cli {
namespace {

// Longer than any argument can be (128 KiB on Linux), also where only a part of it is one.
constexpr std::size_t longest_item = std::size_t{16} * 1024 * 1024;
constexpr std::size_t block_size = std::size_t{64} * 1024;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

class word_source : public item_source {
 public:
  word_source(std::vector<std::string> words, blank_items blank) : words_(std::move(words)) {
    if (blank == blank_items::skipped) std::erase_if(words_, is_blank);
  }

  std::optional<input_item> take(waiting /*how*/) override {
    if (next_ == words_.size()) return std::nullopt;
    return input_item{.bytes = std::move(words_[next_++])};
  }
  bool has_ended() const noexcept override { return next_ == words_.size(); }
  std::optional<std::uint64_t> total() const override { return words_.size(); }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

class stream_source : public item_source {
 public:
  stream_source(std::shared_ptr<byte_stream> stream, const item_format& format)
      : stream_(std::move(stream)),
        delimiter_(format.delimiter),
        blank_(format.blank),
        last_(format.last) {}

  std::optional<input_item> take(waiting how) override {
    auto item = take_any(how);
    while (item && !counts(item->bytes)) item = take_any(how);
    return item;
  }
  bool has_ended() const noexcept override {
    return stream_->has_ended() && begin_ == buffer_.size();
  }

  void stop() noexcept override { stream_->stop(); }

 private:
  [[nodiscard]] bool counts(std::string_view item) const {
    return blank_ == blank_items::kept || !is_blank(item);
  }

  std::optional<input_item> take_any(waiting how) {
    input_item item = std::exchange(begun_, {});
    while (true) {
      if (const auto end = find_end()) {
        move_to(item, *end);
        begin_ += delimiter_.size();
        return item;
      }
      if (stream_->has_ended()) break;
      keep_long_item_short(item);
      if (!read_block(how)) {
        begun_ = std::move(item);
        return std::nullopt;
      }
    }
    if (last_ == last_item::is_cut) {
      item = {};
      begin_ = buffer_.size();
    }
    if (begin_ == buffer_.size() && item.bytes.empty()) return std::nullopt;
    move_to(item, buffer_.size());
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
  void move_to(input_item& item, std::size_t end) {
    const std::size_t room = longest_item - std::min(longest_item, item.bytes.size());
    const std::size_t length = end - begin_;
    item.bytes.append(buffer_, begin_, std::min(length, room));
    if (length > room) item.whole = false;
    begin_ = end;
  }

  // Of an item without an end in sight the buffer keeps what may be the beginning of a delimiter.
  void keep_long_item_short(input_item& item) {
    const std::size_t overlap = delimiter_.size() - 1;
    if (buffer_.size() - begin_ > block_size + overlap) {
      move_to(item, buffer_.size() - overlap);
    }
  }

  bool read_block(waiting how) {
    buffer_.erase(0, begin_);
    searched_ -= std::min(searched_, begin_);
    begin_ = 0;
    return stream_->read(buffer_, how);
  }

  const std::shared_ptr<byte_stream> stream_;
  const std::string delimiter_;
  const blank_items blank_;
  const last_item last_;
  input_item begun_;  // of an item whose end has not been read yet
  std::string buffer_;
  std::size_t begin_ = 0;     // of what was not taken
  std::size_t searched_ = 0;  // no delimiter begins before
};

}  // namespace

std::unique_ptr<item_source> items_of(std::vector<std::string> words, blank_items blank) {
  return std::make_unique<word_source>(std::move(words), blank);
}

std::unique_ptr<item_source> items_of(descriptor stream, std::string name, std::string delimiter,
                                      blank_items blank) {
  return items_of(stream_of(std::move(stream), std::move(name)),
                  {.delimiter = std::move(delimiter), .blank = blank});
}

std::unique_ptr<item_source> items_of(std::shared_ptr<byte_stream> stream,
                                      const item_format& format) {
  return std::make_unique<stream_source>(std::move(stream), format);
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
