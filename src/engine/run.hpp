// One call of `process`, inside.
//
// Each part owns its state and has a file; `run` keeps them together. Arrows go down this table and
// never back:
//
//   run               start and end, and what user code calls back
//   course            the loop of a worker
//   intake            where new items come from          stealing          what others have not
//   returning_items   retries, asynchronous ends                           started
//   spawning          items that work adds               telling           progress, summary
//   delivery          how finished items get to the collector
//   ending            stop, failures, the end            admission         indices and order
//   lingering         spans that wait for items         gatekeeping       pause, number of workers
//   wakeups           sleeping and waking                credits           the bound
//   offered_batches, batch_stock, window, roster         lists of batches and of workers
//
// Invariants that no part can keep alone:
// 1. Whoever makes something that another thread could take calls wakeups::notify before it enters
//    user code, or holds the wake-up back. Whoever goes to sleep says so, passes a heavy barrier,
//    and searches once more. See wakeups.hpp.
// 2. The run is over when nothing more is produced and everything produced has been delivered. Then
//    `ending` says so, once, on a thread that the caller still waits for.
// 3. Lock order: control, outside, returning_items, gate, pool, worker::lock, lingering, window,
//    offered.
//    User code is called with none of them held, but the constructor that moves a spawned item.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/control_state.hpp"
#include "engine/course.hpp"
#include "engine/credits.hpp"
#include "engine/delivery.hpp"
#include "engine/ending.hpp"
#include "engine/gatekeeping.hpp"
#include "engine/intake.hpp"
#include "engine/lingering.hpp"
#include "engine/offered.hpp"
#include "engine/os_thread.hpp"
#include "engine/parker.hpp"
#include "engine/pool_state.hpp"
#include "engine/returning_items.hpp"
#include "engine/roster.hpp"
#include "engine/run_shape.hpp"
#include "engine/spawning.hpp"
#include "engine/stealing.hpp"
#include "engine/telling.hpp"
#include "engine/wakeups.hpp"
#include "engine/window.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"
#include "recording/recording.hpp"

namespace parwork::detail {

// How many threads a run may have, and how many items: settled before its parts are made.
struct run_plan {
  run_shape shape;
  std::uint64_t queue = 1;          // to begin with
  std::uint64_t longest_queue = 0;  // what it may grow to; 0: as it is
  unsigned limit = 1;               // workers, until somebody resizes the run
  unsigned seats = 0;               // for the pool's threads
  unsigned helpers = 0;             // of the pool
  unsigned own_threads = 0;         // beyond it
  // Before anything else is made: that takes time, and is the run's.
  clock::time_point started = clock::now();
};

class run final : public run_services, private wakeups::questions {
 public:
  run(run_hooks& hooks, const run_traits& its_traits, options&& given);
  ~run();
  run(const run&) = delete;
  run& operator=(const run&) = delete;

  // See run_handle.
  void begin();
  [[nodiscard]] bool serve_caller();
  [[nodiscard]] summary end();
  void let_go(const kept_item& its) noexcept;
  void request_stop() noexcept;
  [[nodiscard]] progress now() const { return telling_.now(); }
  [[nodiscard]] pool_state& pool() noexcept { return pool_; }
  [[nodiscard]] unsigned workers() const noexcept { return plan_.shape.most(); }

  // --- run_services ---
  void item_failed(std::uint64_t index, const failure& why, unsigned attempts) noexcept override;
  void count(worker_base& by, const outcome_counts& handed_over) noexcept override;
  void collector_threw(std::exception_ptr error) noexcept override;
  void element_threw(std::exception_ptr error) noexcept override;
  void count_retry() noexcept override { returning_.count_retry(); }
  bool go_on_with_stack(worker_base& by) noexcept override;
  bool take_memory(std::uint64_t bytes) noexcept override { return credits_.take_memory(bytes); }
  void give_back_memory(std::uint64_t bytes) noexcept override { credits_.give_back_memory(bytes); }
  bool must_leave(worker_base& by) noexcept override;
  void delivered_some(worker_base& by, batch& b, std::uint32_t upto,
                      std::uint32_t items) noexcept override;
  void spawn(worker_base& by, const std::type_info& type, void* child) override;
  void retry_later(batch& lone) noexcept override { returning_.put_to_wait(lone); }
  void async_finished(batch& b) noexcept override { returning_.put_finished(b); }
  attempt_stop_ptr make_attempt_stop(clock::time_point deadline) override;

 private:
  // --- wakeups::questions ---
  [[nodiscard]] bool is_there_work(unsigned number) noexcept override {
    return course_.is_there_work(number);
  }
  bool help(unsigned number, searching search) noexcept override;
  void take_part_until_it_is_over(unsigned number) noexcept override;

  // Threads that have a part each, and where the one that reports progress sleeps.
  struct part_threads {
    os_thread generator;
    os_thread collector;
    os_thread progress;
    parker progress_place;
  };

  // Where batches lie that no worker has.
  struct batch_lists {
    window order;
    batch_stock stock;
    offered_batches offered;
  };

  struct stop_request {
    run& its;
    void operator()() const noexcept { its.request_stop(); }
  };

  void start_threads();
  void join_threads();
  // The calling thread takes part as worker `number`. May throw std::bad_alloc.
  worker& enter(unsigned number);
  [[nodiscard]] worker* try_enter(unsigned number) noexcept;
  [[nodiscard]] worker& make_worker(unsigned number);
  [[nodiscard]] worker& outside() PARWORK_REQUIRES(outside_lock_);
  // Out of line: it would cost every spawn its registers.
  [[gnu::noinline]] void spawn_from_outside(const std::type_info& type, void* child)
      PARWORK_EXCLUDES(outside_lock_);
  void report_progress() noexcept;
  void report_progress_until_over() noexcept;
  [[nodiscard]] summary summarise();
  void end_recording(const summary& counts, const std::exception_ptr& error);

  run_hooks& hooks_;
  const run_traits traits_;
  options options_;
  pool_state& pool_;
  control_claim control_;
  const run_plan plan_;
  recording* recording_;  // null: nothing is recorded
  roster workers_;
  credits credits_;
  batch_lists lists_;
  wakeups wakeups_;
  gatekeeping gate_;
  ending ending_;
  admission admission_;
  returning_items returning_;
  spawning spawning_;
  lingering lingering_;
  stealing stealing_;
  intake intake_;
  delivery delivery_;
  course course_;
  telling telling_;
  part_threads threads_;
  std::optional<std::stop_callback<stop_request>> on_stop_;  // while it goes on
  mutex outside_lock_;  // for what threads do that are no workers
};

}  // namespace parwork::detail
