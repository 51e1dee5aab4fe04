// The types of a run, deduced once from what the user gives, and what follows from them.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "parwork/detail/result_sink.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/detail/spawn_stack.hpp"
#include "parwork/detail/stages_caller.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/failure.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

// What is noted of each item, beside it, where work is keyed, in stages, or both; void: nothing.
template <class... Notes>
struct notes_of_both : Notes... {
  void forget() noexcept { (Notes::forget(), ...); }
};
template <class Caller>
struct notes_of {
  using type = void;
};
template <keyed_caller_type Caller>
struct notes_of<Caller> {
  using type = turn_notes<typename Caller::lines_type::turn>;
};
template <staged_caller Caller>
struct notes_of<Caller> {
  using type = typename Caller::stage_state_type;
};
template <class Caller>
  requires keyed_caller_type<Caller> && staged_caller<Caller>
struct notes_of<Caller> {
  using type = notes_of_both<turn_notes<typename Caller::lines_type::turn>,
                             typename Caller::stage_state_type>;
};

// What a batch keeps of the call that is under way.
template <class Caller>
struct call_of {
  using type = no_call;
};
template <class Caller>
  requires(Caller::is_async)
struct call_of<Caller> {
  using type = typename Caller::kept_call;
};

// Bytes of a value that owns no memory elsewhere and points at none; 0: not known.
template <class T>
inline constexpr std::size_t plain_bytes_of = 0;
template <class T>
  requires(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::ranges::view<T>)
inline constexpr std::size_t plain_bytes_of<T> = sizeof(T);

// In place of an observer: nobody asks when an outcome becomes final.
struct unobserved {};

// The weight function of a weighed generator.
template <class G>
struct weight_of {
  using type = void;
};
template <class Generator, class Weight>
struct weight_of<weighed_generator<Generator, Weight>> {
  using type = std::remove_reference_t<Weight>;
};

// An observer is called with each outcome that work came to, as soon as it is final:
// `observer.settled(index, attempts, outcome)`, with a `std::expected<R, failure>` to read.
// It is called on the worker that finished the item, before anybody else sees the outcome, and by
// several workers at once. What it throws ends the run, as a collector's exception does. It is not
// called for items that the generator had finished, nor for those that a stop kept from an attempt.
template <class Generator, class Work, class Collector, class Observer>
struct run_types {
  using generator_type = Generator;
  using yielded_type = generator_item_t<Generator>;
  using item_type = plain_item_t<yielded_type>;
  using work_type = std::remove_reference_t<Work>;
  using collector_type = std::remove_reference_t<Collector>;
  using observer_type = Observer;
  // What work gives to spawn: of refs what std::ref makes of an element.
  using spawned_type =
      std::conditional_t<std::is_reference_v<item_type>,
                         std::reference_wrapper<std::remove_reference_t<item_type>>, item_type>;

  using caller_type = caller_for<work_type, item_type>;
  using result_type = typename caller_type::result_type;
  using expected_type = std::expected<result_type, failure>;
  using sink_type = result_sink<collector_type, item_type, result_type>;
  using source_type = decltype(make_source(std::declval<Generator>()));

  static constexpr lie how_items_lie = source_type::yields_optional && !caller_type::is_batched
                                           ? lie::as_returned
                                           : lie::side_by_side;
  static constexpr slot_use use_of_slots =
      filling_generator<unweighed_t<Generator>> ? slot_use::again : slot_use::once;
  static constexpr bool is_keyed = keyed_caller_type<caller_type>;
  static constexpr bool is_staged = staged_caller<caller_type>;
  static constexpr bool asks_for_length = detail::asks_for_length<std::remove_cv_t<work_type>>;
  static constexpr bool is_weighed = detail::is_weighed<std::remove_reference_t<Generator>>;
  using weight_type = typename weight_of<std::remove_reference_t<Generator>>::type;
  using batch_type =
      typed_batch<yielded_type, result_type, how_items_lie, typename call_of<caller_type>::type,
                  use_of_slots, is_weighed ? weights::kept : weights::none,
                  typename notes_of<caller_type>::type>;
  using outcome_type = typename batch_type::outcome_type;
  using stacked_type = stored_item<item_type, lie::side_by_side>;

  // Only spans may have waited for more items in the batch that is to be filled.
  [[nodiscard]] static std::uint32_t first_to_fill([[maybe_unused]] const batch& b) noexcept {
    if constexpr (caller_type::is_batched) {
      return b.filled.load(std::memory_order_relaxed);  // its own store
    } else {
      return 0;
    }
  }

  // Of an item and its result, where both are known.
  static constexpr std::size_t result_bytes = plain_bytes_of<result_type>;
  static constexpr std::size_t known_bytes = plain_bytes_of<yielded_type> > 0 &&
                                                     (result_bytes > 0 ||
                                                      std::is_void_v<result_type>)
                                                 ? plain_bytes_of<yielded_type> + result_bytes
                                                 : 0;

  static constexpr bool is_observed = !std::is_same_v<Observer, unobserved>;
  static constexpr bool is_split = split_generator<Generator>;
  static constexpr bool may_be_finished = is_prefinished<yielded_type>;
  static constexpr bool may_spawn = caller_type::wants_context && !may_be_finished;
  // An item may go on without a worker: until its end, its turn, or a place.
  static constexpr bool may_be_let_go = caller_type::is_async || is_keyed || is_staged;
  static constexpr bool may_go_straight =
      is_split && sink_type::is_reduction_form && !may_be_let_go && !caller_type::is_batched;
  // Spawned items are folded as they come where nothing needs them afterwards.
  static constexpr bool may_stack = may_spawn && sink_type::is_reduction_form && !may_be_let_go &&
                                    std::is_nothrow_move_constructible_v<stacked_type>;
  // Those two fold what is final at once.
  static_assert(!is_observed || (!may_go_straight && !may_stack),
                "parwork: an observer sees what goes through batches alone");
};

}  // namespace parwork::detail
