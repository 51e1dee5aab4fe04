// process: runs a generator, a work function and a collector on every core there is.
//
// Thread safety: any number of threads may call it at once, work of another run included.
// Invariants: when it returns or throws, no thread runs user code of this run any more, and every
// item has been handed to the collector or destroyed. So capturing by reference is always safe.
#pragma once

#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "parwork/batched.hpp"
#include "parwork/completer.hpp"
#include "parwork/completion.hpp"
#include "parwork/concepts.hpp"
#include "parwork/context.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/detail/typed_run.hpp"
#include "parwork/options.hpp"
#include "parwork/per_worker.hpp"
#include "parwork/prefinished.hpp"
#include "parwork/reduce.hpp"
#include "parwork/split.hpp"
#include "parwork/summary.hpp"

namespace parwork {

namespace detail {

template <class Generator>
consteval bool accepts_generator() {
  static_assert(
      generator<Generator>,
      "parwork: the generator must be a callable that returns std::optional, std::unique_ptr, "
      "std::shared_ptr or a pointer, a std::ranges::input_range, or parwork::split(range)");
  return generator<Generator>;
}

template <class Work, class Item>
consteval bool accepts_work() {
  constexpr bool ok = accepts_item<Work, Item>();
  static_assert(ok,
                "parwork: work must be callable as work(item), work(item, context&) or work(item, "
                "completer<R>); "
                "with per_worker as work(state, item) or work(state, item, context&)");
  return ok;
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

// The checks that need the result's type, once work is known to be fine.
template <class Work, class Collector, class Item>
consteval bool fits_together() {
  using caller = caller_for<Work, Item>;
  using result = typename caller::result_type;
  if constexpr (!accepts_collector<Collector, Item, result>()) {
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
    return ok;
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
    if constexpr (accepts_work<work, item>() && is_lvalue_if_reduction<Collector>()) {
      if constexpr (accepts_results_of<yielded, typename caller_for<work, item>::result_type>()) {
        return fits_together<work, std::remove_reference_t<Collector>, item>();
      }
    }
    return false;
  }
}

template <class Work, class Item>
void refuse_moved_retries(const options& given) {
  if (caller_for<Work, Item>::how == passing::rvalue_only && given.retry.max_attempts > 1) {
    throw std::invalid_argument("parwork: options.retry.max_attempts is " +
                                std::to_string(given.retry.max_attempts) +
                                ", but work takes a move-only item by value: nothing is left for a "
                                "second attempt; take it by reference");
  }
}

}  // namespace detail

/// Takes items from `generator`, turns each into a result by `work` on as many workers as there are
/// CPUs (the calling thread is one of them), and hands every finished item to `collector`. Blocks
/// until the run is over.
///
/// Generator: a callable returning `std::optional<Item>`, `unique_ptr`, `shared_ptr` or a pointer,
/// where empty ends it; any `std::ranges::input_range`; or `split(range)`. An item may come with
/// its outcome: see `prefinished`. Work: `work(item)`, `work(item, context&)`, `per_worker(...)`,
/// `batched(...)`, or `work(item, completer<R>)`; it returns a result, nothing, or a
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
template <class Generator, class Work, class Collector>
[[nodiscard]] summary process(Generator&& generator, Work&& work, Collector&& collector,
                              options given = {}) {
  if constexpr (detail::accepts_call<Generator, Work, Collector>()) {
    detail::refuse_null(generator, "the generator");
    detail::refuse_null(work, "work");
    detail::refuse_null(collector, "the collector");
    using item = detail::plain_item_t<generator_item_t<Generator>>;
    detail::refuse_moved_retries<std::remove_reference_t<Work>, item>(given);
    detail::unobserved nobody;
    detail::typed_run<Generator, Work, Collector> run(
        std::forward<Generator>(generator), std::forward<Work>(work),
        std::forward<Collector>(collector), std::move(given), nobody);
    return run.execute();
  } else {
    return {};  // the sentences above have been printed
  }
}

}  // namespace parwork
