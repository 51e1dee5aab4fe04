// A batch whose slots hold items of one type and their outcomes.
//
// Thread safety and invariants: those of batch.hpp. Items lie side by side, so that a span of them
// can be handed out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/completer.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/failure.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

// Keeps an item whose move may throw: thieves move items, and what they hold must not be lost half
// way.
template <class Item>
class boxed {
 public:
  template <class From>
  explicit boxed(From&& from) : item_(std::make_unique<Item>(std::forward<From>(from))) {}
  Item& get() noexcept { return *item_; }

 private:
  std::unique_ptr<Item> item_;
};

template <class Item>
struct unboxed {
  template <class From>
  explicit unboxed(From&& from) : item(std::forward<From>(from)) {}
  Item& get() noexcept { return item; }

  Item item;
};

// Keeps an item inside the optional that the generator returned it in, which is made right here: an
// item of some words that is moved at once stalls the processor on every word that was just written
// (4 ns for 48 bytes).
template <class Item>
struct as_returned {
  template <class From>
  explicit as_returned(From&& from) : item(std::in_place, std::forward<From>(from)) {}
  // `make()` returns the optional.
  template <class Make>
  as_returned(from_call, Make&& make) : item(std::forward<Make>(make)()) {}
  Item& get() noexcept { return *item; }

  std::optional<Item> item;
};

// How items lie in their batch: side by side for spans of them.
enum class lie { side_by_side, as_returned };

template <class Item, lie How>
using stored_item = std::conditional_t<
    !std::is_nothrow_move_constructible_v<Item>, boxed<Item>,
    std::conditional_t<How == lie::side_by_side, unboxed<Item>, as_returned<Item>>>;

// What became of an item.
template <class R>
class outcome {
 public:
  // `attempts` of an item that went on in a batch of its own.
  static constexpr std::uint32_t moved = std::numeric_limits<std::uint32_t>::max();

  // `make()` returns the result, which is made in place.
  template <class Make>
  outcome(std::uint32_t attempts, Make&& make)
      : of_work(std::forward<Make>(make)()), attempts_(attempts) {}
  explicit outcome(batch& lone) noexcept : elsewhere(&lone), attempts_(moved) {}
  outcome(const outcome&) = delete;
  outcome& operator=(const outcome&) = delete;
  ~outcome() {
    if (attempts_ != moved) std::destroy_at(&of_work);
  }

  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }
  // REQUIRES: not moved.
  [[nodiscard]] std::expected<R, failure>& result() noexcept { return of_work; }
  // REQUIRES: moved.
  [[nodiscard]] batch& lone() const noexcept { return *elsewhere; }

 private:
  union {
    std::expected<R, failure> of_work;
    batch* elsewhere;
  };
  std::uint32_t attempts_;
};

struct no_call {};

template <class Yielded, class R, lie How, bool IsAsync>
class typed_batch final : public batch {
  static constexpr bool may_be_finished = is_prefinished<Yielded>;

 public:
  using item_type = stored_item<Yielded, How>;
  using outcome_type = outcome<R>;
  using plain_type = plain_item_t<Yielded>;

  // One allocation for the batch and its slots.
  [[nodiscard]] static typed_batch* make(std::uint32_t slots) {
    void* memory = ::operator new(bytes(slots), std::align_val_t{alignment});
    return ::new (memory) typed_batch(slots);
  }
  // REQUIRES: every slot is empty.
  static void free(typed_batch* b) noexcept {
    b->~typed_batch();
    ::operator delete(b, std::align_val_t{alignment});
  }

  [[nodiscard]] item_type* items() noexcept { return slot<item_type>(items_offset()); }
  [[nodiscard]] outcome_type* outcomes() noexcept {
    return slot<outcome_type>(outcomes_offset(capacity));
  }
  // What work and the collector see.
  [[nodiscard]] plain_type& item(std::uint32_t i) noexcept {
    if constexpr (may_be_finished) {
      return items()[i].get().item;
    } else {
      return items()[i].get();
    }
  }

