// How many items may be in flight: the only arithmetic on the run's bound.
//
// An item takes a credit when it is produced and gives it back when it has been delivered. Items
// that work adds take none.
//
// Thread safety: stated with each member. Invariants:
// 1. produced - delivered <= bound: only the holder of the pull gate takes, or a claim by compare
//    and swap, and only within the room that it has seen. Others can only make more room.
// 2. Nothing is taken behind `close`. Both counts only grow, and an item is produced before it is
//    delivered: so equality, read in this order (what was delivered first), is final.
// 3. The same holds for bytes, where items have weights: taken - given <= memory, or one item is in
//    flight alone. The one thread that pulls takes, and waits for what `awaited_` says.
// 4. The bound only grows, up to `limit`: so room that somebody has seen stays. Any thread may let
//    it grow, where it is reached.
// 5. A straight run (`straight`) has an item a worker in flight: there the bound is the number of
//    slices that are being worked on.
#pragma once

#include <atomic>
#include <cstdint>

#include "parwork/detail/run.hpp"

namespace parwork::detail {

// Elements [position, position + count) of a split range.
struct claimed_range {
  std::uint64_t position = 0;
  std::uint32_t count = 0;
};

class credits {
 public:
  // How delivered items are counted: by the one thread that holds the collector's gate, or by every
  // worker.
  enum class givers { one, many };
  // What is taken: batches by one puller, or slices of a split range by claims, where straight
  // slices have an item in flight each.
  enum class form { batches, slices, straight };

  // `memory`: bytes that may be in flight, 0: no bound. `limit`: what the bound may grow to; 0, or
  // less than it: it does not.
  credits(std::uint64_t most, form how, givers who, std::uint64_t memory = 0,
          std::uint64_t limit = 0) noexcept
      : bound_(most),
        limit_(limit > most ? limit : most),
        form_(how),
        givers_(who),
        memory_(memory) {}
  credits(const credits&) = delete;
  credits& operator=(const credits&) = delete;

