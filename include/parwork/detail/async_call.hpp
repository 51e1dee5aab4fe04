// One attempt of asynchronous work, shared by its completer and its run: at an item, or at a span
// of them.
//
// Thread safety: the completer's side (claim, publish, abandon) and the run's side (claim, publish,
// returned) may meet on different threads; `result` belongs to whoever claimed the call until it
// was published.
//
// Invariants (an item is here, where a call is for many, their span):
// 1. The item is finished when its call has returned and the call was published or abandoned; the
//    later of the two tells the run. So the item stays where it is until both have happened.
// 2. One side claims; the other's result is dropped. Abandoning claims nothing: an exception that
//    leaves work, and destroys the completer on its way, wins over it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/context.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

class batch;

inline void refuse_null_error(const std::exception_ptr& error) {
  if (!error) throw std::invalid_argument("parwork: end_run needs an exception, and got null");
}
// Without memory for it: the one of that.
[[nodiscard]] inline failure failure_of(const std::exception_ptr& error) noexcept {
  try {
    return failure(error);
  } catch (...) {
    return current_failure();
  }
}

class async_call {
 public:
  async_call(run_services& run, batch& item, attempt which)
      : run_(run), item_(item), which_(which) {}
  async_call(const async_call&) = delete;
  async_call& operator=(const async_call&) = delete;
  virtual ~async_call();

  [[nodiscard]] const attempt& which() const noexcept { return which_; }
  [[nodiscard]] std::stop_token stop_token();

  // True for the first caller, who then writes the result and publishes it.
  [[nodiscard]] bool claim() noexcept { return (state_.fetch_or(claimed) & claimed) == 0; }
  void publish() noexcept;
  void abandon() noexcept;
  // Ends the run, as a collector that throws does. REQUIRES: claimed by the caller, and not
  // published yet: so the run is there, whose item this is.
  void end_run(std::exception_ptr error) noexcept;
  // REQUIRES: finished, not closed. The run was ended by it, or was already when its completer was
  // destroyed unused: its failure is not the item's, and is neither tried again nor observed.
  [[nodiscard]] bool is_left_undone() const noexcept;

  // The call has come back to the worker: true where the item is finished now, by the worker
  // itself.
  [[nodiscard]] bool returned() noexcept;

  // The run has taken the outcome: from now on nothing of the run is touched by a completer that is
  // still about, as one is after an exception has finished its item.
  void close() noexcept;

  // Of a recorded run. Written before the call, read when it is settled.
  started_attempt recorded = {};

  // REQUIRES: finished.
  [[nodiscard]] bool was_abandoned() const noexcept { return (state_.load() & claimed) == 0; }
  [[nodiscard]] bool was_late() const noexcept { return late_.count() > 0; }
  [[nodiscard]] std::chrono::nanoseconds lateness() const noexcept { return late_; }

 private:
  enum : unsigned { claimed = 1, published = 2, abandoned = 4, back = 8 };

  void note_time() noexcept;

  run_services& run_;
  batch& item_;
  const attempt which_;
  std::atomic<unsigned> state_{
      0};  // every access is seq_cst: a few of them for each asynchronous item
  std::chrono::nanoseconds late_{0};  // written by the finisher before its state change
  bool has_ended_run_ = false;        // the same
  std::mutex stop_lock_;              // guards what follows
  bool closed_ = false;
  attempt_stop_ptr stop_;
};

template <class R>
class async_result : public async_call {
 public:
  using async_call::async_call;
  std::optional<std::expected<R, failure>> result;
};

// What asynchronous work on a span came to. One allocation a span, its results aside, which stay in
// the vector that the completer was given.
template <class R>
class async_span : public async_call {
  struct nothing {};
  using expected_type = std::expected<R, failure>;
  using value_type = std::conditional_t<std::is_void_v<R>, nothing, R>;

 public:
  async_span(run_services& run, batch& items, attempt which, std::uint32_t count)
      : async_call(run, items, which), size(count) {}

  const std::uint32_t size;

  // --- whoever has claimed it, once ---

  void set_failure(failure&& why) noexcept { why_.emplace(std::move(why)); }
  // A wrong number fails all.
  void set_outcomes(std::vector<expected_type>&& outcomes) noexcept {
    if (is_complete(outcomes.size())) outcomes_ = std::move(outcomes);
  }
  void set_values(std::vector<value_type>&& values) noexcept {
    if (is_complete(values.size())) values_ = std::move(values);
  }

  // --- the run; REQUIRES: published ---

  // Calls `to(i, make)` for each item of the span, where `make()` returns what became of it and is
  // called once at most.
  template <class To>
  void hand_over(To&& to) {
    if (why_) {
      for (std::uint32_t i = 0; i < size; ++i) {
        to(i, [this] { return expected_type(std::unexpect, *why_); });
      }
    } else if (!outcomes_.empty()) {
      for (std::uint32_t i = 0; i < size; ++i) {
        to(i, [this, i]() -> expected_type { return std::move(outcomes_[i]); });
      }
    } else if constexpr (std::is_void_v<R>) {
      for (std::uint32_t i = 0; i < size; ++i) {
        to(i, [] { return expected_type(); });
      }
    } else {
      for (std::uint32_t i = 0; i < size; ++i) {
        to(i, [this, i] {
          return expected_type(std::in_place, static_cast<R>(std::move(values_[i])));
        });
      }
    }
  }
  // What is left goes now, not with the completer.
  void drop_results() noexcept {
    std::vector<expected_type>().swap(outcomes_);
    std::vector<value_type>().swap(values_);
  }

 private:
  [[nodiscard]] bool is_complete(std::size_t count) noexcept {
    if (count == size) return true;
    try {
      throw std::length_error("parwork: batch_completer got " + std::to_string(count) +
                              " results for " + std::to_string(size) + " items");
    } catch (...) {
      set_failure(current_failure());
    }
    return false;
  }

  std::optional<failure> why_;  // of all
  std::vector<expected_type> outcomes_;
  std::vector<value_type> values_;
};

}  // namespace parwork::detail
