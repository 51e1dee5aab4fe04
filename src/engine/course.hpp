// The course of a worker: get a batch, work on it, deliver it; search; and what goes between two
// items.
//
// Sources (intake, stealing, returning_items, spawning, offered_batches) give a batch and call no
// work; this is where work is called, by run_hooks.
//
// Thread safety: each worker's functions on its own thread; `is_there_work` on any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/credits.hpp"
#include "engine/delivery.hpp"
#include "engine/ending.hpp"
#include "engine/gatekeeping.hpp"
#include "engine/intake.hpp"
#include "engine/offered.hpp"
#include "engine/returning_items.hpp"
#include "engine/run_shape.hpp"
#include "engine/spawning.hpp"
#include "engine/stealing.hpp"
#include "engine/wakeups.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class course {
 public:
  course(run_hooks& hooks, const run_shape& shape, const std::atomic<std::uint32_t>& attention,
         const std::uint64_t& kept, credits& its_credits, offered_batches& offered, wakeups& wakes,
         ending& its_end, gatekeeping& gate, returning_items& returning, spawning& spawned,
         stealing& thefts, intake& entrance, delivery& exit) noexcept
      : hooks_(hooks),
        shape_(shape),
        attention_(attention),
        kept_(kept),
        credits_(its_credits),
        offered_(offered),
        wakeups_(wakes),
        ending_(its_end),
        gate_(gate),
        returning_(returning),
        spawning_(spawned),
        stealing_(thefts),
        intake_(entrance),
        delivery_(exit) {}
  course(const course&) = delete;
  course& operator=(const course&) = delete;

  // Works until there is nothing to do, also after a search.
  void serve(worker& w);
  // Whether there is anything that worker `number` could do now.
  [[nodiscard]] bool is_there_work(unsigned number) noexcept;

  // What an item took lately: a guess.
  [[nodiscard]] std::chrono::nanoseconds usual_item() const noexcept {
    return std::chrono::nanoseconds(item_ns_.load(std::memory_order_relaxed));
  }
  void expect_items_of(std::chrono::nanoseconds length) noexcept {
    item_ns_.store(length.count(), std::memory_order_relaxed);
  }

  // --- between two items, when something asks for attention ---

  // A thief, the clock, a stop, a sleeper, spawned items, a duty: see item_cursor::next.
  [[nodiscard]] claim next_item(worker& w, batch& b, std::uint32_t i);
  [[nodiscard]] std::uint32_t next_span(worker& w, batch& b, std::uint32_t i, std::uint32_t most);
  void part_behind(worker& w, batch& b, std::uint32_t from);
  [[nodiscard]] bool pull_more(worker& w, std::uint32_t filled) {
    return intake_.pull_more(w, filled);
  }
  [[nodiscard]] bool go_on_with_stack(worker& w) noexcept;
  // Whether it may begin nothing new: the run is paused, or has fewer workers now, or its thread is
  // awaited elsewhere.
  [[nodiscard]] bool must_leave(const worker& w) const noexcept {
    return gate_.holds_back(w.number) || is_awaited(w);
  }
  void begin_recorded_attempt(worker& w) noexcept;

 private:
  // The caller is to look at what has been kept for it.
  [[nodiscard]] bool is_awaited(const worker& w) const noexcept {
    return w.number == 0 && kept_ > 0;
  }
  bool step(worker& w);
  bool search_again(worker& w);
  bool search_until(worker& w, tick_clock::time_point end);
  // The caller alone calls the generator, and others work.
  [[nodiscard]] bool generates(const worker& w) const noexcept {
    return shape_.generator_thread == runs_on::caller && w.number == 0 && !credits_.is_closed() &&
           shape_.workers > 1;
  }
  [[nodiscard]] bool has_duty(const worker& w) const noexcept;
  [[nodiscard]] bool has_to_fill(const worker& w) noexcept;
  bool work_on_new(worker& w);
  bool work_on_offered(worker& w);
  bool work_on_returned(worker& w);
  bool work_on_stolen(worker& w, stealing::victims whom);
  bool work_on_spawned(worker& w, const spawning::found& got);
  tick_clock::time_point work_on(worker& w, batch& b);
  tick_clock::time_point work_on_whole(worker& w, batch& b);
  [[nodiscard]] batch* moved_if_too_large(worker& w, batch& b) noexcept;
  [[nodiscard]] work_end work_through(worker& w, batch& b);
  bool work_off_stack(worker& w);
  void settle(worker& w, batch& b);
  void note_item_time(worker& w, std::chrono::nanoseconds taken, std::uint32_t items) noexcept;
  void pause_between(worker& w, batch& b, std::uint32_t i);
  void do_duty(worker& w, batch& b, std::uint32_t i);
  [[nodiscard]] bool has_only_read_clock(worker& w, const batch& b, std::uint32_t i) noexcept;
  static void note_clock(worker& w, tick_clock::time_point now, std::uint32_t i) noexcept;
  void read_clock(worker& w, batch& b, std::uint32_t i) noexcept;

  run_hooks& hooks_;
  const run_shape& shape_;
  const std::atomic<std::uint32_t>& attention_;
  const std::uint64_t& kept_;  // the caller's own
  credits& credits_;
  offered_batches& offered_;
  wakeups& wakeups_;
  ending& ending_;
  gatekeeping& gate_;
  returning_items& returning_;
  spawning& spawning_;
  stealing& stealing_;
  intake& intake_;
  delivery& delivery_;
  std::uint64_t fill_upto_ = 0;  // produced items; the caller's own; 0: it is not at it
  alignas(64) std::atomic<std::int64_t> item_ns_{0};
};

}  // namespace parwork::detail
