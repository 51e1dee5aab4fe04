// Calls the user's work in whichever form it has, and turns what comes back into a result or a
// failure.
//
// Thread safety: `call` and `start` may run on several workers at once, each with a number of its
// own.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/context.hpp"
#include "parwork/detail/key_lines.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/detail/typed_batch.hpp"
#include "parwork/detail/work_traits.hpp"

namespace parwork::detail {

// Whether somebody needs the item after work: the collector, or the next attempt.
enum class afterwards { item_is_needed, item_is_free };

// --- Plain work: work(item), work(item, context&) ---

template <class Work, class Item>
class plain_caller {
  static constexpr work_form form = form_of<Work, Item>();
  using call_type = std::conditional_t<form == work_form::item_context,
                                       item_call<Work, Item, arguments<>, arguments<context&>>,
                                       item_call<Work, Item, arguments<>, arguments<>>>;

 public:
  static constexpr bool is_async = false;
  static constexpr bool is_batched = false;
  static constexpr bool has_state = false;
  static constexpr bool wants_context = form == work_form::item_context;
  static constexpr passing how = call_type::how;
  using result_type = result_of_t<typename call_type::returned>;

  plain_caller(Work& work, unsigned) noexcept : work_(work) {}

  // May throw whatever work throws.
  std::expected<result_type, failure> call(run_services& run, worker_base& worker, Item& item,
                                           const attempt& which, afterwards after) {
    return result_of<std::remove_cvref_t<typename call_type::returned>>::get(
        [&]() -> typename call_type::returned {
          if constexpr (wants_context) {
            context about(run, worker, which);
            return pass(item, after, about);
          } else {
            return pass(item, after);
          }
        });
  }
  void destroy_states() noexcept {}

 private:
  template <class... Rest>
  typename call_type::returned pass(Item& item, afterwards after, Rest&... rest) {
    if constexpr (!call_type::takes_lvalue) {
      return std::invoke(work_, std::move(item), rest...);
    } else {
      if constexpr (call_type::may_move()) {
        if (after == afterwards::item_is_free) return std::invoke(work_, std::move(item), rest...);
      }
      return std::invoke(work_, item, rest...);
    }
  }

  Work& work_;
};

// --- per_worker: the same with a state of the worker's own in front ---

template <class Work, class State>
struct with_state {
  Work& work;
  State& state;

  template <class... Argument>
    requires std::is_invocable_v<Work&, State&, Argument...>
  decltype(auto) operator()(Argument&&... argument) {
    return std::invoke(work, state, std::forward<Argument>(argument)...);
  }
};

template <class PerWorker, class Item>
class stateful_caller {
  using state_type = typename std::remove_cv_t<PerWorker>::state_type;
  using work_type = std::conditional_t<std::is_const_v<PerWorker>, const decltype(PerWorker::work),
                                       decltype(PerWorker::work)>;
  using bound_work = with_state<work_type, state_type>;
  using inner = plain_caller<bound_work, Item>;

 public:
  static constexpr bool is_async = false;
  static constexpr bool is_batched = false;
  static constexpr bool has_state = true;
  static constexpr bool wants_context = inner::wants_context;
  static constexpr passing how = inner::how;
  using result_type = typename inner::result_type;

  stateful_caller(PerWorker& work, unsigned workers) : work_(work), states_(workers) {}

  std::expected<result_type, failure> call(run_services& run, worker_base& worker, Item& item,
                                           const attempt& which, afterwards after) {
    auto& state = states_[worker.number];
    if (!state) state.reset(new state_type(std::invoke(work_.make_state)));
    bound_work bound{work_.work, *state};
    return inner(bound, 0).call(run, worker, item, which, after);
  }
  void destroy_states() noexcept { states_.clear(); }

 private:
  PerWorker& work_;
  std::vector<std::unique_ptr<state_type>> states_;
};

// --- Asynchronous work: work(item, completer<R>) ---

template <class Work, class Item>
class async_caller {
  using completer_type = completer_of<Work>;
  using call_type = item_call<Work, Item, arguments<>, arguments<completer_type>>;

 public:
  static constexpr bool is_async = true;
  static constexpr bool is_batched = false;
  static constexpr bool has_state = false;
  static constexpr bool wants_context = false;
  static constexpr passing how = call_type::how;
  using result_type = typename completer_result<completer_type>::type;
  using kept_call = std::shared_ptr<async_result<result_type>>;

  async_caller(Work& work, unsigned) noexcept : work_(work) {}

