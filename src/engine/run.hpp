// One call of `process`, inside: who pulls, who works, who collects, who sleeps.
//
// Files: run.cpp (start, end, the course of a worker), feeding.cpp (generator, credits, stealing),
// delivering.cpp (the collector), sleeping.cpp (sleep and wake), later.cpp (retries, asynchronous
// items, spawning), telling.cpp (progress, summary, recording).
//
// Invariants:
// 1. One thread at a time holds the pull gate and calls the generator; one at a time holds the
// collect gate and calls
//    the collector. Nobody waits for a gate: who finds it taken does something else.
// 2. produced_ - delivered_ <= queue: only the holder of the pull gate (or a claim of a slice, by
// compare and swap)
//    adds to produced_, and only within the room there is.
// 3. Whoever makes something that another thread could take calls `notify` before it enters user
// code, or holds the
//    wake-up back and has the pool's sentry look after it. Whoever goes to sleep says so, passes a
//    heavy barrier, and looks once more. So nothing that can be taken stays while a thread that
//    could take it sleeps. See sleeping.cpp.
// 4. The run is over when the generator has ended and everything produced has been delivered. Then
// `finished_` is set,
//    once, by a thread that the caller still waits for.
// 5. Lock order: outside_lock_, pool, worker::lock, window, offered. User code is called with none
// of them held.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "engine/parker.hpp"
#include "engine/pool_state.hpp"
#include "engine/timer.hpp"
#include "engine/window.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"
#include "recording/recording.hpp"

namespace parwork::detail {

class run final : public run_services, private index_source {
 public:
  run(run_hooks& hooks, const run_traits& its_traits, options&& given);
  ~run();
  run(const run&) = delete;
  run& operator=(const run&) = delete;

  summary execute();
  [[nodiscard]] unsigned workers() const noexcept { return workers_; }

  // --- for workers, between items ---
  claim next_item(worker& w, batch& b, std::uint32_t i);
  std::uint32_t next_span(worker& w, batch& b, std::uint32_t i, std::uint32_t most);
  bool pull_more(worker& w, std::uint32_t filled);
  void begin_recorded_attempt(worker& w) noexcept;

  // --- for the pool; all with its lock held but `help` ---
  void help(unsigned number, searching search);
  // Whether there is anything that worker `number` could do now; any number above the run's: a
  // helper to be.
  [[nodiscard]] bool look_for_work(unsigned number) noexcept;
  // Yes: the caller has become the thread that makers rely on.
  [[nodiscard]] searching search_unless_others_do() noexcept;
  lending& terms() noexcept { return lending_; }
  [[nodiscard]] bool may_start_thread() const noexcept { return extra_left_.load() > 0; }
  void set_lendable(bool lendable) noexcept;
  parker& end_parker() noexcept { return end_parker_; }
  // Whether a wake-up has been held back and there is something to take still.
  [[nodiscard]] bool take_held_back() noexcept;
  void notify() noexcept;

  // --- run_services ---
  void item_failed(std::uint64_t index, const failure& why, unsigned attempts) noexcept override;
  void count(worker_base& by, const tally& handed_over) noexcept override;
  void collector_threw(std::exception_ptr error) noexcept override;
  void element_threw(std::exception_ptr error) noexcept override;
  void count_retry() noexcept override;
  bool go_on_with_stack(worker_base& by) noexcept override;
  void delivered_some(worker_base& by, batch& b, std::uint32_t upto,
                      std::uint32_t items) noexcept override;
  void spawn(worker_base& by, const std::type_info& type, void* child) override;
  void retry_later(batch& lone) noexcept override;
  void async_finished(batch& lone) noexcept override;
  attempt_stop_ptr make_attempt_stop(clock::time_point deadline) override;

