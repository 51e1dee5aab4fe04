// The types of a run, deduced once from what the user gives, and what follows from them.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "parwork/detail/result_sink.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/detail/spawn_stack.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/failure.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

// In place of an observer: nobody asks when an outcome becomes final.
struct unobserved {};

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

  using caller_type = caller_for<work_type, item_type>;
  using result_type = typename caller_type::result_type;
  using expected_type = std::expected<result_type, failure>;
  using sink_type = result_sink<collector_type, item_type, result_type>;
  using source_type = decltype(make_source(std::declval<Generator>()));

  static constexpr lie how_items_lie = source_type::yields_optional && !caller_type::is_batched
                                           ? lie::as_returned
                                           : lie::side_by_side;
  using batch_type = typed_batch<yielded_type, result_type, how_items_lie, caller_type::is_async>;
  using outcome_type = typename batch_type::outcome_type;
  using stacked_type = stored_item<item_type, lie::side_by_side>;

  static constexpr bool is_observed = !std::is_same_v<Observer, unobserved>;
  static constexpr bool is_split = split_generator<Generator>;
  static constexpr bool may_be_finished = is_prefinished<yielded_type>;
  static constexpr bool may_spawn = caller_type::wants_context && !may_be_finished;
  static constexpr bool may_go_straight = is_split && sink_type::is_reduction_form &&
                                          !caller_type::is_async && !caller_type::is_batched;
  // Spawned items are folded as they come where nothing needs them afterwards.
  static constexpr bool may_stack = may_spawn && sink_type::is_reduction_form &&
                                    std::is_nothrow_move_constructible_v<stacked_type>;
  // Those two fold what is final at once.
  static_assert(!is_observed || (!may_go_straight && !may_stack),
                "parwork: an observer sees what goes through batches alone");
};

}  // namespace parwork::detail
