// A mutex that one thread, its owner, takes a thousand times as often as all others together.
//
// The owner's side is two stores and a load; the others pay a mutex of their own, a heavy barrier
// (barrier.hpp) where the owner has chosen the asymmetric kind, and wait for the owner to leave.
// Invariants:
// 1. `owner_inside_` is 1 while the owner holds it, `others_` is 1 while another thread does, wants
//    to, or waits for the owner to leave; the barrier's contract is that one of them sees the
//    other.
// 2. The owner gives way: it lets another go first by queueing at `entrance_`.
// 3. The owner changes the kind by a seq_cst store, while it is not inside: who reads `symmetric`
//    after telling that it is there is seen by everything that the owner does in the other kind.
// Thread safety: `lock_as_owner` by one thread at a time, `lock` by any. Not recursive.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "parwork/detail/barrier.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class PARWORK_CAPABILITY("mutex") owned_mutex {
 public:
  explicit owned_mutex(const std::atomic<barrier_kind>& kind) noexcept : kind_(kind) {}

  void lock_as_owner() noexcept PARWORK_ACQUIRE() PARWORK_UNCHECKED {
    const barrier_kind kind = kind_.load(std::memory_order_relaxed);  // the owner's own store
    publish(owner_inside_, 1, kind);
    if (others_.load() != 0) [[unlikely]] {
      owner_inside_.store(0, std::memory_order_release);
      const lock_guard queue(entrance_);  // whoever gets in next sees that the owner is inside
      publish(owner_inside_, 1, kind);
    }
  }
  void unlock_as_owner() noexcept PARWORK_RELEASE() PARWORK_UNCHECKED {
    owner_inside_.store(0, std::memory_order_release);  // partner: lock
  }

  void lock() noexcept PARWORK_ACQUIRE() PARWORK_UNCHECKED {
    entrance_.lock();
    others_.store(1);
    if (kind_.load() == barrier_kind::asymmetric) heavy_barrier();
    // The owner is inside for a few instructions, unless it lost its core meanwhile.
    for (int looks = 0; owner_inside_.load() != 0; ++looks) {
      if (looks > 100) std::this_thread::yield();
    }
  }
  void unlock() noexcept PARWORK_RELEASE() PARWORK_UNCHECKED {
    others_.store(0, std::memory_order_release);
    entrance_.unlock();
  }

 private:
  mutex entrance_;
  std::atomic<std::uint32_t> owner_inside_{0};
  std::atomic<std::uint32_t> others_{0};
  const std::atomic<barrier_kind>& kind_;
};

class PARWORK_SCOPED owner_guard {
 public:
  explicit owner_guard(owned_mutex& m) noexcept PARWORK_ACQUIRE(m) : mutex_(m) {
    mutex_.lock_as_owner();
  }
  ~owner_guard() PARWORK_RELEASE() { mutex_.unlock_as_owner(); }
  owner_guard(const owner_guard&) = delete;
  owner_guard& operator=(const owner_guard&) = delete;

 private:
  owned_mutex& mutex_;
};

class PARWORK_SCOPED visitor_guard {
 public:
  explicit visitor_guard(owned_mutex& m) noexcept PARWORK_ACQUIRE(m) : mutex_(m) { mutex_.lock(); }
  ~visitor_guard() PARWORK_RELEASE() { mutex_.unlock(); }
  visitor_guard(const visitor_guard&) = delete;
  visitor_guard& operator=(const visitor_guard&) = delete;

 private:
  owned_mutex& mutex_;
};

}  // namespace parwork::detail
