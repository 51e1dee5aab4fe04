// Folds an item into its worker's part of a reduction at once, with no batch between.
//
// Thread safety: every worker may call it, each for its own part.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

#include "parwork/detail/item_attempts.hpp"

namespace parwork::detail {

template <class Types>
class folder {
  using item_type = typename Types::item_type;
  using expected_type = typename Types::expected_type;
  using sink_type = typename Types::sink_type;

 public:
  // REQUIRES: both outlive it.
  folder(item_attempts<Types>& attempts, sink_type& sink) noexcept
      : attempts_(attempts), sink_(sink) {}

  [[nodiscard]] run_services& services() const noexcept { return attempts_.services; }

  // The worker's part; null where it could not be made.
  auto* own_part(worker_base& by) noexcept {
    decltype(&sink_.part_of(by.number)) part = nullptr;
    try {
      part = &sink_.part_of(by.number);
    } catch (...) {
      services().collector_threw(std::current_exception());
    }
    return part;
  }

  // Works on the item and folds what comes of it; counts it.
  template <recorded Recorded, class Part>
  void fold(worker_base& by, Part& part, item_type& item, const attempt& which,
            outcome_counts& counts) noexcept {
    expected_type result = attempts_.attempted(by, item, which);
    if constexpr (Recorded == recorded::yes) {
      by.record->attempt_ended(which.index, which.number, how_ended(result), ref_to(item));
    }
    if (!result.has_value()) {
      ++(result.error().kind() == failure_kind::cancelled ? counts.cancelled : counts.failed);
      if constexpr (Recorded == recorded::yes) {
        note_failure(by, which.index, which.number, result.error(), item);
      }
      return services().item_failed(which.index, result.error(), which.number);
    }
    ++counts.succeeded;
    // Set by this thread, or not to be waited for.
    if (services().discarding.load(std::memory_order_relaxed)) return;
    try {
      sink_.fold(part, result);
    } catch (...) {
      services().collector_threw(std::current_exception());
    }
  }

 private:
  item_attempts<Types>& attempts_;
  sink_type& sink_;
};

}  // namespace parwork::detail