  // Returns what `with(span)` does for these items. Those that lie beside their outcomes are moved
  // together for it and back.
  template <class Call>
  auto with_span(std::uint32_t first, std::uint32_t count, Call&& with) {
    if constexpr (may_be_finished) {
      std::vector<plain_type> together;
      together.reserve(count);
      for (std::uint32_t i = 0; i < count; ++i) together.push_back(std::move(item(first + i)));
      const auto move_back = [this, first](std::vector<plain_type>* those) noexcept {
        for (std::uint32_t i = 0; i < those->size(); ++i) {
          plain_type* const where = std::addressof(item(first + i));
          std::destroy_at(where);
          std::construct_at(where, std::move((*those)[i]));
        }
      };
      const std::unique_ptr<std::vector<plain_type>, decltype(move_back)> guard(&together,
                                                                                move_back);
      return with(std::span<plain_type>(together));
    } else {
      static_assert(sizeof(item_type) == sizeof(plain_type));
      return with(std::span<plain_type>(&item(first), count));
    }
  }

  // Moves items [first, upto) into slots from 0 on of another batch.
  void move_items(std::uint32_t first, std::uint32_t upto, typed_batch& target) noexcept {
    item_type* const old_items = items();
    item_type* const new_items = target.items();
    for (std::uint32_t i = first; i < upto; ++i) {
      std::construct_at(new_items + (i - first), std::move(old_items[i]));
      std::destroy_at(old_items + i);
    }
  }

  // --- Outcomes, each made once ---

  void fail(std::uint32_t i, unsigned after, failure&& why) {
    std::construct_at(outcomes() + i, after,
                      [&] { return std::expected<R, failure>(std::unexpect, std::move(why)); });
  }
  // A stopped run's item: the failure of its last attempt where it had one.
  void cancel(std::uint32_t i) noexcept {
    fail(i, attempts, failure(last_failure ? *last_failure : standing().cancelled));
  }
  // True where the generator has finished the item: its outcome is taken from there. A retried item
  // has none.
  bool take_known_outcome([[maybe_unused]] std::uint32_t i) {
    if constexpr (may_be_finished) {
      Yielded& yielded = items()[i].get();
      if (!yielded.outcome) return false;
      try {
        std::construct_at(outcomes() + i, yielded.attempts,
                          [&] { return *std::move(yielded.outcome); });
      } catch (...) {
        fail(i, yielded.attempts, current_failure());
      }
      return true;
    } else {
      return false;
    }
  }
  // How many of `count` items from i on the generator has not finished, up to the first that it
  // has.
  [[nodiscard]] std::uint32_t unfinished([[maybe_unused]] std::uint32_t i,
                                         std::uint32_t count) noexcept {
    if constexpr (may_be_finished) {
      std::uint32_t n = 0;
      while (n < count && !items()[i + n].get().outcome) ++n;
      return n;
    } else {
      return count;
    }
  }

  // The call of an asynchronous item that is under way.
  [[no_unique_address]] std::conditional_t<IsAsync, std::shared_ptr<async_result<R>>, no_call>
      call = {};

 private:
  explicit typed_batch(std::uint32_t slots) noexcept : batch(slots) {}

  static constexpr std::size_t alignment =
      std::max({alignof(batch), alignof(item_type), alignof(outcome_type)});

  static constexpr std::size_t round_up(std::size_t bytes, std::size_t to) {
    return (bytes + to - 1) / to * to;
  }
  static constexpr std::size_t items_offset() {
    return round_up(sizeof(typed_batch), alignof(item_type));
  }
  static constexpr std::size_t outcomes_offset(std::size_t slots) {
    return round_up(items_offset() + slots * sizeof(item_type), alignof(outcome_type));
  }
  static constexpr std::size_t bytes(std::size_t slots) {
    return outcomes_offset(slots) + slots * sizeof(outcome_type);
  }

  template <class T>
  [[nodiscard]] T* slot(std::size_t offset) noexcept {
    return std::launder(reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + offset));
  }
};

}  // namespace parwork::detail
