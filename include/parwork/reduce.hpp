// reduce: a collector without any serial point.
//
// Thread safety: `fold` runs on several workers at once, each with an accumulator of its own;
// `merge` and `value` run on the thread that called `process`. Invariants: after a run the value is
// `init` merged with every worker's accumulator, in no particular order.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace parwork {

/// A collector that folds results on the workers; made by `reduce`. Each run starts afresh from
/// `init`.
template <class Accumulator, class Fold, class Merge>
class reduction {
 public:
  using accumulator_type = Accumulator;

  reduction(Accumulator start, Fold folding, Merge merging)
      : init_(std::move(start)),
        fold_(std::move(folding)),
        merge_(std::move(merging)),
        value_(init_) {}

  /// The result of the last run; `init` before the first one.
  [[nodiscard]] const Accumulator& value() const& noexcept { return value_; }
  [[nodiscard]] Accumulator value() && { return std::move(value_); }

  /// For the engine.
  [[nodiscard]] const Accumulator& init() const noexcept { return init_; }
  [[nodiscard]] const Fold& fold_function() const noexcept { return fold_; }
  [[nodiscard]] const Merge& merge_function() const noexcept { return merge_; }

  template <class... Result>
  static constexpr bool folds = std::is_invocable_v<Fold&, Accumulator&, Result...> ||
                                std::is_invocable_v<Fold&, Accumulator, Result...>;

  template <class... Result>
  void fold(Accumulator& into, Result&&... result) {
    apply(fold_, into, std::forward<Result>(result)...);
  }
  void merge(Accumulator&& part) { apply(merge_, value_, std::move(part)); }
  void reset() { value_ = init_; }

 private:
  // The function may change the accumulator in place and return nothing (or a reference to it), or
  // return a new one.
  template <class Function, class... Argument>
  static void apply(Function& function, Accumulator& into, Argument&&... argument) {
    if constexpr (std::is_invocable_v<Function&, Accumulator&, Argument...>) {
      using returned = std::invoke_result_t<Function&, Accumulator&, Argument...>;
      if constexpr (std::is_void_v<returned> || std::is_same_v<returned, Accumulator&>) {
        std::invoke(function, into, std::forward<Argument>(argument)...);
      } else if constexpr (std::is_invocable_v<Function&, Accumulator&&, Argument...>) {
        into = std::invoke(function, std::move(into), std::forward<Argument>(argument)...);
      } else {
        into = std::invoke(function, into, std::forward<Argument>(argument)...);
      }
    } else {
      into = std::invoke(function, std::move(into), std::forward<Argument>(argument)...);
    }
  }

  const Accumulator init_;
  Fold fold_;
  Merge merge_;
  Accumulator value_;
};

/// `fold(accumulator, result)` runs on the workers, each with a copy of `init`, which is neutral
/// for `merge`; `merge(accumulator, accumulator)` joins them after the run. Both either return the
/// new accumulator or change the one they get by reference. Where the result is void,
/// `fold(accumulator)`. Failures stop the run and are thrown, as for a collector of results. Pass
/// it to `process` as an lvalue and read `value()` afterwards.
template <class Init, class Fold, class Merge>
[[nodiscard]] auto reduce(Init&& init, Fold&& fold, Merge&& merge) {
  return reduction<std::decay_t<Init>, std::decay_t<Fold>, std::decay_t<Merge>>(
      std::forward<Init>(init), std::forward<Fold>(fold), std::forward<Merge>(merge));
}

}  // namespace parwork
