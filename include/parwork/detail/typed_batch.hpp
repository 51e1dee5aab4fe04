// A batch whose slots hold items of one type and their outcomes.
//
// Thread safety and invariants: those of batch.hpp. Items lie side by side, so that a span of them
// can be handed out.
//
// Where slots are used again (a generator that fills) an empty slot may hold an object, which is
// not an item but becomes one when it is filled:
// 1. The first `made_` slots hold objects, and only the batch's `free` destroys them. `made_` is
//    written by whoever has an otherwise unreachable batch, or fills it.
// 2. An item that moves to another batch changes places with the object there, so that what both
//    have allocated is kept. Not one that may be finished: its outcome's memory is of no use again.
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

#include "parwork/detail/async_call.hpp"
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
  boxed() : item_(std::make_unique<Item>()) {}
  template <class From>
  explicit boxed(From&& from) : item_(std::make_unique<Item>(std::forward<From>(from))) {}
  Item& get() noexcept { return *item_; }
  // What was moved from has no item.
  Item& get_or_make() {
    if (!item_) item_ = std::make_unique<Item>();
    return *item_;
  }

 private:
  std::unique_ptr<Item> item_;
};

template <class Item>
struct unboxed {
  unboxed() : item() {}
  template <class From>
  explicit unboxed(From&& from) : item(std::forward<From>(from)) {}
  Item& get() noexcept { return item; }
  Item& get_or_make() noexcept { return item; }

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

// The same with what a form of work notes of an item that may wait: see turns_form, stages_form.
template <class Stored, class Notes>
struct noted : Stored, Notes {
  using Stored::Stored;
};
template <class Stored, class Notes>
using stored_with = std::conditional_t<std::is_void_v<Notes>, Stored, noted<Stored, Notes>>;

// What becomes of an item's slot once it has been delivered: it is empty, or its object waits to be
// filled again.
enum class slot_use { once, again };

// How many slots hold an object, where that is more than the batch has items.
struct made_slots {
  std::uint32_t count = 0;
};
struct no_made_slots {};

// Whether each item has a weight, kept beside it.
enum class weights { none, kept };

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
  [[nodiscard]] bool is_moved() const noexcept { return attempts_ == moved; }
  [[nodiscard]] bool is_success() const noexcept { return !is_moved() && of_work.has_value(); }
  // In place of the destructor, which would ask again. REQUIRES: is_success().
  void destroy_success() noexcept {
    if constexpr (!std::is_void_v<R>) std::destroy_at(std::addressof(*of_work));
  }
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

// Of work that is over when it returns. Else: the call that is under way, of an item or a span.
struct no_call {};
template <class R, class Item>
struct span_call {
  std::shared_ptr<async_span<R>> its;
  std::uint32_t first = 0;  // its slots: [first, first + its->size)
  std::vector<Item> room;   // where they are meanwhile, if they do not lie side by side
};

template <class Yielded, class R, lie How, class Kept, slot_use Use, weights Weights, class Notes>
class typed_batch final : public batch {
  static constexpr bool may_be_finished = is_prefinished<Yielded>;
  static constexpr bool is_used_again = Use == slot_use::again;

 public:
  using item_type = stored_with<stored_item<Yielded, How>, Notes>;
  using outcome_type = outcome<R>;
  using plain_type = plain_item_t<Yielded>;

