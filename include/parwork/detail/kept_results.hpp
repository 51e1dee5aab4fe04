// Finished items that wait for the thread that loops over them, oldest first.
//
// Thread safety: that thread alone. It collects, too, so nobody else puts anything here. Invariant:
// each item here is counted by run_services::kept, and in flight, until it is let go of.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <utility>

#include "parwork/completion.hpp"
#include "parwork/detail/result_sink.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

template <class Item, class R>
class kept_results {
 public:
  using completion_type = completion<Item, R>;

  [[nodiscard]] bool is_empty() const noexcept { return kept_.empty(); }
  [[nodiscard]] completion_type& oldest() noexcept { return kept_.front().done; }
  // Lets go of the oldest.
  [[nodiscard]] kept_item take() noexcept {
    const kept_item its = kept_.front().its;
    kept_.pop_front();
    return its;
  }

  // --- as the run's collector ---

  void operator()(completion_type&& done) {
    const auto& result = done.result;
    kept_item its;
    its.counts = result.has_value()                                 ? outcome_counts{.succeeded = 1}
                 : result.error().kind() == failure_kind::cancelled ? outcome_counts{.cancelled = 1}
                                                                    : outcome_counts{.failed = 1};
    kept_.emplace_back(std::move(done), its);
    is_noted_ = false;
  }
  // Of the item that was just put here, which `counts` counts; false: there is none.
  [[nodiscard]] bool note(origin from, std::uint64_t bytes, outcome_counts& counts) noexcept {
    if (std::exchange(is_noted_, true)) return false;
    kept_item& its = kept_.back().its;
    its.from = from;
    its.bytes = bytes;
    counts.succeeded -= its.counts.succeeded;
    counts.failed -= its.counts.failed;
    counts.cancelled -= its.counts.cancelled;
    return true;
  }

 private:
  struct entry {
    entry(completion_type&& that, const kept_item& about) : done(std::move(that)), its(about) {}
    completion_type done;
    kept_item its;
  };

  std::deque<entry> kept_;
  bool is_noted_ = true;  // the newest
};

template <class Item, class R>
class result_sink<kept_results<Item, R>, Item, R> {
 public:
  static constexpr bool needs_item = true;
  static constexpr bool sees_failures = true;
  static constexpr bool is_reduction_form = false;
  static constexpr bool keeps = true;

  result_sink(kept_results<Item, R>& kept, unsigned) noexcept : kept_(kept) {}

  void take(unsigned, Item& item, std::expected<R, failure>& result, std::uint64_t index,
            unsigned attempts) {
    kept_(completion<Item, R>{std::forward<Item>(item), std::move(result), index, attempts});
  }
  [[nodiscard]] bool note_kept(origin from, std::uint64_t bytes, outcome_counts& counts) noexcept {
    return kept_.note(from, bytes, counts);
  }
  void merge() noexcept {}

 private:
  kept_results<Item, R>& kept_;
};

}  // namespace parwork::detail
