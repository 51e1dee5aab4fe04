// What the completers of one item and of a span have in common: one call that they stand for, which
// is ended once.
//
// Thread safety: used and destroyed on any thread, by one thread at a time. Invariants: a call is
// ended by the first use, or abandoned by the destruction of what was never used.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <utility>

#include "parwork/detail/async_call.hpp"

namespace parwork::detail {

template <class Call>
class async_promise {
 public:
  explicit async_promise(std::shared_ptr<Call> call) noexcept : call_(std::move(call)) {}
  async_promise(async_promise&&) noexcept = default;
  async_promise& operator=(async_promise&& other) noexcept {
    async_promise(std::move(other)).swap(*this);
    return *this;
  }

  void swap(async_promise& other) noexcept { call_.swap(other.call_); }

  /// The item's, of a span the first one's; a span's items have consecutive ones. REQUIRES, here
  /// and below: not used, not moved from.
  [[nodiscard]] std::uint64_t index() const noexcept { return call_->which().index; }
  /// From 1; from 2 on a span has one item.
  [[nodiscard]] unsigned attempt() const noexcept { return call_->which().number; }
  /// When `options::timeout` of this attempt is over. Counted from the call of work.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
    return call_->which().deadline;
  }
  /// Requested by a stop of the run and by the deadline.
  [[nodiscard]] std::stop_token stop_token() const { return call_->stop_token(); }

 protected:
  ~async_promise() {
    if (call_) call_->abandon();
  }

  // Ends it with what `set` makes of the call, unless an exception has finished it before.
  template <class Set>
  void end(Set&& set) {
    if (!call_) throw std::logic_error("parwork: this completer was used before, or moved from");
    const auto call = std::exchange(call_, nullptr);
    if (!call->claim()) return;
    std::forward<Set>(set)(*call);
    call->publish();
  }
  [[nodiscard]] const Call& call() const noexcept { return *call_; }

 private:
  std::shared_ptr<Call> call_;
};

}  // namespace parwork::detail