 private:
  // run.cpp
  void start_threads();
  void serve(worker& w);
  bool step(worker& w);
  bool look_again(worker& w);
  bool look_until(worker& w, tick_clock::time_point end);
  void pause_between(worker& w, batch& b, std::uint32_t i);
  void look(worker& w, batch& b, std::uint32_t i) noexcept;
  void note_item_time(worker& w, std::chrono::nanoseconds taken, std::uint32_t items) noexcept;
  tick_clock::time_point work_on(worker& w, batch& b);
  [[nodiscard]] work_end work_through(worker& w, batch& b);
  void complete(worker& w, batch& b);
  worker& enter(unsigned number);
  void set_error(std::exception_ptr error) noexcept;
  void request_stop() noexcept;
  [[nodiscard]] bool stopping() const noexcept { return (attention.load() & attention_stop) != 0; }
  void check_finished() noexcept;
  void finish() noexcept;
  [[nodiscard]] std::uint64_t spawned() const noexcept;
  [[nodiscard]] std::uint64_t delivered_spawned() const noexcept;
  [[nodiscard]] tally handed_over() const noexcept;

  // telling.cpp
  void report_progress() noexcept;
  void progress_main() noexcept;
  [[nodiscard]] progress look_at_progress() const;
  [[nodiscard]] summary summarise();
  [[nodiscard]] summary counted();
  void attribute_time(summary& s) const;
  void begin_recording();
  void end_recording(const summary& counts, const std::exception_ptr& error);
  [[nodiscard]] static std::int64_t recorded_now() noexcept;

  // feeding.cpp
  static constexpr std::uint64_t no_more_claims = std::uint64_t{1} << 63;
  [[nodiscard]] std::uint64_t produced() const noexcept {
    return produced_.load() & ~no_more_claims;
  }
  [[nodiscard]] std::uint64_t room() const noexcept;
  [[nodiscard]] bool generator_waits_for(unsigned number) const noexcept;
  [[nodiscard]] std::uint32_t batch_size(const worker& w, std::uint64_t room) const noexcept;
  bool feed(worker& w);
  bool feed_slice(worker& w);
  [[nodiscard]] batch* pull_batch(worker& w);
  [[nodiscard]] batch* claim_slice(worker& w);
  struct slice {
    std::uint64_t position = 0;
    std::uint32_t count = 0;
  };
  [[nodiscard]] slice claim_elements(const worker& w);
  [[nodiscard]] batch* batch_for(worker& w, const slice& claimed) noexcept;
  void copy_elements(batch& b, const slice& claimed) noexcept;
  void note_peak(std::uint64_t in_flight) noexcept;
  [[nodiscard]] bool has_duty(const worker& w) const noexcept;
  void end_pull(worker& w, batch& b, pull_end how);
  void generator_ended() noexcept;
  void admit(batch& b, std::uint32_t from, std::uint32_t upto) noexcept;
  void generator_main();
  void offer(batch& b) noexcept;
  bool take_offered(worker& w);
  enum class victims { cheap, all };
  bool steal(worker& w, victims whom);
  [[nodiscard]] batch* take_front(worker& w, worker& victim);
  [[nodiscard]] batch* take_back(worker& w, worker& victim);
  [[nodiscard]] batch* part_of(worker& w, batch& b, std::uint32_t from,
                               std::uint32_t upto) noexcept;
  void move_part(batch& b, std::uint32_t from, std::uint32_t upto, batch& rest) noexcept;
  [[nodiscard]] batch* split_off(worker& w, batch& b, std::uint32_t from,
                                 std::uint32_t upto) noexcept;
  [[nodiscard]] batch* acquire(worker& w, std::uint32_t slots);
  [[nodiscard]] batch* try_acquire(worker& w, std::uint32_t slots) noexcept;
  void recycle(worker& w, batch& b) noexcept;

  void adapt(worker& w, std::uint32_t items, std::chrono::nanoseconds taken) noexcept;