  // One allocation for the batch and its slots.
  [[nodiscard]] static typed_batch* make(std::uint32_t slots) {
    void* memory = ::operator new(bytes(slots), std::align_val_t{alignment});
    return ::new (memory) typed_batch(slots);
  }
  // REQUIRES: every slot is empty of items.
  static void free(typed_batch* b) noexcept {
    if constexpr (is_used_again) std::destroy_n(b->items(), b->made_.count);
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

  // A span of these items. Those that lie beside their outcomes are moved to `room` for it, until
  // they are moved back. May throw std::bad_alloc, before anything is moved.
  [[nodiscard]] std::span<plain_type> together(std::uint32_t first, std::uint32_t count,
                                               [[maybe_unused]] std::vector<plain_type>& room) {
    if constexpr (may_be_finished) {
      room.reserve(count);
      for (std::uint32_t i = 0; i < count; ++i) room.push_back(std::move(item(first + i)));
      return room;
    } else {
      static_assert(sizeof(item_type) == sizeof(plain_type));
      return std::span<plain_type>(&item(first), count);
    }
  }
  void move_back(std::uint32_t first, std::vector<plain_type>& room) noexcept {
    for (std::uint32_t i = 0; i < room.size(); ++i) {
      plain_type* const where = std::addressof(item(first + i));
      std::destroy_at(where);
      std::construct_at(where, std::move(room[i]));
    }
    room.clear();
  }

  // Returns what `with(span)` does for these items.
  template <class Call>
  auto with_span(std::uint32_t first, std::uint32_t count, Call&& with) {
    std::vector<plain_type> room;
    const std::span<plain_type> items = together(first, count, room);
    const auto back = [this, first](std::vector<plain_type>* those) noexcept {
      move_back(first, *those);
    };
    const std::unique_ptr<std::vector<plain_type>, decltype(back)> guard(&room, back);
    return with(items);
  }

  // Makes an item of what slot `i` holds, or of a new object; false: it is over. `fill(object)` may
  // throw, and so may the object's constructor.
  // REQUIRES: slots below `i` have been filled.
  template <class Fill>
    requires is_used_again
  bool refill(std::uint32_t i, Fill&& fill) {
    if (i == made_.count) {
      std::construct_at(items() + i);
      ++made_.count;
    }
    Yielded& object = items()[i].get_or_make();
    if constexpr (may_be_finished) {  // the last one's would finish this one
      object.outcome.reset();
      object.attempts = 0;
    }
    return std::forward<Fill>(fill)(object);
  }

  // The only item of a batch. `child` may be moved from. May throw.
  template <class Child>
  void adopt(Child&& child) {
    if constexpr (Weights == weights::kept) set_weight(0, 0);  // spawned: memory does not bind it
    if constexpr (is_used_again) {
      item_type made(std::forward<Child>(child));
      std::destroy_n(items(), std::exchange(made_.count, 1));
      std::construct_at(items(), std::move(made));
    } else {
      std::construct_at(items(), std::forward<Child>(child));
    }
  }

  // What the item weighs, in bytes: nothing where weights are not kept.
  [[nodiscard]] std::uint64_t weight([[maybe_unused]] std::uint32_t i) noexcept {
    if constexpr (Weights == weights::kept) return *weight_at(i);
    return 0;
  }
  void set_weight(std::uint32_t i, std::uint64_t bytes) noexcept
    requires(Weights == weights::kept)
  {
    std::construct_at(weight_at(i), bytes);
  }

  // Nobody needs item `i` any more.
  void release_item([[maybe_unused]] std::uint32_t i) noexcept {
    if constexpr (is_used_again) {
      forget_notes(items()[i]);
    } else {
      std::destroy_at(items() + i);
    }
  }

  // Moves items [first, upto) into slots from 0 on of another batch.
  void move_items(std::uint32_t first, std::uint32_t upto, typed_batch& target,
                  std::uint32_t into = 0) noexcept {
    item_type* const old_items = items();
    item_type* const new_items = target.items() + into;
    for (std::uint32_t i = first; i < upto; ++i) {
      if constexpr (Weights == weights::kept) target.set_weight(into + i - first, weight(i));
      if constexpr (is_used_again) {
        target.change_places(into + i - first, old_items[i]);
        forget_notes(old_items[i]);
      } else {
        std::construct_at(new_items + (i - first), std::move(old_items[i]));
        std::destroy_at(old_items + i);
      }
    }
  }

  // --- Outcomes, each made once ---
  // Failures out of line: what is seldom called should not decide what is inlined around it.

  [[gnu::noinline]] void fail(std::uint32_t i, unsigned after, failure&& why) {
    std::construct_at(outcomes() + i, after,
                      [&] { return std::expected<R, failure>(std::unexpect, std::move(why)); });
  }
  // A stopped run's item: the failure of its last attempt where it had one.
  [[gnu::noinline]] void cancel(std::uint32_t i) noexcept {
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
  [[nodiscard]] bool has_known_outcome([[maybe_unused]] std::uint32_t i) noexcept {
    if constexpr (may_be_finished) {
      return items()[i].get().outcome.has_value();
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

  [[no_unique_address]] Kept call = {};

 private:
  explicit typed_batch(std::uint32_t slots) noexcept : batch(slots) {}

  static void forget_notes([[maybe_unused]] item_type& of) noexcept {
    if constexpr (!std::is_void_v<Notes>) of.forget();
  }

  // Puts an item into slot `i`, and what was there in its place. By construction, for objects need
  // not be assignable.
  void change_places(std::uint32_t i, item_type& item) noexcept {
    item_type* const here = items() + i;
    if (i == made_.count) {
      std::construct_at(here, std::move(item));
      ++made_.count;
      return;
    }
    if constexpr (may_be_finished) {
      std::destroy_at(here);
      std::construct_at(here, std::move(item));
    } else {
      item_type old(std::move(*here));
      std::destroy_at(here);
      std::construct_at(here, std::move(item));
      std::destroy_at(&item);
      std::construct_at(&item, std::move(old));
    }
  }

  static constexpr std::size_t alignment =
      std::max({alignof(batch), alignof(item_type), alignof(outcome_type), alignof(std::uint64_t)});

  static constexpr std::size_t round_up(std::size_t bytes, std::size_t to) {
    return (bytes + to - 1) / to * to;
  }
  static constexpr std::size_t items_offset() {
    return round_up(sizeof(typed_batch), alignof(item_type));
  }
  static constexpr std::size_t outcomes_offset(std::size_t slots) {
    return round_up(items_offset() + slots * sizeof(item_type), alignof(outcome_type));
  }
  static constexpr std::size_t weights_offset(std::size_t slots) {
    return round_up(outcomes_offset(slots) + slots * sizeof(outcome_type), alignof(std::uint64_t));
  }
  static constexpr std::size_t bytes(std::size_t slots) {
    if constexpr (Weights == weights::kept) {
      return weights_offset(slots) + slots * sizeof(std::uint64_t);
    } else {
      return outcomes_offset(slots) + slots * sizeof(outcome_type);
    }
  }
  [[nodiscard]] std::uint64_t* weight_at(std::uint32_t i) noexcept {
    return slot<std::uint64_t>(weights_offset(capacity)) + i;
  }

  template <class T>
  [[nodiscard]] T* slot(std::size_t offset) noexcept {
    return std::launder(reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + offset));
  }

  [[no_unique_address]] std::conditional_t<is_used_again, made_slots, no_made_slots> made_ = {};
};

}  // namespace parwork::detail
