#include "input/block_source.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "support/error.hpp"
#include "support/sha256.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_in_memory = std::uint64_t{1} << 30;
constexpr std::uint64_t window_size = std::uint64_t{64} * 1024;

class stream_blocks : public block_source {
 public:
  stream_blocks(std::shared_ptr<byte_stream> stream, block_format format)
      : stream_(std::move(stream)), format_(std::move(format)) {}

  std::optional<input_block> take(waiting how) override {
    if (format_.header && !head_) {
      const auto end = find_records(1, how);
      if (!end) return std::nullopt;
      head_ = std::make_shared<const std::string>(cut_to(*end));
    }
    const auto end = format_.size > 0 ? find_end_by_size(how) : find_records(format_.records, how);
    if (!end || *end == 0) return std::nullopt;
    input_block block{.head = head_, .bytes = cut_to(*end), .file = nullptr};
    block.length = block.bytes.size();
    return block;
  }

  bool has_ended() const noexcept override { return stream_->has_ended() && buffer_.empty(); }
  void stop() noexcept override { stream_->stop(); }

 private:
  // False where nothing more is there, for good or for now.
  bool read_more(waiting how) {
    if (stream_->has_ended()) return false;
    if (buffer_.size() > std::max(most_in_memory, format_.size)) {
      throw error(
          stream_->name() + " has a record of more than " + std::to_string(most_in_memory >> 20) +
          " MiB, which --pipe would hold in memory: see what ends records (-d, -0), or give "
          "a file by -a");
    }
    return stream_->read(buffer_, how);
  }

  // The last block. Where the stream was cut off nobody knows where that one ends.
  std::optional<std::size_t> rest() {
    if (!stream_->has_ended()) return std::nullopt;
    if (format_.last == last_item::is_cut) buffer_.clear();
    return buffer_.size();
  }

  std::optional<std::size_t> find_end_by_size(waiting how) {
    const std::string& delimiter = format_.delimiter;
    while (buffer_.size() <= format_.size && read_more(how)) {
    }
    if (buffer_.size() <= format_.size) return rest();
    if (format_.size >= delimiter.size()) {
      const std::size_t found = buffer_.rfind(delimiter, format_.size - delimiter.size());
      if (found != std::string::npos) return found + delimiter.size();
    }
    searched_ = std::max(
        searched_, format_.size - std::min<std::uint64_t>(format_.size, delimiter.size() - 1));
    return find_records(1, how);
  }

  // Where so many records end, from searched_ on.
  std::optional<std::size_t> find_records(std::uint64_t count, waiting how) {
    const std::string& delimiter = format_.delimiter;
    while (true) {
      const std::size_t found = buffer_.find(delimiter, searched_);
      if (found != std::string::npos) {
        searched_ = found + delimiter.size();
        if (++counted_ == count) return searched_;
        continue;
      }
      searched_ = std::max<std::size_t>(
          searched_, buffer_.size() - std::min(buffer_.size(), delimiter.size() - 1));
      if (!read_more(how)) return rest();
    }
  }

  std::string cut_to(std::size_t end) {
    std::string front = buffer_.substr(0, end);
    buffer_.erase(0, end);
    searched_ = 0;
    counted_ = 0;
    return front;
  }

  const std::shared_ptr<byte_stream> stream_;
  const block_format format_;
  std::shared_ptr<const std::string> head_;
  std::string buffer_;
  std::size_t searched_ = 0;   // no record that was not counted ends before
  std::uint64_t counted_ = 0;  // records of the buffer's front
};

class file_blocks : public block_source {
 public:
  file_blocks(descriptor file, std::string name, std::uint64_t begin, block_format format)
      : file_(std::make_shared<const descriptor>(std::move(file))),
        name_(std::move(name)),
        format_(std::move(format)),
        at_(begin) {
    struct stat status{};
    if (fstat(file_->get(), &status) != 0) throw system_error(name_ + " cannot be read", errno);
    end_ = std::max(begin, static_cast<std::uint64_t>(status.st_size));
  }

