// prioritized: a generator that looks ahead and yields what matters most first.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
//
// Invariants:
// 1. Each item that is held has a place in `slots_`; `order_` is a heap of those places, the first
//    one to be yielded on top. `free_` are the other places.
// 2. A place has been reserved before an item is pulled: what cannot be kept is not pulled.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/detail/item_source.hpp"
#include "parwork/detail/null_check.hpp"

namespace parwork {

/// A generator that yields items by their priority; made by `prioritized`.
template <class Generator, class Priority>
class prioritized_generator {
  using source = detail::item_source<Generator>;

 public:
  using item = typename source::item_type;

  prioritized_generator(Generator&& generator, Priority&& priority, std::size_t ahead)
      : source_(std::forward<Generator>(generator)),
        priority_((detail::refuse_null(priority, "the priority of prioritized"),
                   std::forward<Priority>(priority))),
        ahead_(ahead) {
    if (ahead == 0) {
      throw std::invalid_argument("parwork::prioritized: ahead is 0, expected at least 1");
    }
  }

  /// The item of the greatest priority among those that are held, or nothing at the end.
  [[nodiscard]] detail::maybe<item> operator()() { return (*this)(std::stop_token()); }

  /// The same; once `stop` has been requested it pulls no further item and returns nothing.
  [[nodiscard]] detail::maybe<item> operator()(const std::stop_token& stop) {
    while (!ended_ && order_.size() < ahead_ && !stop.stop_requested()) pull(stop);
    if (stop.stop_requested()) return std::nullopt;
    if (order_.empty()) {
      if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
      return std::nullopt;
    }
    return take_first();
  }

 private:
  using value = std::decay_t<std::invoke_result_t<Priority&, const std::remove_reference_t<item>&>>;

  struct place {
    value priority;
    std::uint64_t number;  // in the order in which items were pulled
    std::size_t slot;
  };

  // Whether `left` comes after `right`.
  static bool comes_later(const place& left, const place& right) {
    if (left.priority < right.priority) return true;
    if (right.priority < left.priority) return false;
    return left.number > right.number;
  }

  // What is thrown here leaves behind the items that are held.
  void pull(const std::stop_token& stop) {
    try {
      reserve_place();
      detail::maybe<item> next = source_(stop);
      if (!next) {
        ended_ = true;
        return;
      }
      value priority = std::invoke(priority_, std::as_const(*next));
      const std::size_t slot = free_.back();
      slots_[slot].emplace_from(std::move(next));
      free_.pop_back();
      order_.push_back({std::move(priority), pulled_++, slot});
      std::push_heap(order_.begin(), order_.end(), comes_later);
    } catch (...) {
      ended_ = true;
      thrown_ = std::current_exception();
    }
  }

  void reserve_place() {
    if (!free_.empty()) return;
    order_.reserve(grown(order_.capacity(), slots_.size()));
    free_.reserve(order_.capacity());
    slots_.emplace_back();
    free_.push_back(slots_.size() - 1);
  }
  // Room for one more than `used`, and for twice as many if it has to grow.
  static std::size_t grown(std::size_t room, std::size_t used) noexcept {
    return used < room ? room : 2 * used + 1;
  }

  detail::maybe<item> take_first() {
    std::pop_heap(order_.begin(), order_.end(), comes_later);
    const std::size_t slot = order_.back().slot;
    order_.pop_back();
    detail::maybe<item> first = slots_[slot].take();
    free_.push_back(slot);
    return first;
  }

  // Items need not be assignable.
  class holder {
   public:
    void emplace_from(detail::maybe<item>&& from) {
      if constexpr (std::is_reference_v<item>) {
        held_ = from;
      } else {
        held_.emplace(*std::move(from));
      }
    }
    detail::maybe<item> take() {
      detail::maybe<item> taken(std::in_place, *std::move(held_));
      held_.reset();
      return taken;
    }

   private:
    detail::maybe<item> held_;
  };

  source source_;
  Priority priority_;
  std::size_t ahead_;
  std::deque<holder> slots_;  // items stay where they are
  std::vector<std::size_t> free_;
  std::vector<place> order_;
  std::uint64_t pulled_ = 0;
  bool ended_ = false;
  std::exception_ptr thrown_;
};

/// The items of `generator`, those of greater priority first: of up to `ahead` items that were
/// pulled in advance the one with the greatest `priority(item)` comes next, equal ones in their
/// order. `priority(const Item&)` is asked once an item; its result is anything with `<`. Long
/// items first, by size or by what they took the last time, keep a run from ending with one of
/// them alone.
///
/// Each call first pulls until `ahead` items are held or `generator` has ended: so items do wait
/// for later generator calls here, the first one for `ahead` of them. Index and `ordering::input`
/// follow the order that comes out. Memory: `ahead` items more than `options::queue`, for what is
/// held is not in flight yet. A stop leaves them uncounted: they are destroyed with the generator.
///
/// What `generator` or `priority` throws leaves after the items that are held. `generator` is a
/// range or any callable generator; an lvalue is kept by reference and must outlive the result, an
/// rvalue is kept inside; so is `priority`. Costs two moves of an item, and about `log2(ahead)`
/// comparisons. Throws `std::invalid_argument` where `ahead` is 0, or `generator` or `priority` is
/// null.
template <class Generator, class Priority>
[[nodiscard]] auto prioritized(Generator&& generator, Priority&& priority,
                               std::size_t ahead = 1000) {
  if constexpr (!detail::adaptable_generator<Generator>) {
    static_assert(detail::adaptable_generator<Generator>,
                  "parwork: prioritized needs a range, a callable that returns std::optional, "
                  "std::unique_ptr, std::shared_ptr or a pointer, or one that fills, bool(Item&); "
                  "a split range is sorted beforehand");
  } else {
    using item = const std::remove_reference_t<generator_item_t<Generator>>&;
    constexpr bool ok = std::is_invocable_v<std::remove_reference_t<Priority>&, item>;
    static_assert(ok,
                  "parwork: the priority of prioritized must be callable with const Item&, and "
                  "return something with operator<");
    if constexpr (ok) {
      using value = std::decay_t<std::invoke_result_t<std::remove_reference_t<Priority>&, item>>;
      constexpr bool has_order = requires(const value& v) {
        { v < v } -> std::convertible_to<bool>;
      };
      static_assert(has_order,
                    "parwork: the priority of prioritized must return something with operator<");
      if constexpr (has_order) {
        return prioritized_generator<Generator, Priority>(std::forward<Generator>(generator),
                                                          std::forward<Priority>(priority), ahead);
      }
    }
  }
}

}  // namespace parwork
