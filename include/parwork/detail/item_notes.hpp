// What the forms of work tell a worker's lane, where the run is recorded.
//
// Thread safety: a lane is its worker's own.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "parwork/detail/item_name.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

// Two courses, so that the one costs the other nothing.
enum class recorded { no, yes };

template <class R>
attempt_result how_ended(const std::expected<R, failure>& result) noexcept {
  return result.has_value() ? attempt_result::succeeded : how_it_failed(result.error());
}

template <class Item>
item_ref ref_to(const Item& item) noexcept {
  return {static_cast<const void*>(std::addressof(item)), &item_name_at<Item>};
}

// Out of line: what is seldom called should not decide what is inlined around it.
template <class Item>
[[gnu::noinline]] void note_failure(worker_base& by, std::uint64_t index, unsigned attempts,
                                    const failure& why, const Item& item) noexcept {
  if (why.kind() == failure_kind::cancelled) return;
  by.record->item_failed(index, attempts, why, ref_to(item));
}

// The outcome of item `i` is there.
template <recorded Recorded, class Batch>
void note_attempt([[maybe_unused]] worker_base& by, [[maybe_unused]] Batch& b,
                  [[maybe_unused]] std::uint32_t i,
                  [[maybe_unused]] const attempt& which) noexcept {
  if constexpr (Recorded == recorded::yes) {
    by.record->attempt_ended(which.index, which.number, how_ended(b.outcomes()[i].result()),
                             ref_to(b.item(i)));
  }
}

}  // namespace parwork::detail
