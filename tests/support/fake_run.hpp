// What a form of work sees of its run, without an engine behind it.
//
// Thread safety: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "parwork/detail/run.hpp"

namespace parwork_test {

class fake_services final : public parwork::detail::run_services {
 public:
  using worker = parwork::detail::worker_base;
  using batch = parwork::detail::batch;

  void item_failed(std::uint64_t index, const parwork::failure&, unsigned) noexcept override {
    failed.push_back(index);
  }
  void count(worker&, const parwork::detail::outcome_counts& some) noexcept override {
    counts.succeeded += some.succeeded;
    counts.failed += some.failed;
    counts.cancelled += some.cancelled;
  }
  void collector_threw(std::exception_ptr why) noexcept override {
    error = std::move(why);
    discarding.store(true);
  }
  void element_threw(std::exception_ptr why) noexcept override { error = std::move(why); }
  void count_retry() noexcept override { ++retries; }
  bool go_on_with_stack(worker&) noexcept override { return true; }
  bool take_memory(std::uint64_t) noexcept override { return true; }
  void give_back_memory(std::uint64_t) noexcept override {}
  bool must_leave(worker&) noexcept override { return false; }
  void delivered_some(worker&, batch&, std::uint32_t, std::uint32_t) noexcept override {}
  void spawn(worker&, const std::type_info&, void*) override {}
  void retry_later(batch& lone) noexcept override { waiting.push_back(&lone); }
  void async_finished(batch& lone) noexcept override { ended.push_back(&lone); }
  parwork::detail::attempt_stop_ptr make_attempt_stop(
      std::chrono::steady_clock::time_point) override {
    return nullptr;
  }

  std::vector<std::uint64_t> failed;
  parwork::detail::outcome_counts counts;
  std::exception_ptr error;
  int retries = 0;
  std::vector<batch*> waiting;
  std::vector<batch*> ended;
};

class fake_worker final : public parwork::detail::worker_base {
 public:
  explicit fake_worker(const fake_services& run) noexcept : worker_base(run.attention, 0) {}
};

/// A batch with these items, to be freed empty.
template <class Batch, class Items>
Batch* batch_of(const Items& items, std::uint64_t first_index = 0) {
  Batch* const made = Batch::make(static_cast<std::uint32_t>(items.size()));
  made->first_index = first_index;
  std::uint32_t filled = 0;
  for (const auto& item : items) std::construct_at(made->items() + filled++, item);
  made->filled.store(filled);
  made->limit.store(filled);
  return made;
}

}  // namespace parwork_test