  // Starts the item. An exception from work becomes its result, unless the completer was used
  // before.
  void start(const std::shared_ptr<async_result<result_type>>& call, Item& item,
             afterwards after) noexcept {
    try {
      pass(item, after, completer_type(call));
    } catch (...) {
      if (!call->claim()) return;
      call->result.emplace(std::unexpect, current_failure());
      call->publish();
    }
  }
  void destroy_states() noexcept {}

 private:
  void pass(Item& item, afterwards after, completer_type&& promise) {
    if constexpr (!call_type::takes_lvalue) {
      std::invoke(work_, std::move(item), std::move(promise));
    } else {
      if constexpr (call_type::may_move()) {
        if (after == afterwards::item_is_free) {
          std::invoke(work_, std::move(item), std::move(promise));
          return;
        }
      }
      std::invoke(work_, item, std::move(promise));
    }
  }

  Work& work_;
};

// --- batched: work(std::span<Item>) ---

// `max` as it was given: a number, or a callable that is asked for one before each span.
constexpr std::uint32_t longest_of_all_spans = 65'536;
template <class Batched>
[[nodiscard]] std::uint32_t longest_span([[maybe_unused]] const Batched& work) noexcept {
  if constexpr (asks_for_length<std::remove_cv_t<Batched>>) {
    return longest_of_all_spans;
  } else {
    return static_cast<std::uint32_t>(work.max);
  }
}

template <class Batched, class Item>
class span_caller {
  using work_type = std::conditional_t<std::is_const_v<Batched>, const decltype(Batched::work),
                                       decltype(Batched::work)>;
  static_assert(std::is_nothrow_move_constructible_v<Item>,
                "parwork: batched work needs an item whose move constructor is noexcept");
  using returned = std::remove_cvref_t<std::invoke_result_t<work_type&, std::span<Item>>>;
  static_assert(is_vector<returned>::value,
                "parwork: batched work must return std::vector<R>, one result for each item");
  using element = typename returned::value_type;

 public:
  static constexpr bool is_async = false;
  static constexpr bool is_batched = true;
  static constexpr bool has_state = false;
  static constexpr bool wants_context = false;
  static constexpr passing how = passing::lvalue;
  using result_type = result_of_t<element>;

  span_caller(Batched& work, unsigned) noexcept : work_(work) {}

  // One result an item, or the exception that fails them all.
  returned call(std::span<Item> items) {
    returned results = std::invoke(work_.work, items);
    if (results.size() != items.size()) {
      throw std::length_error("parwork: batched work returned " + std::to_string(results.size()) +
                              " results for " + std::to_string(items.size()) + " items");
    }
    return results;
  }
  static std::expected<result_type, failure> take(typename returned::reference result) {
    return result_of<element>::get([&]() -> element { return std::move(result); });
  }
  [[nodiscard]] std::uint32_t most() const noexcept { return longest_span(work_); }
  [[nodiscard]] auto& length() noexcept { return work_.max; }
  void destroy_states() noexcept {}

 private:
  Batched& work_;
};

// --- batched and asynchronous: work(std::span<Item>, batch_completer<R>) ---

template <class Batched, class Item>
class async_span_caller {
  using work_type = std::conditional_t<std::is_const_v<Batched>, const decltype(Batched::work),
                                       decltype(Batched::work)>;
  using completer_type = completer_of<work_type>;
  static_assert(std::is_nothrow_move_constructible_v<Item>,
                "parwork: batched work needs an item whose move constructor is noexcept");

 public:
  static constexpr bool is_async = true;
  static constexpr bool is_batched = true;
  static constexpr bool has_state = false;
  static constexpr bool wants_context = false;
  static constexpr passing how = passing::lvalue;
  using result_type = typename completer_result<completer_type>::type;
  using kept_call = span_call<result_type, Item>;

  async_span_caller(Batched& work, unsigned) noexcept : work_(work) {}

  // Starts the span. An exception from work becomes the failure of all its items, unless its
  // completer was used before.
  void start(const std::shared_ptr<async_span<result_type>>& call, std::span<Item> items) noexcept {
    try {
      std::invoke(work_.work, items, completer_type(call));
    } catch (...) {
      if (!call->claim()) return;
      call->set_failure(current_failure());
      call->publish();
    }
  }
  [[nodiscard]] std::uint32_t most() const noexcept { return longest_span(work_); }
  [[nodiscard]] auto& length() noexcept { return work_.max; }
  void destroy_states() noexcept {}

