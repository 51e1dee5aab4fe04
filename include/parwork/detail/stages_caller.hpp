// The types of work in stages: what each takes and returns, and a caller for each.
//
// Thread safety: that of the callers in work_caller.hpp, and of limit_line.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "parwork/detail/limit_line.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_caller.hpp"
#include "parwork/stages.hpp"

namespace parwork::detail {

// What a stage returned, for the next. Thieves move it with its item, so that may not throw.
template <class R>
using carried_result = stored_item<R, lie::side_by_side>;

// How far an item has come.
template <class Carried>
struct stage_state {
  Carried carried = {};    // what the last stage that it passed has returned
  unsigned stage = 0;      // the one that comes next, or is under way
  bool has_place = false;  // in that stage, if it is limited

  void forget() noexcept {
    carried.template emplace<0>();
    stage = 0;
    has_place = false;
  }
};

// --- Stage K of `Staged`, which is as const as the user's work ---

template <class Work>
constexpr std::size_t count_of_stages = 1;  // limited work by itself
template <class... Work>
constexpr std::size_t count_of_stages<staged_work<Work...>> = sizeof...(Work);

template <class Staged>
struct each_stage {
  using type = std::make_index_sequence<count_of_stages<Staged>>;
};

template <std::size_t K, class Staged>
auto& stage_of(Staged& work) noexcept {
  if constexpr (is_staged_work<std::remove_cv_t<Staged>>) {
    return std::get<K>(work.each);
  } else {
    return work;
  }
}

template <class Stage>
auto& work_of(Stage& stage) noexcept {
  if constexpr (is_limited_work<std::remove_cv_t<Stage>>) {
    return stage.work;
  } else {
    return stage;
  }
}

template <class Staged, std::size_t K>
using stage_type = std::remove_reference_t<decltype(stage_of<K>(std::declval<Staged&>()))>;
template <class Staged, std::size_t K>
using stage_work_type =
    std::remove_reference_t<decltype(work_of(std::declval<stage_type<Staged, K>&>()))>;

template <class Caller>
consteval bool may_be_in_stages() {
  static_assert(!Caller::is_async, "parwork: stages and limited take no asynchronous work");
  return !Caller::is_async;
}

// The first stage takes the item, the others what the one before returned.
template <class Item, class Staged, std::size_t K>
struct stage_types {
  using previous = stage_types<Item, Staged, K - 1>;
  using takes = typename previous::caller::result_type;
  static_assert(!std::is_void_v<takes>,
                "parwork: stages: a stage that returns nothing must be the last: what it returns "
                "is the item of the next");
  static_assert(!looks_into<takes, typename previous::takes>,
                "parwork: stages: a stage returns a view of what it was given, which moves before "
                "the next stage sees it: return a std::string (or another owner)");
  static_assert(accepts_item<stage_work_type<Staged, K>, takes>(),
                "parwork: stages: a stage cannot be called with what the one before it returns");
  using caller = caller_for<stage_work_type<Staged, K>, takes>;
  static_assert(may_be_in_stages<caller>());
};
template <class Item, class Staged>
struct stage_types<Item, Staged, 0> {
  using takes = Item;
  using caller = caller_for<stage_work_type<Staged, 0>, takes>;
  static_assert(may_be_in_stages<caller>());
};

template <class Item, class Staged, std::size_t K>
class stage_caller {
 public:
  using caller_type = typename stage_types<Item, Staged, K>::caller;

  stage_caller(Staged& work, unsigned workers) : caller(work_of(stage_of<K>(work)), workers) {}

  caller_type caller;
};

// --- All of them ---

template <class Staged, class Item, std::size_t... K>
class stages_caller<Staged, Item, std::index_sequence<K...>>
    : private stage_caller<Item, Staged, K>... {
  template <std::size_t Which>
  using types = stage_types<Item, Staged, Which>;
  template <std::size_t Which>
  using caller_at = typename types<Which>::caller;

  template <std::size_t... Passed>
  static auto carried_after(std::index_sequence<Passed...>)
      -> std::variant<std::monostate, carried_result<typename caller_at<Passed>::result_type>...>;

 public:
  static constexpr std::size_t count = sizeof...(K);
  // Limited work by itself is no stage: its failures name none.
  static constexpr bool has_stages = is_staged_work<std::remove_cv_t<Staged>>;
  static constexpr bool is_async = false;
  static constexpr bool is_batched = false;
  static constexpr bool has_state = (caller_at<K>::has_state || ...);
  static constexpr bool wants_context = (caller_at<K>::wants_context || ...);
  static constexpr passing how = caller_at<0>::how;
  // Whether a stage keeps nothing for a second attempt.
  static constexpr bool has_single_attempts = ((caller_at<K>::how == passing::rvalue_only) || ...);
  using result_type = typename caller_at<count - 1>::result_type;
  using stage_state_type =
      stage_state<decltype(carried_after(std::make_index_sequence<count - 1>()))>;

  template <std::size_t Which>
  static constexpr bool is_limited = is_limited_work<std::remove_cv_t<stage_type<Staged, Which>>>;

  stages_caller(Staged& work, unsigned workers) : stage_caller<Item, Staged, K>(work, workers)... {
    (set_places<K>(work), ...);
  }

  // What stage `Which` is called with.
  template <std::size_t Which>
  [[nodiscard]] static auto& input(Item& item, stage_state_type& state) noexcept {
    if constexpr (Which == 0) {
      return item;
    } else {
      return std::get<Which>(state.carried).get();
    }
  }
  template <std::size_t Which>
  [[nodiscard]] caller_at<Which>& at() noexcept {
    return static_cast<stage_caller<Item, Staged, Which>&>(*this).caller;
  }
  [[nodiscard]] limit_line& line(unsigned stage) noexcept { return lines_[stage]; }
  // Of each stage, before its first use; 0: it has none.
  [[nodiscard]] std::array<unsigned, count> limits() { return {lines_[K].free_places()...}; }

  void destroy_states() noexcept { (at<K>().destroy_states(), ...); }

 private:
  template <std::size_t Which>
  void set_places(Staged& work) {
    if constexpr (is_limited<Which>) lines_[Which].set_places(stage_of<Which>(work).limit);
  }

  std::array<limit_line, count> lines_;
};

template <class Caller>
concept staged_caller = requires { typename Caller::stage_state_type; };

}  // namespace parwork::detail
