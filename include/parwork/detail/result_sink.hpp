// Where outcomes go: to the collector, in whichever form it takes them, or into a worker's part of
// a reduction.
//
// Thread safety: `take` by one thread at a time, but for a reduction, whose parts belong to one
// worker each; `merge` after the last of them.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "parwork/completion.hpp"
#include "parwork/detail/collector_traits.hpp"
#include "parwork/reduce.hpp"

namespace parwork::detail {

// Hands one outcome after the other to the collector, in whichever form it takes them.
template <class Collector, class Item, class R>
class result_sink {
 public:
  static constexpr collector_form form = collector_form_of<Collector, Item, R>();
  static constexpr bool needs_item =
      form == collector_form::completion || form == collector_form::completion_lvalue;
  static constexpr bool sees_failures =
      needs_item || form == collector_form::completion_without_item;
  static constexpr bool is_reduction_form = form == collector_form::reduction;
  static constexpr bool keeps = false;

  result_sink(Collector& collector, unsigned) noexcept : collector_(collector) {}

  void take(unsigned, Item& item, std::expected<R, failure>& result, std::uint64_t index,
            unsigned attempts) {
    if constexpr (form == collector_form::completion_without_item) {
      std::invoke(collector_, completion<void, R>{std::move(result), index, attempts});
    } else if constexpr (needs_item) {
      completion<Item, R> whole{std::forward<Item>(item), std::move(result), index, attempts};
      if constexpr (form == collector_form::completion) {
        std::invoke(collector_, std::move(whole));
      } else {
        std::invoke(collector_, whole);
      }
    } else if (result.has_value()) {
      if constexpr (form == collector_form::nothing) {
        std::invoke(collector_);
      } else {
        std::invoke(collector_, *std::move(result));
      }
    }
  }
  void merge() noexcept {}

 private:
  Collector& collector_;
};

template <class Collector, class Item, class R>
  requires is_reduction<Collector>
class result_sink<Collector, Item, R> {
  using accumulator = typename Collector::accumulator_type;

 public:
  static constexpr bool needs_item = false;
  static constexpr bool sees_failures = false;
  static constexpr bool is_reduction_form = true;
  static constexpr bool keeps = false;

  result_sink(Collector& reduction, unsigned workers) : reduction_(reduction), parts_(workers) {
    reduction_.reset();
  }

  void take(unsigned worker, Item&, std::expected<R, failure>& result, std::uint64_t, unsigned) {
    if (result.has_value()) fold(part_of(worker), result);
  }
  // The worker's own accumulator, made when it is first asked for.
  accumulator& part_of(unsigned worker) {
    auto& part = parts_[worker];
    if (!part) part = std::make_unique<accumulator>(reduction_.init());
    return *part;
  }
  // REQUIRES: the result has a value.
  void fold(accumulator& into, std::expected<R, failure>& result) {
    if constexpr (std::is_void_v<R>) {
      reduction_.fold(into);
    } else {
      reduction_.fold(into, *std::move(result));
    }
  }
  void merge() {
    for (auto& part : parts_) {
      if (part) reduction_.merge(std::move(*part));
    }
  }

 private:
  Collector& reduction_;
  std::vector<std::unique_ptr<accumulator>> parts_;
};

}  // namespace parwork::detail
