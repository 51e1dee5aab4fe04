// How items enter a run: they take credits, and get their indices and their place in the order.
//
// Thread safety: `admit` by one thread at a time, see there; `next_spawned` by any.
// Invariant: indices are fresh. Where the number of the generator's items is known, or nothing can
// be spawned, an item's index is its position in the generator's order; spawned ones come behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/credits.hpp"
#include "engine/window.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class admission final : public index_source {
 public:
  // `order`: null where input order is not asked for.
  admission(credits& its_credits, window* order, const run_traits& traits) noexcept
      : credits_(its_credits),
        window_(order),
        size_(traits.size),
        counts_positions_(traits.size.has_value() || !traits.may_spawn) {}

  // Slots [from, upto) of a batch hold items that have been pulled. Everything pulled is admitted
  // before the pull gate is released: so order and indices are the generator's.
  // REQUIRES: the lock of the worker that holds the gate: nobody else counts meanwhile.
  void admit(batch& b, std::uint32_t from, std::uint32_t upto) noexcept;

  // The same in two steps, for items that wait before they may be taken. First each takes its
  // credit and its index, when slot `filled - 1` of the batch has been filled. Then all of them are
  // admitted as one span, which nobody may split. REQUIRES: as above, and nothing is spawned.
  void count_next(batch& b, std::uint32_t filled) noexcept;
  void admit_counted(batch& b, std::uint32_t from, std::uint32_t upto) noexcept;

  // The next spawned item's index.
  std::uint64_t next() noexcept override;

  // Puts `rest`, the later part of `b`, behind it in the order, if there is one.
  void insert_behind(batch& b, batch& rest) noexcept {
    if (window_ != nullptr) window_->insert_behind(b, rest);
  }

 private:
  static void set_marks(batch& b, std::uint32_t from, std::uint32_t upto) noexcept;

  credits& credits_;
  window* const window_;
  const std::optional<std::uint64_t> size_;
  const bool counts_positions_;
  // The next fresh index; where positions are the generator's, the next spawned item's, less the
  // size. On a line of its own: workers that spawn take turns at it.
  alignas(64) std::atomic<std::uint64_t> indices_{0};
};

}  // namespace parwork::detail
