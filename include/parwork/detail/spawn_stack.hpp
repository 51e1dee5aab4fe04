// Items that one worker's work has added to the run and nobody has started: the worker takes the
// newest, thieves the oldest.
//
// Thread safety: `push`, `pop` and `receive` by the worker it belongs to, `take_oldest` by others.
// Invariant: items lie in the order in which they were spawned, at [bottom_, size) of entries_.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "parwork/detail/owned_mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

template <class Stored>
class spawn_stack {
 public:
  struct entry {
    Stored item;
    std::uint64_t index;
  };

  // REQUIRES: `owner` outlives it.
  explicit spawn_stack(worker_base& owner) : owner_(owner), lock_(owner.barrier_word()) {}

  // `next_index()` is called when nothing can fail any more. May throw std::bad_alloc, or as a move
  // of the item.
  template <class Item, class NextIndex>
  void push(Item&& item, NextIndex&& next_index) {
    const owner_guard guard(lock_);
    entries_.emplace_back(Stored(std::forward<Item>(item)), 0);
    entries_.back().index = next_index();
    publish_size();
  }

  [[nodiscard]] std::optional<entry> pop() noexcept {
    const owner_guard guard(lock_);
    if (entries_.size() == bottom_) return std::nullopt;
    std::optional<entry> newest(std::move(entries_.back()));
    entries_.pop_back();
    if (entries_.size() == bottom_) clear();
    publish_size();
    return newest;
  }

  // Moves the oldest to the end of `loot`: of a tree it is the largest part. Where there are many,
  // they are broad rather than deep, and it is half of them or as many as there is room for.
  void take_oldest(std::vector<entry>& loot) noexcept {
    const visitor_guard guard(lock_);
    const std::size_t there = entries_.size() - bottom_;
    constexpr std::size_t many = 32;
    const std::size_t wanted = there < many ? std::min<std::size_t>(there, 1) : there / 2;
    const std::size_t count = std::min(wanted, loot.capacity() - loot.size());
    for (std::size_t i = 0; i < count; ++i) loot.push_back(std::move(entries_[bottom_ + i]));
    bottom_ += count;
    if (entries_.size() == bottom_) {
      clear();
    } else if (bottom_ > entries_.size() / 2) {
      close_gap();
    }
    publish_size();
  }

  // Room for `count` items that `receive` adds later. May throw std::bad_alloc.
  void reserve(std::size_t count) {
    const owner_guard guard(lock_);
    entries_.reserve(entries_.size() + count);
  }
  // REQUIRES: room was reserved, and nothing pushed since.
  void receive(std::vector<entry>& loot) noexcept {
    const owner_guard guard(lock_);
    for (auto& each : loot) entries_.push_back(std::move(each));
    loot.clear();
    publish_size();
  }

 private:
  void clear() noexcept PARWORK_REQUIRES(lock_) {
    entries_.clear();
    bottom_ = 0;
  }
  // Moves what is left to the front: by construction, for items need not be assignable.
  void close_gap() noexcept PARWORK_REQUIRES(lock_) {
    const std::size_t left = entries_.size() - bottom_;
    for (std::size_t i = 0; i < left; ++i) {
      std::destroy_at(&entries_[i]);
      std::construct_at(&entries_[i], std::move(entries_[bottom_ + i]));
    }
    while (entries_.size() > left) entries_.pop_back();
    bottom_ = 0;
  }
  void publish_size() noexcept PARWORK_REQUIRES(lock_) {
    owner_.spawned.store(static_cast<std::uint32_t>(entries_.size() - bottom_),
                         std::memory_order_release);  // partner: whoever looks for work
  }

  worker_base& owner_;
  owned_mutex lock_;
  std::vector<entry> entries_ PARWORK_GUARDED_BY(lock_);
  std::size_t bottom_ PARWORK_GUARDED_BY(lock_) = 0;
};

// The stacks of a run's workers, each made by its worker when it first needs it.
template <class Stored>
class spawn_stacks {
 public:
  using stack_type = spawn_stack<Stored>;

  explicit spawn_stacks(unsigned workers) : stacks_(workers) {}
  ~spawn_stacks() {
    for (auto& each : stacks_) delete each.load();
  }
  spawn_stacks(const spawn_stacks&) = delete;
  spawn_stacks& operator=(const spawn_stacks&) = delete;

  // The worker's own. May throw std::bad_alloc where there was none.
  stack_type& of(worker_base& by) {
    auto& slot = stacks_[by.number];
    stack_type* own = slot.load(std::memory_order_relaxed);  // its own store
    if (own == nullptr) {
      own = new stack_type(by);
      slot.store(own, std::memory_order_release);  // partner: rob
    }
    return *own;
  }

  // Moves the oldest of another worker's items to the thief's own. Where there is no memory to put
  // them in, they stay where they are.
  void rob(worker_base& by, worker_base& victim) noexcept {
    constexpr std::size_t most = 32;
    stack_type* const other =
        stacks_[victim.number].load(std::memory_order_acquire);  // partner: of
    if (other == nullptr) return;
    try {
      std::vector<typename stack_type::entry> loot;
      loot.reserve(most);
      stack_type& own = of(by);
      own.reserve(most);
      other->take_oldest(loot);
      own.receive(loot);
    } catch (const std::bad_alloc&) {
      return;
    }
  }

 private:
  std::vector<std::atomic<stack_type*>> stacks_;  // by worker
};

}  // namespace parwork::detail
