// A slice of a split range into a reduction: each element is read, worked on and folded before the
// next.
//
// Thread safety: every worker may call it, each for its own slice.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

#include "parwork/detail/folder.hpp"

namespace parwork::detail {

template <class Types>
class straight_form {
  using source_type = typename Types::source_type;
  using batch_type = typename Types::batch_type;

 public:
  // REQUIRES: both outlive it.
  straight_form(source_type& source, folder<Types> into) noexcept : source_(source), into_(into) {}

  work_end work(worker_base& by, batch_type& b) noexcept {
    if (by.record != nullptr) return fold_recorded(by, b);
    return fold_slice<recorded::no>(by, b);
  }

 private:
  [[gnu::noinline]] work_end fold_recorded(worker_base& by, batch_type& b) noexcept {
    return fold_slice<recorded::yes>(by, b);
  }

  template <recorded Recorded>
  [[gnu::always_inline]] work_end fold_slice(worker_base& by, batch_type& b) noexcept {
    constexpr std::uint32_t report_every = 64;
    folder<Types> into = into_;  // a copy: its references stay in registers
    auto* const part = into.own_part(by);
    bool readable = part != nullptr;
    outcome_counts counts;
    item_cursor cursor(by, b);
    std::uint32_t i = b.start.load();
    for (claim claimed = claim::run; claimed != claim::done;) {
      const std::uint32_t report_at = i + report_every;
      do {
        claimed = cursor.next_straight(i);
        if (claimed == claim::run && readable) [[likely]] {
          readable = fold_element<Recorded>(into, by, *part, b.first_index + i, counts);
        } else if (claimed != claim::done) {
          ++counts.cancelled;
        } else {
          break;
        }
      } while (++i != report_at);
      readable = readable && !element_threw_.load(std::memory_order_relaxed);  // seen in time
      b.finished.store(i, std::memory_order_release);  // partner: none yet, it is a statistic
      into.services().count(by, std::exchange(counts, {}));
    }
    return work_end::finished;
  }

  // False where the element could not be read.
  template <recorded Recorded, class Part>
  [[gnu::always_inline]] bool fold_element(folder<Types>& into, worker_base& by, Part& part,
                                           std::uint64_t index, outcome_counts& counts) noexcept {
    try {
      typename Types::batch_type::item_type item(source_.at(index));
      into.template fold<Recorded>(by, part, item.get(), {index, 1}, counts);
      return true;
    } catch (...) {
      element_threw_.store(true, std::memory_order_relaxed);
      into.services().element_threw(std::current_exception());
      ++counts.cancelled;
      return false;
    }
  }

  source_type& source_;
  folder<Types> into_;
  std::atomic<bool> element_threw_{false};
};

}  // namespace parwork::detail
