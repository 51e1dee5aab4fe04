// A batch: consecutive items that were pulled together and are worked on by one worker, where they
// stay until they are collected.
//
// Thread safety: see each member. A batch is, in turn: being filled (by the one who pulls), being
// worked on (by one worker), finished (nobody's, in a list), being collected (by the holder of the
// collector's gate), free.
//
// Invariants:
// 1. Slots [start, delivered) are empty again; [delivered, finished) hold items with outcomes;
// [finished, limit) hold
//    items. Slots are never skipped, except those that an outcome marks as moved elsewhere.
// 2. The worker takes items from the front, thieves from the back, by lowering `limit` under the
// worker's lock.
//    While the batch is being filled thieves take from the front, under the same lock.
// 3. Item i has index first_index + i.
// 4. A straight batch has no items in its slots: it is a slice of a split range whose elements are
//    read, worked on and folded one after the other.
// 5. A lone batch has one slot; an item whose end does not come with its call (retried,
// asynchronous, spawned) is
//    alone, so that nobody waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "parwork/failure.hpp"

namespace parwork::detail {

enum class origin : std::uint8_t { generator, spawned };

class batch {
 public:
  explicit batch(std::uint32_t slots) noexcept : capacity(slots) {}
  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;

  // The one who pulls writes, thieves read.
  std::atomic<std::uint32_t> filled{0};
  // How many thieves took while it was being filled. Guarded by the puller's lock; a hint without.
  std::atomic<std::uint32_t> start{0};

  // The worker's: it has begun, or is about to begin, every item below.
  std::atomic<std::uint32_t> claimed{0};
  // Items from here on are not this batch's any more. Lowered by thieves under the worker's lock.
  std::atomic<std::uint32_t> limit{0};
  // Items below have outcomes. Written by the worker (release), read by who collects (acquire).
  std::atomic<std::uint32_t> finished{0};
  // Items below have been collected. Written by the holder of the collector's gate; others take it
  // as a hint.
  std::atomic<std::uint32_t> delivered{0};
  // Delivery in order stopped at an item that goes on in a batch of its own; that batch's end asks
  // for delivery anew.
  std::atomic<bool> stuck{false};
  // No worker touches it any more, `limit` is final. Written last by the worker (release).
  std::atomic<bool> closed{false};

  std::uint64_t first_index = 0;
  const std::uint32_t capacity;
  origin from = origin::generator;
  bool is_straight = false;

  // A lone item's: attempts made so far, the last one's failure, and how long it waits for the
  // next.
  std::uint32_t attempts = 0;
  std::optional<failure> last_failure = {};
  std::chrono::nanoseconds wait{0};

  // Links of whatever list it is in: pending, offered, spawned, free; and of the reorder window.
  batch* next = nullptr;
  batch* previous = nullptr;
  batch* window_next = nullptr;

  // REQUIRES: every slot is empty.
  void reset() noexcept {
    // Relaxed throughout: nobody else can reach a free batch, and handing it on orders these.
    filled.store(0, std::memory_order_relaxed);
    claimed.store(0, std::memory_order_relaxed);
    limit.store(0, std::memory_order_relaxed);
    finished.store(0, std::memory_order_relaxed);
    delivered.store(0, std::memory_order_relaxed);
    stuck.store(false, std::memory_order_relaxed);
    closed.store(false, std::memory_order_relaxed);
    start.store(0, std::memory_order_relaxed);
    first_index = 0;
    from = origin::generator;
    is_straight = false;
    attempts = 0;
    last_failure.reset();
    wait = std::chrono::nanoseconds{0};
    next = previous = window_next = nullptr;
  }

 protected:
  ~batch() = default;  // destroyed by the typed run, which knows what its slots hold
};

}  // namespace parwork::detail
