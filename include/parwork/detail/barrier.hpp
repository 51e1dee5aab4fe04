// The asymmetric barrier: an exchange of "I did this, did you do that?" that is free on one side.
//
// A worker tells its state before each item; a thread that looks for work, or lies down to sleep,
// asks about it perhaps a thousand times a second. A full barrier costs the worker 6 ns an item (a
// locked instruction), so the other side pays for both: `heavy_barrier` (Linux membarrier, 0.3-5
// us) makes every running thread of the process pass a barrier of its own.
//
// Contract: thread A does `publish(x, v)`, then loads y. Thread B stores y, calls
// `heavy_barrier()`, then loads x. Either A sees B's store or B sees A's. Where the kernel has no
// membarrier, both sides use seq_cst operations: A's load of y has to be one, too. An acquire load
// may pass the store of `publish` on arm64, where it is an ldapr. Source: the THE protocol of
// Cilk-5 (Frigo, Leiserson, Randall, 1998), with membarrier(2) in place of its fence.
#pragma once

#include <atomic>
#include <cstdint>

namespace parwork::detail {

enum class barrier_kind { asymmetric, symmetric };

// What this kernel offers; asked once.
[[nodiscard]] barrier_kind available_barrier() noexcept;

void heavy_barrier() noexcept;

inline void publish(std::atomic<std::uint32_t>& word, std::uint32_t value,
                    barrier_kind kind) noexcept {
  if (kind == barrier_kind::asymmetric) [[likely]] {
    word.store(value,
               std::memory_order_release);  // partner: the acquire load after heavy_barrier()
    std::atomic_signal_fence(
        std::memory_order_seq_cst);  // keeps the compiler from moving later loads up
  } else {
    word.store(value);
  }
}

}  // namespace parwork::detail