 private:
  Batched& work_;
};

// --- Which of them ---

template <class T>
inline constexpr bool is_per_worker = false;
template <class MakeState, class Work>
inline constexpr bool is_per_worker<per_worker_work<MakeState, Work>> = true;
// The work inside of `keyed` or `limited`, and the first of `stages`: as const as those are.
template <class Outer>
using inner_work =
    std::conditional_t<std::is_const_v<Outer>, const decltype(Outer::work), decltype(Outer::work)>;
template <class Staged>
using first_stage = std::remove_reference_t<decltype(std::get<0>(std::declval<Staged&>().each))>;

template <class Batched, class Item>
consteval bool accepts_span() {
  using work = inner_work<Batched>;
  if constexpr (std::is_reference_v<Item>) {
    return false;
  } else if constexpr (names_batch_completer<work>) {
    return std::is_invocable_v<work&, std::span<Item>, completer_of<work>>;
  } else {
    return std::is_invocable_v<work&, std::span<Item>>;
  }
}

template <class Work, class Item>
consteval bool accepts_item() {
  using plain = std::remove_cv_t<Work>;
  if constexpr (is_batched_work<plain>) {
    return accepts_span<Work, Item>();
  } else if constexpr (is_keyed_work<plain> || is_limited_work<plain>) {
    return accepts_item<inner_work<Work>, Item>();
  } else if constexpr (is_staged_work<plain>) {
    return accepts_item<first_stage<Work>, Item>();
  } else if constexpr (is_per_worker<plain>) {
    return form_of<decltype(plain::work), Item, arguments<typename plain::state_type&>>() !=
           work_form::none;
  } else {
    return form_of<Work, Item>() != work_form::none;
  }
}

template <class Keyed, class Item>
class keyed_caller;
template <class Staged, class Item, class Each>
class stages_caller;
template <class Staged>
struct each_stage;  // see stages_caller.hpp

template <class Work, class Item>
consteval auto select_caller() {
  using plain = std::remove_cv_t<Work>;
  if constexpr (is_keyed_work<plain>) {
    return std::type_identity<keyed_caller<Work, Item>>{};
  } else if constexpr (is_staged_work<plain> || is_limited_work<plain>) {
    return std::type_identity<stages_caller<Work, Item, typename each_stage<plain>::type>>{};
  } else if constexpr (is_batched_work<plain>) {
    if constexpr (names_batch_completer<decltype(plain::work)>) {
      return std::type_identity<async_span_caller<Work, Item>>{};
    } else {
      return std::type_identity<span_caller<Work, Item>>{};
    }
  } else if constexpr (is_per_worker<plain>) {
    return std::type_identity<stateful_caller<Work, Item>>{};
  } else if constexpr (form_of<Work, Item>() == work_form::completer) {
    return std::type_identity<async_caller<Work, Item>>{};
  } else {
    return std::type_identity<plain_caller<Work, Item>>{};
  }
}
template <class Work, class Item>
using caller_for = typename decltype(select_caller<Work, Item>())::type;

// --- keyed: any of them but the one for spans, and whom an item has to wait for ---

template <class T>
concept hashable = requires(const T& value) {
  { std::hash<T>{}(value) } -> std::convertible_to<std::size_t>;
  { value == value } -> std::convertible_to<bool>;
};

// What is kept of what the key function returns; void where it is no key.
template <class Keyed, class Item>
consteval auto select_key() {
  using function =
      std::conditional_t<std::is_const_v<Keyed>, const decltype(Keyed::key), decltype(Keyed::key)>;
  if constexpr (std::is_invocable_v<function&, const Item&>) {
    using returned = std::decay_t<std::invoke_result_t<function&, const Item&>>;
    using kept = typename kept_key<returned>::type;
    return std::conditional_t<hashable<kept>, std::type_identity<kept>, std::type_identity<void>>{};
  } else {
    return std::type_identity<void>{};
  }
}
template <class Keyed, class Item>
using key_of_item = typename decltype(select_key<Keyed, Item>())::type;

template <class Keyed, class Item>
class keyed_caller : public caller_for<inner_work<Keyed>, Item> {
 public:
  using key_type = key_of_item<Keyed, Item>;
  using lines_type = key_lines<key_type>;

  keyed_caller(Keyed& work, unsigned workers)
      : caller_for<inner_work<Keyed>, Item>(work.work, workers), keyed_(work) {}

  [[nodiscard]] key_type key_of(const Item& item) {
    return key_type(std::invoke(keyed_.key, item));
  }

 private:
  Keyed& keyed_;
};

template <class Caller>
concept keyed_caller_type = requires { typename Caller::lines_type; };

}  // namespace parwork::detail
