// What a work function sees of its run where there is none: served work is called on a worker of
// another machine, with the submitter's index and attempt.
//
// Thread safety: `attempt_stops` may be used by any thread. A `served_run` belongs to the thread
// that executes a batch, but for what a context gives away.
// Invariant: `attempt_stops` outlives all stop tokens' owners that it has made.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <typeinfo>
#include <utility>

#include "parwork/context.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/failure.hpp"

namespace parwork::nats::detail {

/// Makes stop tokens that are also requested by a deadline. Its timer starts with the first one.
class attempt_stops {
 public:
  attempt_stops();
  ~attempt_stops();
  attempt_stops(const attempt_stops&) = delete;
  attempt_stops& operator=(const attempt_stops&) = delete;

  /// May throw std::bad_alloc and std::system_error.
  [[nodiscard]] parwork::detail::attempt_stop_ptr make(
      std::stop_token of_batch, std::chrono::steady_clock::time_point deadline);

 private:
  struct timers;
  std::unique_ptr<timers> timers_;
};

/// For one batch on one thread.
class served_run final : public parwork::detail::run_services {
 public:
  using worker_base = parwork::detail::worker_base;

  /// `stop`: asks what runs to stop.
  served_run(attempt_stops& stops, std::stop_token stop) noexcept : stops_(stops) {
    token = std::move(stop);
  }

  /// Throws std::logic_error: the submitter knows nothing of such an item.
  void spawn(worker_base& by, const std::type_info& type, void* child) override;
  [[nodiscard]] parwork::detail::attempt_stop_ptr make_attempt_stop(
      std::chrono::steady_clock::time_point deadline) override {
    return stops_.make(token, deadline);
  }

  // Work's callers use none of these.
  void item_failed(std::uint64_t, const failure&, unsigned) noexcept override {}
  void count(worker_base&, const parwork::detail::outcome_counts&) noexcept override {}
  void collector_threw(std::exception_ptr) noexcept override {}
  void element_threw(std::exception_ptr) noexcept override {}
  void count_retry() noexcept override {}
  bool go_on_with_stack(worker_base&) noexcept override { return true; }
  bool must_leave(worker_base&) noexcept override { return false; }
  void delivered_some(worker_base&, parwork::detail::batch&, std::uint32_t,
                      std::uint32_t) noexcept override {}
  bool take_memory(std::uint64_t) noexcept override { return true; }
  void give_back_memory(std::uint64_t) noexcept override {}
  void retry_later(parwork::detail::batch&) noexcept override {}
  void async_finished(parwork::detail::batch&) noexcept override {}

 private:
  attempt_stops& stops_;
};

/// The thread that executes a batch, as work's callers know it.
class served_thread final : public parwork::detail::worker_base {
 public:
  served_thread(const served_run& run, unsigned own_number) noexcept
      : worker_base(run.attention, own_number) {}
};

/// The failure of an execution that ended `late` after its deadline: as of a local run.
[[nodiscard]] failure late_failure(std::chrono::nanoseconds timeout,
                                   std::chrono::nanoseconds late) noexcept;
/// Of bytes that are no item of this type. REQUIRES: called while the exception is handled.
[[nodiscard]] failure undecodable_item(const std::type_info& type) noexcept;
[[nodiscard]] failure item_with_bytes_left(const std::type_info& type, std::size_t left) noexcept;
/// When an execution that begins now has to end. Saturates; without a timeout: never.
[[nodiscard]] std::chrono::steady_clock::time_point deadline_after(
    std::chrono::nanoseconds timeout) noexcept;

}  // namespace parwork::nats::detail
