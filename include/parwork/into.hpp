// into: a collector that puts results into a container.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "parwork/detail/is_completion.hpp"

namespace parwork {

/// A collector that fills a container; made by `into`.
template <class Container>
class container_collector {
  using value = typename Container::value_type;

  // A container of anything (std::any) must not catch completions: results are what it is for.
  template <class R>
  static constexpr bool fits =
      std::convertible_to<R, value> && (!detail::is_completion<R> || detail::is_completion<value>);

 public:
  explicit container_collector(Container& container) noexcept : container_(&container) {}

  template <class R>
    requires fits<R>
  void operator()(R&& result) {
    if constexpr (requires { container_->push_back(std::forward<R>(result)); }) {
      container_->push_back(std::forward<R>(result));
    } else {
      container_->insert(std::forward<R>(result));
    }
  }

 private:
  Container* container_;
};

/// Puts each result into `container`, by `push_back` where it has one (`std::vector`, `std::deque`,
/// `std::string`), else by `insert` (`std::set`, `std::map`). The container must outlive the run
/// and keeps what it held. With `ordering::input` a sequence ends up in the order of the items.
///
/// Sees successes only, so the first failure ends the run and is thrown. A container of completions
/// takes completions, failures and all: `std::vector<parwork::completion<Item, R>>`.
template <class Given>
[[nodiscard]] auto into(Given&& container) noexcept {
  static_assert(std::is_lvalue_reference_v<Given>,
                "parwork: into needs a container that outlives the run, and this is a temporary: "
                "give it a name");
  using container_type = std::remove_reference_t<Given>;
  using value = typename container_type::value_type;
  static_assert(
      requires(value v) { container.push_back(std::move(v)); } ||
          requires(value v) { container.insert(std::move(v)); },
      "parwork: into needs a container with push_back or insert");
  return container_collector<container_type>(container);
}

}  // namespace parwork
