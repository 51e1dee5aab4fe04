// Where new items come from: the generator, or slices of a split range.
//
// Thread safety: stated with each member. Invariants:
// 1. One thread at a time holds the pull gate and calls the generator. Nobody waits for the gate:
//    who finds it taken does something else.
// 2. Everything pulled is admitted before the gate is released; what lingers has its credits by
//    then (lingering.hpp). While a batch is being filled, thieves take from its front under the
//    puller's lock, and admit what they take.
// 3. Behind credits::close the generator is not called again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/credits.hpp"
#include "engine/ending.hpp"
#include "engine/gatekeeping.hpp"
#include "engine/lingering.hpp"
#include "engine/offered.hpp"
#include "engine/run_shape.hpp"
#include "engine/wakeups.hpp"
#include "engine/window.hpp"
#include "parwork/detail/barrier.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class intake {
 public:
  // What a turn came to. `work`: null if there is nothing for this worker to work on.
  struct turn {
    enum class outcome { none, taken } what = outcome::none;
    batch* work = nullptr;
    std::uint32_t items = 0;
    tick_clock::time_point began = {};  // from when on its time counts for the size of the next one
  };

  intake(run_hooks& hooks, const run_traits& traits, const run_shape& shape, credits& its_credits,
         admission& entrance, window& order, batch_stock& stock, offered_batches& offered,
         wakeups& wakes, ending& its_end, const gatekeeping& gate, lingering& waits) noexcept
      : hooks_(hooks),
        traits_(traits),
        shape_(shape),
        credits_(its_credits),
        admission_(entrance),
        window_(order),
        stock_(stock),
        offered_(offered),
        wakeups_(wakes),
        ending_(its_end),
        gate_(gate),
        lingering_(waits) {}
  intake(const intake&) = delete;
  intake& operator=(const intake&) = delete;

  // Whether worker `number` could have a turn now, or, if the run is stopping, say that the
  // generator has ended. Any thread.
  [[nodiscard]] bool is_there_work(unsigned number) const noexcept;

  // Takes a batch from the generator or the range. The worker's thread.
  [[nodiscard]] turn next(worker& w);
  // A batch of a turn has been worked on by `ended`: sizes the next one. Work in spans gains from
  // many items, so there only what is in the way of taking them counts.
  void adapt(worker& w, const turn& was, tick_clock::time_point ended) noexcept;

  // The worker has found nothing to do. If that is because the queue is full, and it may be longer,
  // it is from now on. True: there is room. The credits have the limit that the run planned.
  [[nodiscard]] bool lengthen_queue() noexcept;

  // Between two items that are being pulled. False: stop pulling. The puller.
  [[nodiscard]] bool pull_more(worker& w, std::uint32_t filled);

  // The course of a generator's own thread.
  void pull_until_closed(worker& w);

 private:
  [[nodiscard]] std::uint32_t batch_size(const worker& w, std::uint64_t most) const noexcept;
  [[nodiscard]] std::uint64_t longest_wanted();
  [[nodiscard]] turn next_pulled(worker& w);
  [[nodiscard]] turn next_slice(worker& w);
  [[nodiscard]] batch* pull_batch(worker& w);
  // A batch, and how many of its slots may be filled.
  struct pull_target {
    batch* where = nullptr;
    std::uint32_t most = 0;
  };
  [[nodiscard]] pull_target target_for(worker& w, std::uint64_t room);
  [[nodiscard]] batch* end_pull(worker& w, batch& b, std::uint32_t before, pull_end how);
  [[nodiscard]] bool pull_more_of_span(worker& w, std::uint32_t filled);
  [[nodiscard]] batch* claim_slice(worker& w);
  [[nodiscard]] claimed_range claim_elements(const worker& w, std::uint64_t longest) noexcept;
  [[nodiscard]] batch* batch_for(worker& w, const claimed_range& claimed) noexcept;
  void copy_elements(batch& b, const claimed_range& claimed) noexcept;
  void fail(std::exception_ptr error) noexcept;

  run_hooks& hooks_;
  const run_traits& traits_;
  const run_shape& shape_;
  credits& credits_;
  admission& admission_;
  window& window_;
  batch_stock& stock_;
  offered_batches& offered_;
  wakeups& wakeups_;
  ending& ending_;
  const gatekeeping& gate_;
  lingering& lingering_;
  const barrier_kind barrier_ = available_barrier();
  alignas(64) std::atomic<std::uint32_t> pull_gate_{0};  // 1: held
  mutex slice_lock_;                                     // claims and the order go together
};

}  // namespace parwork::detail
