// process: runs a generator, a work function and a collector on every core there is.
//
// Thread safety: any number of threads may call it at once, work of another run included.
// Invariants: when it returns or throws, no thread runs user code of this run any more, and every
// item has been handed to the collector or destroyed. So capturing by reference is always safe.
#pragma once

#include <concepts>
#include <functional>
#include <iterator>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "parwork/batch_completer.hpp"
#include "parwork/batched.hpp"
#include "parwork/completer.hpp"
#include "parwork/completion.hpp"
#include "parwork/concepts.hpp"
#include "parwork/context.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/detail/typed_run.hpp"
#include "parwork/keyed.hpp"
#include "parwork/options.hpp"
#include "parwork/per_worker.hpp"
#include "parwork/prefinished.hpp"
#include "parwork/reduce.hpp"
#include "parwork/split.hpp"
#include "parwork/stages.hpp"
#include "parwork/summary.hpp"

namespace parwork {

namespace detail {

template <class Generator>
consteval bool has_items_to_fill() {
  if constexpr (names_filled_item<Generator> && !callable_generator<Generator>) {
    using item = typename filled_item<std::remove_cvref_t<Generator>>::type;
    return std::default_initializable<item>;
  } else {
    return true;
  }
}

template <class Generator>
consteval bool accepts_generator() {
  constexpr bool can_be_filled = has_items_to_fill<Generator>();
  static_assert(can_be_filled,
                "parwork: a generator that fills, bool(Item&), needs an Item with a default "
                "constructor: what it is first given; or return std::optional<Item>");
  static_assert(
      !can_be_filled || generator<Generator>,
      "parwork: the generator must be a callable that returns std::optional, std::unique_ptr, "
      "std::shared_ptr or a pointer, one that fills, bool(Item&) with Item spelled out, a "
      "std::ranges::input_range, or parwork::split(range)");
  return generator<Generator>;
}

template <class Batched, class Item>
consteval bool accepts_batched_work() {
  using work = inner_work<Batched>;
  constexpr bool ok = accepts_span<Batched, Item>();
  constexpr bool lies_elsewhere = std::is_reference_v<Item>;
  constexpr bool is_for_one = names_completer<work>;
  constexpr bool is_for_spans = names_batch_completer<work>;
  static_assert(ok || !lies_elsewhere,
                "parwork: batched work gets a span of items side by side, and those of refs lie "
                "where their elements are: take one item at a time");
  static_assert(ok || lies_elsewhere || !is_for_one,
                "parwork: asynchronous batched work finishes its span by batch_completer<R>, and "
                "completer<R> finishes one item");
  static_assert(ok || lies_elsewhere || !is_for_spans,
                "parwork: asynchronous batched work must be callable with std::span<Item> and "
                "batch_completer<R>");
  static_assert(ok || lies_elsewhere || is_for_one || is_for_spans,
                "parwork: batched work must be callable with std::span<Item>, or with "
                "std::span<Item> and batch_completer<R>, spelled out");
  return ok;
}

template <class Work, class Item>
consteval bool accepts_work() {
  if constexpr (is_batched_work<std::remove_cv_t<Work>>) {
    return accepts_batched_work<Work, Item>();
  } else {
    constexpr bool ok = accepts_item<Work, Item>();
    constexpr bool is_for_spans = names_batch_completer<Work>;
    static_assert(ok || !is_for_spans,
                  "parwork: batch_completer<R> finishes a span of items: give process "
                  "batched(work, max), with work(std::span<Item>, batch_completer<R>)");
    static_assert(ok || is_for_spans,
                  "parwork: work must be callable as work(item), work(item, context&) or "
                  "work(item, completer<R>); "
                  "with per_worker as work(state, item) or work(state, item, context&)");
    return ok;
  }
}

template <class Work, class Item>
consteval bool accepts_key() {
  if constexpr (is_keyed_work<std::remove_cv_t<Work>>) {
    constexpr bool ok = !std::is_void_v<key_of_item<Work, Item>>;
    static_assert(ok,
                  "parwork: the key of keyed must be callable with const Item& and return a value "
                  "that std::hash and == take");
    return ok;
  } else {
    return true;
  }
}

template <class Collector, class Item, class R>
consteval bool accepts_collector() {
  constexpr auto form = collector_form_of<Collector, Item, R>();
  static_assert(form != collector_form::none,
                "parwork: the collector must be callable with completion<Item, R>, with R, or, "
                "where the result is "
                "void, with nothing");
  return form != collector_form::none;
}

template <class Collector>
consteval bool is_lvalue_if_reduction() {
  constexpr bool ok =
      !is_reduction<std::remove_cvref_t<Collector>> || std::is_lvalue_reference_v<Collector>;
  static_assert(ok,
                "parwork: reduce must be passed as an lvalue: its value() is read after the run");
  return ok;
}

template <class Yielded, class R>
consteval bool accepts_results_of() {
  constexpr bool ok = yields_results_as<Yielded, R>;
  static_assert(ok,
                "parwork: the generator yields prefinished<Item, Result> with another Result than "
                "work returns");
  return ok;
}

template <class R>
consteval bool accepts_result() {
  constexpr bool ok = std::is_void_v<R> || std::move_constructible<R>;
  static_assert(ok,
                "parwork: work's result must be movable, for it is handed on to the collector: "
                "return a std::unique_ptr to it");
  return ok;
}

template <class Collector, class Item, class R>
consteval bool keeps_what_results_point_to() {
  if constexpr (looks_into<R, Item>) {
    constexpr bool ok = !result_sink<Collector, Item, R>::needs_item;
    static_assert(ok,
                  "parwork: the result is a view of such an item as this, and the item is moved "
                  "into the completion before the collector sees it: return a std::string (or "
                  "another owner), or take completion<void, R> where the view points elsewhere");
    return ok;
  } else {
    return true;
  }
}

template <class Work, class Item>
inline constexpr bool only_changes_item = takes_only_lvalue<std::remove_cv_t<Work>, Item, 0>;
template <class Work, class Item>
  requires is_per_worker<std::remove_cv_t<Work>>
inline constexpr bool only_changes_item<Work, Item> =
    takes_only_lvalue<decltype(std::remove_cv_t<Work>::work), Item, 1>;

template <class Generator>
consteval bool makes_copies() {
  using inner = unweighed_t<Generator>;
  if constexpr (split_generator<inner>) {
    return std::remove_cvref_t<inner>::copies;
  } else if constexpr (callable_generator<inner> || filling_generator<inner>) {
    return false;
  } else {
    return copies_elements<inner>;
  }
}

// Work that can only change its item, where nobody sees the item afterwards.
template <class Generator, class Work, class Collector>
consteval bool keeps_what_work_does() {
  using item = plain_item_t<generator_item_t<Generator>>;
  using result = typename caller_for<Work, item>::result_type;
  if constexpr (std::is_void_v<result> && makes_copies<Generator>() &&
                only_changes_item<Work, item>) {
    constexpr bool ok = result_sink<Collector, item, result>::needs_item;
    static_assert(
        ok,
        "parwork: work changes its item and returns nothing, and items are copies of this "
        "range's elements: the changes would be lost. Give it the elements, "
        "parwork::refs(range), or take the item by const reference");
    return ok;
  } else {
    return true;
  }
}

// The checks that need the result's type, once work is known to be fine.
template <class Work, class Collector, class Item>
consteval bool fits_together() {
  using caller = caller_for<Work, Item>;
  using result = typename caller::result_type;
  if constexpr (!(accepts_result<result>() && accepts_collector<Collector, Item, result>())) {
    return false;
  } else if constexpr (is_reduction<std::remove_cv_t<Collector>>) {
    constexpr bool ok = folds_result<Collector, result>();
    static_assert(ok,
                  "parwork: reduce's fold must be callable with the accumulator and the result of "
                  "work, or with the "
                  "accumulator alone where the result is void");
    return ok;
  } else {
    constexpr bool ok =
        caller::how == passing::lvalue || !result_sink<Collector, Item, result>::needs_item;
    static_assert(ok,
                  "parwork: work takes a move-only item by value, but a completion collector needs "
                  "the item too: take "
                  "it by reference");
    return ok && keeps_what_results_point_to<Collector, Item, result>();
  }
}

template <class Generator, class Work, class Collector>
consteval bool accepts_call() {
  if constexpr (!accepts_generator<Generator>()) {
    return false;
  } else {
    using yielded = generator_item_t<Generator>;
    using item = plain_item_t<yielded>;
    using work = std::remove_reference_t<Work>;
    if constexpr (accepts_work<work, item>() && accepts_key<work, item>() &&
                  is_lvalue_if_reduction<Collector>()) {
      if constexpr (accepts_results_of<yielded, typename caller_for<work, item>::result_type>()) {
        if constexpr (fits_together<work, std::remove_reference_t<Collector>, item>()) {
          return keeps_what_work_does<Generator, work, std::remove_reference_t<Collector>>();
        }
      }
    }
    return false;
  }
}

// Whether failures come to the collector alone, so that a caller who drops the summary may miss
// them. False for calls that do not compile: their sentences come from accepts_call.
template <class Generator, class Work, class Collector>
consteval bool may_miss_failures() {
  using collector = std::remove_reference_t<Collector>;
  if constexpr (!generator<Generator> || is_reduction<std::remove_cv_t<collector>>) {
    return false;
  } else {
    using item = plain_item_t<generator_item_t<Generator>>;
    using work = std::remove_reference_t<Work>;
    if constexpr (accepts_item<work, item>()) {
      using result = typename caller_for<work, item>::result_type;
      constexpr collector_form form = collector_form_of<collector, item, result>();
      return form == collector_form::completion || form == collector_form::completion_lvalue ||
             form == collector_form::completion_without_item;
    } else {
      return false;
    }
  }
}

template <class Caller>
consteval bool has_single_attempts() {
  if constexpr (staged_caller<Caller>) {
    return Caller::has_single_attempts;
  } else {
    return Caller::how == passing::rvalue_only;
  }
}

template <class Work, class Item>
void refuse_moved_retries(const options& given) {
  if (has_single_attempts<caller_for<Work, Item>>() && given.retry.max_attempts > 1) {
    throw std::invalid_argument("parwork: options.retry.max_attempts is " +
                                std::to_string(given.retry.max_attempts) +
                                ", but work takes a move-only item by value: nothing is left for a "
                                "second attempt; take it by reference");
  }
}

// What process does, behind both of its forms.
template <class Generator, class Work, class Collector>
summary process_checked(Generator&& generator, Work&& work, Collector&& collector,
                        options&& given) {
  if constexpr (accepts_call<Generator, Work, Collector>()) {
    refuse_null(generator, "the generator");
    refuse_null(work, "work");
    refuse_null(collector, "the collector");
    using item = plain_item_t<generator_item_t<Generator>>;
    refuse_moved_retries<std::remove_reference_t<Work>, item>(given);
    unobserved nobody;
    typed_run<Generator, Work, Collector> run(
        std::forward<Generator>(generator), std::forward<Work>(work),
        std::forward<Collector>(collector), std::move(given), nobody);
    return run.execute();
  } else {
    return {};  // the sentences above have been printed
  }
}

template <class Generator, class Work, class Collector>
concept failure_watcher = may_miss_failures<Generator, Work, Collector>();

// What a parameter's type defaults to where the argument is the name of several functions: then
// the compiler deduces none.
struct name_of_many {};

template <class Work, class Collector>
consteval bool accepts_names() {
  constexpr bool ok =
      !std::is_same_v<Work, name_of_many> && !std::is_same_v<Collector, name_of_many>;
  static_assert(ok,
                "parwork: this name stands for several functions (overloads, or a template), and "
                "process cannot choose: wrap it in a lambda, [](auto& item) { return f(item); }");
  return ok;
}
template <class Work, class Collector>
concept resolved = accepts_names<Work, Collector>();

template <class>
inline constexpr bool always_false = false;

template <class First, class Last>
concept iterator_pair = std::input_or_output_iterator<std::remove_cvref_t<First>> &&
                        std::sentinel_for<std::remove_cvref_t<Last>, std::remove_cvref_t<First>>;

}  // namespace detail

/// Takes items from `generator`, turns each into a result by `work` on as many workers as there are
/// CPUs (the calling thread is one of them), and hands every finished item to `collector`. Blocks
/// until the run is over.
///
/// Generator: a callable returning `std::optional<Item>`, `unique_ptr`, `shared_ptr` or a pointer,
/// where empty ends it; a callable that fills, `bool(Item&)`; any `std::ranges::input_range`;
/// `refs(range)`; or `split(range)`. An item may come with its outcome: see `prefinished`. Work:
/// `work(item)`, `work(item, context&)`, `per_worker(...)`, `batched(...)`, `keyed(...)`,
/// `stages(...)`, `limited(...)`, or `work(item, completer<R>)`; it returns a result, nothing, or a
/// `std::expected`. Collector: `collector(completion<Item, R>)` or `collector(completion<void,
/// R>)`, which see failures too; `collector(R)`; `collector()`; or `reduce(...)`. Generator and
/// collector are called by one thread at a time and need no lock; work runs concurrently with
/// itself.
///
/// Throws `std::invalid_argument` for bad options before anything starts; what the generator or
/// collector threw; and, where the collector sees results alone, the first item's failure: work's
/// own exception or `item_failed`.
///
/// Cost: a call of one item about 6 us where another worker has to be woken; then nothing an item
/// but the three calls, and under a microsecond a batch.
template <class Generator, class Work = detail::name_of_many,
          class Collector = detail::name_of_many>
  requires detail::resolved<Work, Collector>
summary process(Generator&& generator, Work&& work, Collector&& collector, options given = {}) {
  return detail::process_checked(std::forward<Generator>(generator), std::forward<Work>(work),
                                 std::forward<Collector>(collector), std::move(given));
}

/// The same, where the collector sees failures: then nothing is thrown for them, and the summary is
/// what tells that there were some.
template <class Generator, class Work = detail::name_of_many,
          class Collector = detail::name_of_many>
  requires detail::resolved<Work, Collector> && detail::failure_watcher<Generator, Work, Collector>
[[nodiscard]] summary process(Generator&& generator, Work&& work, Collector&& collector,
                              options given = {}) {
  return detail::process_checked(std::forward<Generator>(generator), std::forward<Work>(work),
                                 std::forward<Collector>(collector), std::move(given));
}

// --- Calls that were meant otherwise: one sentence each ---

/// @cond
template <class Generator, class Work>
summary process(Generator&&, Work&&) {
  static_assert(detail::always_false<Work>,
                "parwork: process needs a collector as its third argument: parwork::into(results), "
                "or [] {} where work returns nothing");
  return {};
}

template <class Generator, class Work, class Collector, class Options>
  requires(!std::convertible_to<Options, options>)
summary process(Generator&&, Work&&, Collector&&, Options&&) {
  constexpr bool is_pair = detail::iterator_pair<Generator, Work>;
  static_assert(!is_pair,
                "parwork: process takes a range and not a pair of iterators: "
                "std::ranges::subrange(first, last)");
  static_assert(is_pair || detail::always_false<Options>,
                "parwork: the fourth argument of process is its options: {.workers = 4}");
  return {};
}

template <class First, class Last, class Work, class Collector>
summary process(First&&, Last&&, Work&&, Collector&&, const options&) {
  static_assert(detail::always_false<First>,
                "parwork: process takes a range and not a pair of iterators: "
                "std::ranges::subrange(first, last)");
  return {};
}
/// @endcond

}  // namespace parwork
