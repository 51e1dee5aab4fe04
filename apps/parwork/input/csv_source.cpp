#include "input/csv_source.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace cli {
namespace {

constexpr std::size_t longest_record = std::size_t{16} * 1024 * 1024;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

class csv_source : public item_source {
 public:
  csv_source(std::shared_ptr<byte_stream> stream, char separator, const item_format& format)
      : stream_(std::move(stream)), separator_(separator), format_(format) {}

  std::optional<input_item> take(waiting how) override {
    while (auto record = take_any(how)) {
      const bool is_blank = record->bytes.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
      if (format_.blank == blank_items::kept || !is_blank) return record;
    }
    return std::nullopt;
  }

  bool has_ended() const noexcept override {
    return stream_->has_ended() && begin_ == buffer_.size();
  }
  void stop() noexcept override { stream_->stop(); }

 private:
  enum class place : std::uint8_t { field_begins, plain, quoted, behind_quote, behind_return };

  std::optional<input_item> take_any(waiting how) {
    while (true) {
      skip_mark();
      while (at_ < buffer_.size() && !mark_may_begin()) {
        const char c = buffer_[at_++];
        if (c == '\n') ++line_;
        if (ends_record(c)) return record(at_ - 1);
      }
      if (stream_->has_ended()) return last_record();
      if (at_ - begin_ > longest_record) {
        throw fault("the record has more than 16 MiB: is a quote missing?");
      }
      buffer_.erase(0, begin_);
      at_ -= std::exchange(begin_, 0);
      if (!stream_->read(buffer_, how)) return std::nullopt;
    }
  }

  // Of the first bytes it cannot be told yet.
  [[nodiscard]] bool mark_may_begin() const {
    return is_first_ && !stream_->has_ended() && buffer_.size() < byte_order_mark.size() &&
           byte_order_mark.starts_with(buffer_);
  }
  void skip_mark() {
    if (!is_first_ || buffer_.empty() || mark_may_begin()) return;
    is_first_ = false;
    if (buffer_.starts_with(byte_order_mark)) buffer_.erase(0, byte_order_mark.size());
  }

  // Whether the record ends with this character; where not, it goes into a field, or ends one.
  bool ends_record(char c) {
    switch (place_) {
      case place::quoted:
        if (c == '"') {
          place_ = place::behind_quote;
        } else {
          field_ += c;
        }
        return false;
      case place::behind_return:
        if (c == '\n') return true;
        throw fault("text follows a closing quote");
      case place::behind_quote:
        return ends_behind_quote(c);
      case place::field_begins:
        if (c == '"') {
          place_ = place::quoted;
          return false;
        }
        break;
      case place::plain:
        break;
    }
    if (c == '\n') return true;
    if (c == separator_) {
      end_field();
    } else {
      place_ = place::plain;
      field_ += c;
    }
    return false;
  }

  bool ends_behind_quote(char c) {
    if (c == '\n') return true;
    if (c == '"') {  // a doubled one
      field_ += c;
      place_ = place::quoted;
    } else if (c == separator_) {
      end_field();
    } else if (c == '\r') {
      place_ = place::behind_return;
    } else {
      throw fault("text follows a closing quote");
    }
    return false;
  }

  void end_field() {
    fields_.push_back(std::exchange(field_, {}));
    place_ = place::field_begins;
  }

  // What ends at `end`, where its newline is or the input ends.
  input_item record(std::size_t end) {
    if (place_ == place::plain && field_.ends_with('\r')) field_.pop_back();
    end_field();
    input_item made;
    made.bytes = buffer_.substr(begin_, end - begin_);
    if (made.bytes.ends_with('\r')) made.bytes.pop_back();
    made.columns = std::exchange(fields_, {});
    begin_ = at_;
    first_line_ = line_;
    return made;
  }

  std::optional<input_item> last_record() {
    if (format_.last == last_item::is_cut) {
      begin_ = buffer_.size();
    }
    if (begin_ == buffer_.size()) return std::nullopt;
    if (place_ == place::quoted) throw fault("its quote is not closed");
    return record(buffer_.size());
  }

  [[nodiscard]] error fault(const char* what) const {
    return error(stream_->name() + ", the record that begins on line " +
                 std::to_string(first_line_) + ": " + what + " (--csv is RFC 4180)");
  }

  const std::shared_ptr<byte_stream> stream_;
  const char separator_;
  const item_format format_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the record
  std::size_t at_ = 0;     // of the next character that has not been looked at
  place place_ = place::field_begins;
  std::string field_;
  std::vector<std::string> fields_;
  bool is_first_ = true;
  std::uint64_t line_ = 1;
  std::uint64_t first_line_ = 1;  // of the record
};

}  // namespace

std::unique_ptr<item_source> csv_records_of(std::shared_ptr<byte_stream> stream, char separator,
                                            const item_format& format) {
  return std::make_unique<csv_source>(std::move(stream), separator, format);
}

}  // namespace cli
