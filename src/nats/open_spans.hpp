// The spans of a run that are not finished: each with what stops it, and how many of its items are
// still without an outcome.
//
// Thread safety: one thread at a time, but for the listener, which any thread may call. Invariants:
// a span stays at its place until its last item has an outcome; then it is finished and gone. A
// number of a span is never given out twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "parwork/detail/nats_remote.hpp"

namespace parwork::nats::detail {

/// Names a span for good: its place, and which of the spans that have been at it.
struct span_number {
  std::uint32_t place = 0;
  std::uint32_t generation = 0;

  friend bool operator==(const span_number&, const span_number&) = default;
};

/// Hears that a span is to stop. Any thread, at any time; it must not block, nor call the spans.
class stop_listener {
 public:
  virtual void span_stops(span_number which) noexcept = 0;

 protected:
  ~stop_listener() = default;
};

/// Consecutive items of a span, one or more.
struct piece {
  std::uint32_t place = 0;  // of the span
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

class open_spans {
 public:
  explicit open_spans(stop_listener& listener) : listener_(listener) {}

  /// REQUIRES: it has an item or more. The listener may be called before this returns.
  span_number open(std::unique_ptr<outgoing_span> span);

  /// REQUIRES, here and below: a span is at that place.
  [[nodiscard]] outgoing_span& at(std::uint32_t place) noexcept { return *slots_[place].span; }
  [[nodiscard]] bool is_stopped(std::uint32_t place) const noexcept {
    return slots_[place].is_stopped;
  }
  /// So many more of its items have an outcome. The last one finishes it.
  void settle(std::uint32_t place, std::size_t items) noexcept;

  /// False where it is finished, or is stopped already.
  bool stop(span_number which) noexcept;

  /// Ends the run by `error` through one of them, and abandons all.
  void end_run(const std::exception_ptr& error) noexcept;

  [[nodiscard]] bool empty() const noexcept { return spans_ == 0; }
  /// Items without an outcome.
  [[nodiscard]] std::size_t items() const noexcept { return items_; }

 private:
  struct notify {
    stop_listener* listener;
    span_number which;
    void operator()() const noexcept { listener->span_stops(which); }
  };
  struct slot {
    std::unique_ptr<outgoing_span> span;
    std::optional<std::stop_callback<notify>> on_stop;
    std::size_t unfinished = 0;
    std::uint32_t generation = 0;
    bool is_stopped = false;
  };

  void clear(slot& one) noexcept;

  stop_listener& listener_;
  std::deque<slot> slots_;  // which a stop_callback may not leave
  std::vector<std::uint32_t> free_;
  std::size_t spans_ = 0;
  std::size_t items_ = 0;
};

}  // namespace parwork::nats::detail
