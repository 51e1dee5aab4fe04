// Messages that wait for a connection, in the order in which they were published.
//
// Thread safety: one thread at a time. Invariant: `size` is at most the limit; a message that does
// not fit is not taken, and what came later may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace parwork::nats::detail {

class away_buffer {
 public:
  explicit away_buffer(std::size_t limit) : limit_(limit) {}

  /// False: it does not fit. `reply` may be empty.
  bool add(std::string_view subject, std::string_view reply, std::string_view bytes) {
    const std::uint64_t lengths[] = {subject.size(), reply.size(), bytes.size()};
    const std::size_t size = sizeof lengths + subject.size() + 1 + reply.size() + 1 + bytes.size();
    if (size > limit_ || records_.size() - begin_ > limit_ - size) return false;
    records_.append(reinterpret_cast<const char*>(lengths), sizeof lengths);
    records_.append(subject).push_back('\0');
    records_.append(reply).push_back('\0');
    records_.append(bytes);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return begin_ == records_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return records_.size() - begin_; }

  struct record {
    const char* subject;  // ends with a byte of 0, as does
    const char* reply;    // null where none is wanted
    std::string_view bytes;
  };
  /// The first. REQUIRES: not empty. It lives until the next call.
  [[nodiscard]] record front() const noexcept {
    std::uint64_t lengths[3];
    std::memcpy(lengths, records_.data() + begin_, sizeof lengths);
    const char* subject = records_.data() + begin_ + sizeof lengths;
    const char* reply = subject + lengths[0] + 1;
    return {subject, lengths[1] == 0 ? nullptr : reply, {reply + lengths[1] + 1, lengths[2]}};
  }
  void pop_front() noexcept {
    const record first = front();
    begin_ = static_cast<std::size_t>(first.bytes.data() + first.bytes.size() - records_.data());
    if (empty()) clear();
  }

  /// Puts what the other has in front, and empties it. The limit does not count.
  void take_in_front(away_buffer& other) {
    other.records_.erase(0, other.begin_);
    other.begin_ = 0;
    other.records_.append(records_, begin_);
    records_.swap(other.records_);
    begin_ = 0;
    other.clear();
  }
  void swap(away_buffer& other) noexcept {
    records_.swap(other.records_);
    std::swap(begin_, other.begin_);
  }

 private:
  void clear() noexcept {
    std::string().swap(records_);  // up to 64 MiB that may never be wanted again
    begin_ = 0;
  }

  const std::size_t limit_;
  std::size_t begin_ = 0;  // of what is not popped
  std::string records_;
};

}  // namespace parwork::nats::detail