  std::optional<input_block> take(waiting /*how*/) override {
    if (format_.header && !head_ && at_ < end_) {
      const std::uint64_t end = find_records(at_, 1);
      std::string head(end - at_, '\0');
      read(head.data(), head.size(), at_);
      head_ = std::make_shared<const std::string>(std::move(head));
      at_ = end;
    }
    if (at_ == end_) return std::nullopt;
    const std::uint64_t begin = at_;
    at_ = format_.size > 0 ? find_end_by_size() : find_records(at_, format_.records);
    if (is_cut_) {
      at_ = end_;
      return std::nullopt;
    }
    return input_block{
        .head = head_, .bytes = {}, .file = file_, .begin = begin, .length = at_ - begin};
  }

  bool has_ended() const noexcept override { return at_ == end_; }

 private:
  void read(char* into, std::size_t length, std::uint64_t from) {
    while (length > 0) {
      const ssize_t count = pread(file_->get(), into, length, static_cast<off_t>(from));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(name_ + " cannot be read", errno);
      if (count == 0) throw error(name_ + " became shorter while it was read");
      into += count;
      length -= static_cast<std::size_t>(count);
      from += static_cast<std::uint64_t>(count);
    }
  }

  std::string_view window(std::uint64_t begin, std::uint64_t end) {
    window_.resize(end - begin);
    read(window_.data(), window_.size(), begin);
    return window_;
  }

  // Where the last delimiter between the two ends.
  std::optional<std::uint64_t> find_last(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t overlap = format_.delimiter.size() - 1;
    while (end > begin + overlap) {
      const std::uint64_t from = end - std::min(end - begin, window_size + overlap);
      const std::size_t found = window(from, end).rfind(format_.delimiter);
      if (found != std::string_view::npos) return from + found + format_.delimiter.size();
      end = from + overlap;
      if (from == begin) break;
    }
    return std::nullopt;
  }

  // Where so many records from there on end.
  std::uint64_t find_records(std::uint64_t from, std::uint64_t count) {
    const std::uint64_t overlap = format_.delimiter.size() - 1;
    while (from < end_) {
      const std::uint64_t to = std::min(end_, from + window_size + overlap);
      const std::string_view text = window(from, to);
      std::size_t behind = 0;
      for (std::size_t found = 0; (found = text.find(format_.delimiter, behind)) != text.npos;) {
        behind = found + format_.delimiter.size();
        if (--count == 0) return from + behind;
      }
      if (to == end_) break;
      from = std::max(from + behind, to - overlap);
    }
    return rest();
  }

  // The last block. Where the input was cut off nobody knows where that one ends.
  std::uint64_t rest() {
    is_cut_ = format_.last == last_item::is_cut;
    return end_;
  }

  std::uint64_t find_end_by_size() {
    if (end_ - at_ <= format_.size) return rest();
    const std::uint64_t wanted = at_ + format_.size;
    if (const auto found = find_last(at_, wanted)) return *found;
    return find_records(
        wanted - std::min<std::uint64_t>(format_.size, format_.delimiter.size() - 1), 1);
  }

  const std::shared_ptr<const descriptor> file_;
  const std::string name_;
  const block_format format_;
  std::shared_ptr<const std::string> head_;
  std::string window_;
  std::uint64_t at_;       // of the next block
  std::uint64_t end_ = 0;  // of the last one
  bool is_cut_ = false;    // the last one is
};

}  // namespace

std::string input_block::hash() const {
  sha256 all;
  if (head) all.add(*head);
  all.add(bytes);
  std::array<char, window_size> part{};
  for (std::uint64_t done = 0; file && done < length;) {
    const auto wanted = std::min<std::uint64_t>(part.size(), length - done);
    const ssize_t count = pread(file->get(), part.data(), wanted, static_cast<off_t>(begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("the input cannot be read", errno);
    if (count == 0) throw error("the input became shorter while it was read");
    all.add({part.data(), static_cast<std::size_t>(count)});
    done += static_cast<std::uint64_t>(count);
  }
  return all.finish();
}

std::unique_ptr<block_source> blocks_of(std::shared_ptr<byte_stream> stream, block_format format) {
  return std::make_unique<stream_blocks>(std::move(stream), std::move(format));
}

std::unique_ptr<block_source> blocks_of(descriptor file, const std::string& name,
                                        std::uint64_t begin, block_format format) {
  return std::make_unique<file_blocks>(std::move(file), name, begin, std::move(format));
}

}  // namespace cli
