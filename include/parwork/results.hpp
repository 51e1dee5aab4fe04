// results: a run as a loop.
//
// Thread safety: a range of results and its iterators are used by one thread at a time; it may be
// another one each time. Invariant: when the range is at its end, or destroyed, no thread runs user
// code of the run any more.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "parwork/completion.hpp"
#include "parwork/concepts.hpp"
#include "parwork/detail/looped_run.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/options.hpp"
#include "parwork/process.hpp"
#include "parwork/summary.hpp"

namespace parwork {

/// What `results` returns: a move-only `std::ranges::input_range` of `completion<Item, R>`. The
/// members of one that was moved from throw `std::logic_error`.
template <class Generator, class Work>
class results_range {
  using run_type = detail::looped_run<Generator, Work>;

 public:
  using value_type = typename run_type::completion_type;

  /// The place in the loop: all of them stand at the same item. Valid as long as the range that it
  /// is of, which may move.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = results_range::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() = default;

    /// The finished item. It may be moved from: it is the loop's until `++`.
    [[nodiscard]] value_type& operator*() const noexcept { return run_->current(); }
    [[nodiscard]] value_type* operator->() const noexcept { return &run_->current(); }
    /// Ends the flight of this item, and waits for the next; meanwhile the calling thread works on
    /// items. Throws what `process` throws at the end of a run.
    iterator& operator++() {
      run_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& place, std::default_sentinel_t) noexcept {
      return place.run_->is_at_end();
    }

   private:
    friend class results_range;
    explicit iterator(run_type& run) noexcept : run_(&run) {}

    run_type* run_ = nullptr;
  };

  /// Begins the run, and waits for its first finished item. Later calls return the place where the
  /// loop was left. Throws as `++` does, and `std::logic_error` for a control or recorder in use.
  [[nodiscard]] iterator begin() {
    its().begin();
    return iterator(its());
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// What the run came to. Before its end: stops the run and waits; items that the loop has not
  /// seen are destroyed, and counted as what became of them. Of a run that never began it is empty.
  /// Throws what the run threw, each time; `std::logic_error` in a child of `fork`, before the end.
  [[nodiscard]] parwork::summary summary() { return its().came_to(); }

  /// For `results`.
  explicit results_range(std::unique_ptr<run_type> run) noexcept : run_(std::move(run)) {}

 private:
  [[nodiscard]] run_type& its() const {
    if (run_) return *run_;
    throw std::logic_error("parwork: results: it was moved from, so it has no run");
  }

  std::unique_ptr<run_type> run_;
};

namespace detail {

template <class Generator, class Work>
consteval bool accepts_loop() {
  if constexpr (!accepts_generator<Generator>()) {
    return false;
  } else {
    using item = plain_item_t<generator_item_t<Generator>>;
    using work = std::remove_reference_t<Work>;
    if constexpr (accepts_work<work, item>() && accepts_key<work, item>()) {
      using result = typename caller_for<work, item>::result_type;
      if constexpr (accepts_result<result>()) {
        return accepts_call<Generator, Work, kept_results<item, result>&>();
      }
    }
    return false;
  }
}

// In place of a range where a sentence has been printed.
struct refused_loop {
  [[nodiscard]] int* begin() const noexcept { return nullptr; }
  [[nodiscard]] int* end() const noexcept { return nullptr; }
};

}  // namespace detail

// Not found by the arguments' namespace: a user's function of this name would lose against it.
namespace calls {

/// The run as a loop: `for (auto& done : parwork::results(files, hash)) ...`, where `done` is a
/// `completion<Item, R>` as a collector gets it, in the order that the options say. The run begins
/// with the loop. The looping thread is one of the workers: it works on items while nothing is
/// finished. Others work on during the loop's body, until `options::queue` items are in flight,
/// which an item is until `++`.
///
/// Leaving the loop early stops the run and waits for started attempts, in the destructor of the
/// range: a range with a name lives on, and its loop may be taken up again. What the generator
/// throws leaves `begin` or `++`, behind the items that were taken before.
///
/// Generator and work as for `process`: lvalues are referred to, rvalues kept. `collector_runs_on`
/// has no effect; a generator that `runs_on::workers` has a thread of its own.
///
/// Throws `std::invalid_argument` for bad options.
///
/// Cost: that of `process`, a thread for the generator, and to keep an item some 20 ns.
template <class Generator, class Work = detail::name_of_many>
  requires detail::resolved<Work, int>
[[nodiscard]] auto results(Generator&& generator, Work&& work, options given = {}) {
  if constexpr (detail::accepts_loop<Generator&, Work&>()) {
    detail::refuse_null(static_cast<const std::remove_reference_t<Generator>&>(generator),
                        "the generator");
    detail::refuse_null(static_cast<const std::remove_reference_t<Work>&>(work), "work");
    using item = detail::plain_item_t<generator_item_t<Generator&>>;
    detail::refuse_moved_retries<std::remove_reference_t<Work>, item>(given);
    detail::validate(given);
    if constexpr (!detail::is_weighed<std::remove_reference_t<Generator>>) {
      if (given.memory != 0) detail::refuse_memory(given.memory);
    }
    return results_range<Generator, Work>(std::make_unique<detail::looped_run<Generator, Work>>(
        std::forward<Generator>(generator), std::forward<Work>(work), std::move(given)));
  } else {
    return detail::refused_loop();
  }
}

/// For a call that was meant otherwise: one sentence.
template <class Generator, class Work, class Other>
  requires(!std::convertible_to<Other, options>)
detail::refused_loop results(Generator&&, Work&&, Other&&) {
  static_assert(
      detail::always_false<Other>,
      "parwork: the third argument of results is its options, {.workers = 4}: there is no "
      "collector, for the loop over the results is one");
  return {};
}

}  // namespace calls
using namespace calls;

}  // namespace parwork
