// per_worker: work with a state of each worker's own, such as a buffer, a connection or a parser.
//
// Invariants: a state is used by the one thread that made it, and destroyed before `process`
// returns.
#pragma once

#include <type_traits>
#include <utility>

namespace parwork {

/// Work that has a state per worker; made by `per_worker`.
template <class MakeState, class Work>
struct per_worker_work {
  using state_type = std::decay_t<std::invoke_result_t<MakeState&>>;

  MakeState make_state;
  Work work;
};

/// `make_state()` runs once on each worker that takes part, at its first item; then `work(state,
/// item)` or `work(state, item, context&)` for each of its items. An exception from `make_state`
/// fails the item that needed it.
template <class MakeState, class Work>
[[nodiscard]] auto per_worker(MakeState&& make_state, Work&& work) {
  static_assert(
      std::is_invocable_v<std::decay_t<MakeState>&>,
      "parwork: per_worker's first argument must be callable with nothing and return the state");
  return per_worker_work<std::decay_t<MakeState>, std::decay_t<Work>>{
      std::forward<MakeState>(make_state), std::forward<Work>(work)};
}

}  // namespace parwork
