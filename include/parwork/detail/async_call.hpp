// One attempt of asynchronous work, shared by its completer and its run.
//
// Thread safety: the completer's side (claim, publish, abandon) and the run's side (claim, publish,
// returned) may meet on different threads; `result` belongs to whoever claimed the call until it
// was published.
//
// Invariants:
// 1. The item is finished when its call has returned and the call was published or abandoned; the
// later of the two
//    tells the run. So the item stays where it is until both have happened.
// 2. One side claims; the other's result is dropped. Abandoning claims nothing: an exception that
// leaves work, and
//    destroys the completer on its way, wins over it.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "parwork/context.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

class batch;

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

}  // namespace parwork::detail
