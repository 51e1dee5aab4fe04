// tee: one collector made of several.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "parwork/completion.hpp"
#include "parwork/detail/is_completion.hpp"
#include "parwork/detail/null_check.hpp"

namespace parwork {

namespace detail {

// Whether a part of a tee takes what is collected: as it is, from a const reference to it, or, as
// `process` allows for completions, only by reference. Disjunctions here and below, not ||: a
// generic lambda must not be instantiated with what it is not called with.
template <class Part, class Collected>
struct part_takes : std::disjunction<std::is_invocable<Part&, Collected>,
                                     std::is_invocable<Part&, const Collected&>,
                                     std::conjunction<std::bool_constant<is_completion<Collected>>,
                                                      std::is_invocable<Part&, Collected&>>> {};

// Whether a part can live with the successes of completions: it takes the result, or nothing where
// there is none.
template <class Part, class Result>
struct part_takes_result : part_takes<Part, Result> {};
template <class Part>
struct part_takes_result<Part, void> : std::is_invocable<Part&> {};

// Whether a tee of these parts takes what is collected.
template <class Collected, class... Part>
struct tee_takes : std::conjunction<part_takes<Part, Collected>...> {};
template <class Item, class Result, class... Part>
struct tee_takes<completion<Item, Result>, Part...>
    : std::conjunction<std::disjunction<part_takes<Part, completion<Item, Result>>...>,
                       std::disjunction<part_takes<Part, completion<Item, Result>>,
                                        part_takes_result<Part, Result>>...> {};

enum class tee_place { before_others, last };

template <class Part, class Collected>
void give_copy(Part& part, const Collected& collected) {
  static_assert(std::copy_constructible<Collected>,
                "parwork: tee has to copy what it collects for every collector but the last, and "
                "this cannot be copied (a move-only item or result): let those collectors take it "
                "by const reference, or put the one that keeps it last");
  if constexpr (std::copy_constructible<Collected>) {
    Collected copy(collected);
    if constexpr (std::is_invocable_v<Part&, Collected>) {
      std::invoke(part, std::move(copy));
    } else {
      std::invoke(part, copy);
    }
  }
}

// Gives `collected` to one part: the last one may keep it, the others see it by const reference or
// get a copy.
template <tee_place Place, class Part, class Collected>
void give(Part& part, Collected&& collected) {
  if constexpr (Place == tee_place::last && std::is_invocable_v<Part&, Collected>) {
    std::invoke(part, std::forward<Collected>(collected));
  } else if constexpr (std::is_invocable_v<Part&, const std::remove_cvref_t<Collected>&>) {
    std::invoke(part, std::as_const(collected));
  } else if constexpr (Place == tee_place::last &&
                       std::is_invocable_v<Part&, std::remove_reference_t<Collected>&>) {
    std::invoke(part, collected);
  } else {
    give_copy(part, std::as_const(collected));
  }
}

// The same for a completion, to a part that takes completions or only what succeeded.
template <tee_place Place, class Result, class Part, class Completion>
void give_completion(Part& part, Completion&& done) {
  if constexpr (part_takes<Part, std::remove_cvref_t<Completion>>::value) {
    give<Place>(part, std::forward<Completion>(done));
  } else if constexpr (std::is_void_v<Result>) {
    if (done.result.has_value()) std::invoke(part);
  } else {
    if (done.result.has_value()) give<Place>(part, *std::forward<Completion>(done).result);
  }
}

}  // namespace detail

/// A collector that passes everything on to several; made by `tee`.
template <class... Collector>
class tee_collector {
 public:
  explicit tee_collector(Collector&&... parts) : parts_(std::forward<Collector>(parts)...) {
    std::apply([](auto&... part) { (detail::refuse_null(part, "a collector of tee"), ...); },
               parts_);
  }

  template <class Collected>
    requires(detail::tee_takes<std::remove_cvref_t<Collected>,
                               std::remove_reference_t<Collector>...>::value)
  void operator()(Collected&& collected) {
    if constexpr (detail::is_completion<Collected>) {
      using result = typename decltype(collected.result)::value_type;
      each([&]<detail::tee_place Place>(auto& part) {
        detail::give_completion<Place, result>(part, std::forward<Collected>(collected));
      });
    } else {
      each([&]<detail::tee_place Place>(auto& part) {
        detail::give<Place>(part, std::forward<Collected>(collected));
      });
    }
  }

  void operator()()
    requires(std::is_invocable_v<std::remove_reference_t<Collector>&> && ...)
  {
    each([]<detail::tee_place>(auto& part) { std::invoke(part); });
  }

 private:
  // Calls `give` with each part, in order, and with its place as a template argument.
  template <class Give>
  void each(Give give) {
    [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      (give.template operator()<place_of(Is)>(std::get<Is>(parts_)), ...);
    }(std::index_sequence_for<Collector...>());
  }

  static constexpr detail::tee_place place_of(std::size_t position) {
    return position + 1 == sizeof...(Collector) ? detail::tee_place::last
                                                : detail::tee_place::before_others;
  }

  std::tuple<Collector...> parts_;
};

/// A collector that passes each item on to all of `collectors`, in their order. An lvalue is kept
/// by reference and must outlive the run, an rvalue is kept inside.
///
/// Where all of them take results (or nothing, for work that returns nothing), so does the tee.
/// Where one takes completions, so does the tee, and those that take results see successes only:
/// then failures are no longer thrown, they are that one collector's to see. The last one gets what
/// is collected by move; the others get it by const reference, or a copy where they take it by
/// value. What one of them throws leaves the tee; those behind it do not see that item.
///
/// Throws `std::invalid_argument` where one of them is null.
template <class... Collector>
[[nodiscard]] auto tee(Collector&&... collectors) {
  static_assert(sizeof...(Collector) > 0, "parwork: tee needs at least one collector");
  return tee_collector<Collector...>(std::forward<Collector>(collectors)...);
}

}  // namespace parwork
