// The promise of an asynchronous work's result.
//
// Thread safety: a completer may be used and destroyed on any thread, by one thread at a time.
// Invariants: an item is finished once: by the completer's use, by its destruction unused, or by an
// exception that leaves work before either counts.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "parwork/detail/async_call.hpp"
#include "parwork/failure.hpp"

namespace parwork {

/// Finishes one item of asynchronous work. Move-only. Destroyed unused it fails its item with
/// `failure_kind::abandoned`. `process` waits for every item that is outstanding.
template <class R>
class completer {
 public:
  explicit completer(std::shared_ptr<detail::async_result<R>> call) noexcept
      : call_(std::move(call)) {}
  completer(completer&&) noexcept = default;
  completer& operator=(completer&& other) noexcept {
    completer(std::move(other)).swap(*this);
    return *this;
  }
  ~completer() {
    if (call_) call_->abandon();
  }

  void swap(completer& other) noexcept { call_.swap(other.call_); }

  /// Finishes the item with a result. Throws `std::logic_error` where the completer was used before
  /// or moved from. An exception from making the result becomes the item's failure.
  template <class... Value>
    requires(std::is_void_v<R>
                 ? sizeof...(Value) == 0
                 : sizeof...(Value) == 1 && (std::constructible_from<R, Value> && ...))
  void succeed(Value&&... value) {
    const auto call = take();
    if (!call->claim()) return;
    try {
      call->result.emplace(std::in_place, std::forward<Value>(value)...);
    } catch (...) {
      call->result.emplace(std::unexpect, failure(std::current_exception()));
    }
    call->publish();
  }

  /// Finishes the item with a failure. Throws `std::logic_error` where the completer was used
  /// before or moved from.
  void fail(failure why) {
    const auto call = take();
    if (!call->claim()) return;
    call->result.emplace(std::unexpect, std::move(why));
    call->publish();
  }

  /// As `context`'s. REQUIRES, here and below: not used, not moved from.
  [[nodiscard]] std::uint64_t index() const noexcept { return call_->which().index; }
  [[nodiscard]] unsigned attempt() const noexcept { return call_->which().number; }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
    return call_->which().deadline;
  }
  [[nodiscard]] std::stop_token stop_token() const { return call_->stop_token(); }

 private:
  std::shared_ptr<detail::async_result<R>> take() {
    if (!call_) throw std::logic_error("parwork: this completer was used before, or moved from");
    return std::exchange(call_, nullptr);
  }

  std::shared_ptr<detail::async_result<R>> call_;
};

}  // namespace parwork
