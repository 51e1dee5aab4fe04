// Spawned items into a reduction: each worker keeps what it has spawned on a stack, and works on
// the newest and folds it; others take the oldest.
//
// Thread safety: every worker may call it for its own stack, and take from another's.
#pragma once

#include <cstdint>

#include "parwork/detail/folder.hpp"
#include "parwork/detail/spawn_stack.hpp"

namespace parwork::detail {

template <class Types>
class stack_form {
  using spawned_type = typename Types::spawned_type;

 public:
  // REQUIRES: what `into` refers to outlives it.
  stack_form(folder<Types> into, unsigned workers)
      : into_(into), stacks_(workers + numbers_beyond_workers) {}

  // May throw; `next` gives the index once nothing can fail any more.
  void push(worker_base& by, spawned_type&& child, index_source& next) {
    stacks_.of(by).push(std::move(child), [&] { return next.next(); });
  }

  // Works on the worker's own until nothing is left or it is time for something else. Returns how
  // many it has folded.
  [[nodiscard]] std::uint32_t work_off(worker_base& by) noexcept {
    return by.record != nullptr ? fold_own<recorded::yes>(by) : fold_own<recorded::no>(by);
  }

  // Moves the oldest of another worker's to the thief's own.
  void rob(worker_base& by, worker_base& victim) noexcept { stacks_.rob(by, victim); }

 private:
  template <recorded Recorded>
  std::uint32_t fold_own(worker_base& by) noexcept {
    folder<Types> into = into_;  // a copy: its references stay in registers
    std::uint32_t folded = 0;
    auto& own = stacks_.of(by);
    auto* const part = into.own_part(by);
    outcome_counts counts;
    for (;;) {
      const bool is_called_away = by.is_called_away();
      if (is_called_away && !by.stopping() && into.services().must_leave(by)) [[unlikely]]
        break;
      auto next = own.pop();
      if (!next) break;
      if (part == nullptr || (is_called_away && by.stopping())) {
        ++counts.cancelled;
      } else {
        into.template fold<Recorded>(by, *part, next->item.get(), {next->index, 1}, counts);
      }
      next.reset();  // before it counts as delivered
      ++folded;
      if (by.counts_down_to_look() && !into.services().go_on_with_stack(by)) break;
    }
    into.services().count(by, counts);
    return folded;
  }

  folder<Types> into_;
  spawn_stacks<typename Types::stacked_type> stacks_;
};

}  // namespace parwork::detail
