// Refuses callables that hold nothing, by the name of the argument they were given as.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

#include "parwork/batched.hpp"
#include "parwork/keyed.hpp"
#include "parwork/per_worker.hpp"
#include "parwork/reduce.hpp"
#include "parwork/stages.hpp"

namespace parwork::detail {

template <class T>
inline constexpr bool may_be_null = std::is_pointer_v<T> || std::is_member_pointer_v<T>;
template <class Signature>
inline constexpr bool may_be_null<std::function<Signature>> = true;
template <class... Signature>
inline constexpr bool may_be_null<std::move_only_function<Signature...>> = true;

template <class Callable>
void refuse_null(const Callable& callable, const char* argument) {
  if constexpr (may_be_null<Callable>) {
    if (!callable) throw std::invalid_argument(std::string("parwork: ") + argument + " is null");
  }
}
template <class MakeState, class Work>
void refuse_null(const per_worker_work<MakeState, Work>& work, const char*) {
  refuse_null(work.make_state, "make_state of per_worker");
  refuse_null(work.work, "work of per_worker");
}
template <class Work, class Max>
void refuse_null(const batched_work<Work, Max>& work, const char*) {
  refuse_null(work.work, "work of batched");
  refuse_null(work.max, "max of batched");
}
template <class Work, class Key>
void refuse_null(const keyed_work<Work, Key>& work, const char* argument) {
  refuse_null(work.work, argument);
  refuse_null(work.key, "key of keyed");
}
template <class Work>
void refuse_null(const limited_work<Work>& work, const char* argument) {
  refuse_null(work.work, argument);
}
template <class... Work>
void refuse_null(const staged_work<Work...>& work, const char*) {
  std::apply([](const auto&... each) { (refuse_null(each, "a stage"), ...); }, work.each);
}
template <class Accumulator, class Fold, class Merge>
void refuse_null(const reduction<Accumulator, Fold, Merge>& reduction, const char*) {
  refuse_null(reduction.fold_function(), "fold of reduce");
  refuse_null(reduction.merge_function(), "merge of reduce");
}

}  // namespace parwork::detail
