// Pulls items that have weights: as many as memory has room for.
//
// Thread safety: one call at a time: the holder of the pull gate. Invariants:
// 1. An item's weight is taken before anybody else can see the item, and given back when it has
//    been delivered; so the sum of what is in flight is never above the bound, unless one item is.
// 2. The item that did not fit is in `held_`, and the generator is not called before it has left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "parwork/detail/run.hpp"

namespace parwork::detail {

template <class Types>
class weigher {
  using batch_type = typename Types::batch_type;
  using weight_type = typename Types::weight_type;

 public:
  explicit weigher(weight_type& weight) noexcept : weight_(weight) {}
  weigher(const weigher&) = delete;
  weigher& operator=(const weigher&) = delete;
  ~weigher() {
    if (held_ == nullptr) return;
    if (holds_) held_->release_item(0);
    batch_type::free(held_);
  }

  // `next_into(b, i)` makes an item in slot `i`; false: the generator is over. `in_flight(b, i)`
  // is told of the one in slot `i`: it has its memory.
  template <class NextInto, class InFlight>
  pull_end pull(worker_base& by, batch_type& b, std::uint32_t most, run_services& services,
                NextInto&& next_into, InFlight&& in_flight) {
    if (held_ == nullptr) held_ = batch_type::make(1);  // before there is an item to lose
    item_cursor cursor(by, b);
    std::uint32_t filled = Types::first_to_fill(b);
    if (holds_) {
      if (!services.take_memory(held_->weight(0))) return pull_end::more;
      held_->move_items(0, 1, b, filled);
      holds_ = false;
      in_flight(b, filled);
      if (!cursor.pull_more(++filled)) return pull_end::more;
    }
    while (filled < most) {
      if (!next_into(b, filled)) return pull_end::ended;
      weigh(b, filled);
      if (!services.take_memory(b.weight(filled))) {
        b.move_items(filled, filled + 1, *held_);
        holds_ = true;
        break;
      }
      in_flight(b, filled);
      if (!cursor.pull_more(++filled)) break;
    }
    return pull_end::more;
  }

 private:
  // An item that cannot be weighed is none.
  void weigh(batch_type& b, std::uint32_t i) {
    try {
      b.set_weight(i, static_cast<std::size_t>(std::invoke(weight_, std::as_const(b.item(i)))));
    } catch (...) {
      b.release_item(i);
      throw;
    }
  }

  weight_type& weight_;
  batch_type* held_ = nullptr;
  bool holds_ = false;
};

}  // namespace parwork::detail