  // Relaxed: a number that only grows, and what it lets through is counted elsewhere.
  [[nodiscard]] std::uint64_t bound() const noexcept {
    return bound_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
  // Doubles the bound, if it is reached and may grow. True: there is more room than before; whoever
  // calls it lets others know. Any thread.
  bool grow() noexcept;
  [[nodiscard]] bool is_straight() const noexcept { return form_ == form::straight; }

  [[nodiscard]] std::uint64_t produced() const noexcept {
    return produced_.load() & ~no_more_claims;
  }
  [[nodiscard]] std::uint64_t peak() const noexcept { return peak_.load(); }

  // Items that may still be produced. Only the holder of the pull gate uses the room up, so what it
  // saw stays there for it.
  [[nodiscard]] std::uint64_t room() const noexcept {
    const std::uint64_t bound_now = bound();
    if (is_straight()) return bound_now;  // an item a worker, and no more workers than the bound
    const std::uint64_t awaited = awaited_.load();
    if (awaited != nothing && !has_memory_for(awaited)) return 0;
    const std::uint64_t delivered = delivered_.load();
    const std::uint64_t in_flight = produced() - delivered;
    return in_flight >= bound_now ? 0 : bound_now - in_flight;
  }

  // Takes credits; returns how many had been taken before. REQUIRES: within the room that was seen;
  // one thread at a time.
  std::uint64_t take(std::uint64_t count) noexcept;

  // Claims the next elements of a range of `size`, as many as `wanted(most)` says, at most `most`;
  // none where there is no room or the range is at its end, which closes. Any thread.
  // At most one of `pieces` of what is left: slices get smaller towards the end, so that all
  // workers end together.
  template <class Wanted>
  [[nodiscard]] claimed_range claim(std::uint64_t size, std::uint64_t pieces,
                                    Wanted&& wanted) noexcept;

  // Gives credits back. Where it was the last item, by a full barrier: then either this thread sees
  // that nothing more is produced, or who closes sees the count. REQUIRES: with one giver, one
  // thread at a time.
  void give_back(std::uint32_t count) noexcept;
  // The same from any thread, for elements that were claimed and could not be made.
  void give_back_unmade(std::uint32_t count) noexcept { delivered_.fetch_add(count); }

  // Nothing more is produced. Stops claims first: a slice that is being claimed meanwhile is
  // counted, or not claimed. Any thread, any number of times.
  void close() noexcept;
  [[nodiscard]] bool is_closed() const noexcept { return closed_.load(); }
  // Whether all that will ever be produced has been delivered.
  [[nodiscard]] bool is_drained() const noexcept {
    if (!is_closed()) return false;
    const std::uint64_t delivered = delivered_.load();
    return delivered == produced();
  }

  // Takes bytes for the next item; false: they are not there yet, and there is no room until they
  // are. REQUIRES: one thread at a time.
  [[nodiscard]] bool take_memory(std::uint64_t bytes) noexcept;
  // Any thread, before `give_back` of their items: whoever that wakes finds the room.
  void give_back_memory(std::uint64_t bytes) noexcept { given_bytes_.fetch_add(bytes); }
  [[nodiscard]] std::uint64_t peak_memory() const noexcept { return peak_bytes_.load(); }

  // A straight slice is begun, is over. Any thread.
  void begin_straight() noexcept { note_peak(straight_now_.fetch_add(1) + 1); }
  void end_straight() noexcept { straight_now_.fetch_sub(1); }

 private:
  static constexpr std::uint64_t no_more_claims = std::uint64_t{1} << 63;
  static constexpr std::uint64_t nothing = ~std::uint64_t{0};  // is awaited

  [[nodiscard]] std::uint64_t bytes_in_flight() const noexcept {
    const std::uint64_t given = given_bytes_.load();  // first: it is never more than was taken
    return taken_bytes_.load() - given;
  }
  // An item that is heavier than all memory runs alone.
  [[nodiscard]] bool has_memory_for(std::uint64_t bytes) const noexcept {
    const std::uint64_t in_flight = bytes_in_flight();
    return memory_ == 0 || in_flight == 0 || (in_flight <= memory_ && bytes <= memory_ - in_flight);
  }

  void note_peak(std::uint64_t in_flight) noexcept;

  std::atomic<std::uint64_t> bound_;
  const std::uint64_t limit_;
  const form form_;
  const givers givers_;
  const std::uint64_t memory_;
  std::atomic<std::uint64_t> awaited_{nothing};  // what the item that is held weighs
  // Items of the generator; of a split range the position in it, and whether claims are closed.
  alignas(64) std::atomic<std::uint64_t> produced_{0};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> peak_{0};
  alignas(64) std::atomic<std::uint64_t> delivered_{0};  // of the generator's items
  alignas(64) std::atomic<std::uint64_t> straight_now_{0};
  // Of weighed items. Written by who pulls; by who delivers.
  alignas(64) std::atomic<std::uint64_t> taken_bytes_{0};
  std::atomic<std::uint64_t> peak_bytes_{0};
  alignas(64) std::atomic<std::uint64_t> given_bytes_{0};
};

template <class Wanted>
claimed_range credits::claim(std::uint64_t size, std::uint64_t pieces, Wanted&& wanted) noexcept {
  std::uint64_t position = produced_.load();
  std::uint32_t count = 0;
  do {
    if ((position & no_more_claims) != 0) return {};
    if (position == size) close();
    const std::uint64_t delivered = is_straight() ? position : delivered_.load();
    const std::uint64_t in_flight = position > delivered ? position - delivered : 0;
    const std::uint64_t bound_now = bound();
    if (position == size || in_flight >= bound_now) return {};
    const std::uint64_t left = (size - position) / pieces + 1;
    const std::uint64_t allowed =
        is_straight() || left < bound_now - in_flight ? left : bound_now - in_flight;
    count = wanted(allowed < size - position ? allowed : size - position);
  } while (!produced_.compare_exchange_weak(position, position + count));
  if (position + count == size) close();
  if (is_straight()) return {position, count};
  const std::uint64_t delivered = delivered_.load();  // others may have gone on meanwhile
  if (position + count > delivered) note_peak(position + count - delivered);
  return {position, count};
}

}  // namespace parwork::detail