  // delivering.cpp
  [[nodiscard]] bool may_collect(unsigned number) const noexcept;
  bool collect_if_requested(worker& w) noexcept;
  void request_delivery(worker* w, std::uintptr_t what) noexcept;
  void leave_to_collector(worker& w, batch& b) noexcept;
  void collect(worker& w, std::uintptr_t left, batch* own) noexcept;
  void collect_left(worker& w, std::uintptr_t left) noexcept;
  [[nodiscard]] static batch* batches_in(std::uintptr_t left) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): pointer and flags have to change in one exchange
    return reinterpret_cast<batch*>(left & ~collect_flags);
  }
  [[nodiscard]] bool is_collect_requested() const noexcept {
    const std::uintptr_t now = collect_word_.load();
    return now != 0 && (now & collect_held) == 0;
  }
  void drain_window(worker& w) noexcept;
  [[nodiscard]] bool is_exhausted(worker& w, const batch& b) noexcept;
  void harvest(worker& w) noexcept;
  void deliver_upto(worker& w, batch& b, std::uint32_t upto) noexcept;
  void flush(worker& w, batch& b) noexcept;
  void account(worker& w, batch& b, std::uint32_t items) noexcept;
  void add_delivered(std::uint32_t items) noexcept;
  void collector_main();
  void see_harvest() noexcept;

  // sleeping.cpp
  void notify_in_time(worker& w, tick_clock::time_point now) noexcept;
  void note_stay(const worker& w) noexcept;
  bool wake_sleeper() noexcept;
  void wake_owner(runs_on where, parker& own_thread) noexcept;
  bool start_extra() noexcept;
  void found_work(worker& w) noexcept;
  void give_up(worker& w) noexcept;
  void sleep_here(worker& w);
  [[nodiscard]] bool leave_list(sleeper& self) noexcept;
  bool see_stealable(victims whom) noexcept;
  void extra_main(unsigned number);

  // later.cpp
  // An item that waits for its next attempt. Its list place and `listed_` are guarded by
  // outside_lock_.
  class retry_wait final : public timer_entry {
   public:
    retry_wait(run& its_run, batch& lone) noexcept : run_(its_run), lone_(lone) {}
    void fire() noexcept override;

   private:
    friend class run;
    run& run_;
    batch& lone_;
    std::list<retry_wait>::iterator place_ = {};
    bool listed_ = true;
    started_attempt recorded_ = {};
  };
  void schedule_retry(batch& lone) noexcept;
  bool put_to_wait(batch& lone) noexcept;
  void release_retries() noexcept;
  void record_wait(const retry_wait& over) noexcept;
  void settle_finished(worker& w, batch& lone);
  bool settle_some(worker& w);
  std::uint64_t next() noexcept override;
  void stack_child(worker& w, void* child);
  void list_child(worker& w, void* child);
  bool work_off_stack(worker& w);
  bool take_spawned(worker& w);
  bool steal_spawned(worker& w);

  template <class Try>
  bool any_other(unsigned number, Try&& attempt);

  run_hooks& hooks_;
  const run_traits traits_;
  options options_;
  pool_state& pool_;
  lending lending_;
  unsigned workers_ = 1;
  std::uint64_t queue_ = 1;
  runs_on generator_on_ = runs_on::workers;
  runs_on collector_on_ = runs_on::workers;
  bool folds_ = false;
  bool straight_ = false;  // slices of the split range are straight batches
  bool ordered_ = false;
  const clock::time_point started_ = clock::now();
  recording* recording_ = nullptr;  // null: nothing is recorded
  const barrier_kind barrier_ = available_barrier();

  // One slot a worker, and one each for a generator's and a collector's own thread. Filled when a
  // thread first comes.
  std::vector<std::atomic<worker*>> slots_;

  // --- feeding ---
  alignas(64) std::atomic<std::uint32_t> pull_gate_{0};  // 1: held
  std::atomic<bool> ended_{false};                       // the generator will not be called again
  std::atomic<std::uint64_t> produced_{0};  // items of the generator; of a split range also closed
  std::atomic<std::uint64_t> peak_{0};
  alignas(64) std::atomic<std::uint64_t> straight_now_{
      0};             // straight batches being worked on: an item each
  mutex slice_lock_;  // claims and the window's order go together
  mutex offered_lock_;
  batch* first_offered_ PARWORK_GUARDED_BY(offered_lock_) = nullptr;
  batch* last_offered_ PARWORK_GUARDED_BY(offered_lock_) = nullptr;
  std::atomic<std::uint32_t> offered_{0};  // written under the lock, read without as a hint

  // The next fresh index; of a sized generator the next spawned item's, less its size. On a line of
  // its own: workers that spawn take turns at it.
  alignas(64) std::atomic<std::uint64_t> indices_{0};

  // --- delivering ---
  // The gate and what has been left at it, in one word, so that letting go and leaving cannot miss
  // each other: finished batches, newest first, and two flags.
  static constexpr std::uintptr_t collect_held = 1;  // somebody collects
  static constexpr std::uintptr_t collect_look = 2;  // also look into the window, or, without
                                                     // order, into batches that are being worked on
  static constexpr std::uintptr_t collect_flags = collect_held | collect_look;
  alignas(64) std::atomic<std::uintptr_t> collect_word_{0};
  std::atomic<std::uint64_t> delivered_{0};  // of the generator's items
  window window_;
  std::atomic<std::uint64_t> retries_{0};

  // --- sleeping ---
  // Held while batches that thieves look at without their worker's lock must not be freed.
  mutex hint_lock_;
  alignas(64) std::atomic<bool> searching_{false};
  std::atomic<bool> held_back_{false};
  std::atomic<std::int64_t> item_ns_{0};  // what an item took lately
  // Work that adds up to this is worth a wake-up, in nanoseconds: more where those who are woken do
  // not stay.
  static constexpr std::int64_t least_worth_waking = 20'000;
  std::atomic<std::int64_t> worth_waking_{least_worth_waking};
  std::atomic<bool> finished_{false};
  mutex sleep_lock_;
  sleeper* sleepers_ PARWORK_GUARDED_BY(sleep_lock_) = nullptr;
  parker end_parker_;        // the caller, waiting for the pool's threads to leave
  parker generator_parker_;  // the generator's own thread, waiting for room
  parker collector_parker_;  // the collector's own thread, waiting for finished items
  parker progress_parker_;

  // --- threads of this run alone ---
  mutex extra_lock_;
  std::vector<std::thread> extra_ PARWORK_GUARDED_BY(extra_lock_);
  std::atomic<unsigned> extra_left_{0};
  unsigned next_extra_ PARWORK_GUARDED_BY(extra_lock_) = 0;
  std::thread generator_thread_;
  std::thread collector_thread_;
  std::thread progress_thread_;

  // --- stopping and failing ---
  std::stop_source stop_source_;
  std::atomic<bool> stop_requested_{false};
  mutex error_lock_;
  std::exception_ptr error_ PARWORK_GUARDED_BY(error_lock_);
  std::optional<failure> first_failure_ PARWORK_GUARDED_BY(error_lock_);

  // --- items that come back from outside: the timer, completers ---
  mutex outside_lock_;
  std::list<retry_wait> waiting_ PARWORK_GUARDED_BY(outside_lock_);
  batch* settled_ PARWORK_GUARDED_BY(outside_lock_) = nullptr;
  std::atomic<std::uint32_t> settled_count_{0};  // written under the lock, read without as a hint
};

// Tries `attempt(victim)` on every other worker, starting behind `number`, until one succeeds.
template <class Try>
bool run::any_other(unsigned number, Try&& attempt) {
  const auto count = slots_.size();
  for (std::size_t ahead = 1; ahead < count; ++ahead) {
    worker* const victim =
        slots_[(number + ahead) % count].load(std::memory_order_acquire);  // partner: enter()
    if (victim != nullptr && attempt(*victim)) return true;
  }
  return false;
}

}  // namespace parwork::detail
