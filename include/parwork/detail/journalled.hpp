// A run with a journal: a filter before the generator, which finds what is recorded, and an
// observer of the run's outcomes, which records what is not. The rest is an ordinary run.
//
// Thread safety: the filter is called by one thread at a time, the observer by several at once;
// they share the places of the items in flight, under a lock.
//
// Invariants:
// 1. An item is in `places` from its generator call until its outcome is final, unless it came with
//    a recorded outcome: so what the observer does not find there is recorded already.
// 2. An outcome is recorded by the worker that it became final on, before the collector sees it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/item_source.hpp"
#include "parwork/detail/journal_key.hpp"
#include "parwork/detail/journal_store.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/source.hpp"
#include "parwork/failure.hpp"
#include "parwork/prefinished.hpp"

namespace parwork::detail {

struct keyed_place {
  std::string key;
  journal_place place;
};

// Where the items in flight go once they are finished, by index.
class places_in_flight {
 public:
  void put(std::uint64_t index, keyed_place&& where) {
    const lock_guard guard(lock_);
    places_.emplace(index, std::move(where));
  }
  // Nothing for an item that is recorded already.
  [[nodiscard]] std::optional<keyed_place> take(std::uint64_t index) {
    const lock_guard guard(lock_);
    const auto found = places_.find(index);
    if (found == places_.end()) return std::nullopt;
    std::optional<keyed_place> taken(std::move(found->second));
    places_.erase(found);
    return taken;
  }

 private:
  mutex lock_;
  std::unordered_map<std::uint64_t, keyed_place> places_ PARWORK_GUARDED_BY(lock_);
};

// A split range as a generator.
template <class Split>
class split_reader {
 public:
  using item_type = typename std::remove_cvref_t<Split>::item_type;
  static constexpr bool interruptible = false;

  explicit split_reader(Split& split) : source_(split), size_(*source_.size()) {}

  maybe<item_type> operator()(const std::stop_token&) {
    if (next_ == size_) return std::nullopt;
    return maybe<item_type>(std::in_place, source_.at(next_++));
  }

 private:
  split_source<Split> source_;
  const std::uint64_t size_;
  std::uint64_t next_ = 0;
};

template <class Generator>
auto make_reader(Generator&& generator) {
  if constexpr (split_generator<Generator>) {
    return split_reader<std::remove_reference_t<Generator>>(generator);
  } else {
    return item_source<Generator>(std::forward<Generator>(generator));
  }
}

// The filter: the reader's items, those that are recorded with their outcomes, or without replay
// only those that are not.
template <class Reader, class Key, class R>
class recalling_generator {
  using item_type = typename Reader::item_type;
  using yielded = std::optional<prefinished<item_type, R>>;

 public:
  recalling_generator(Reader&& reader, Key key, journal_run& run, places_in_flight& places)
      : reader_(std::move(reader)), key_(std::move(key)), run_(run), places_(places) {}

  yielded operator()() { return operator()(std::stop_token()); }
  // `stop` is the run's: it may have many recorded items to pass over.
  yielded operator()(const std::stop_token& stop) {
    for (;;) {
      maybe<item_type> item = reader_(stop);
      if (!item) return std::nullopt;
      keyed_place where;
      key_of(key_, *item, where.key);
      auto recorded = run_.recall(where.key, where.place);
      if (recorded && !run_.policy().replay) {
        if (stop.stop_requested()) return std::nullopt;
        continue;
      }
      const std::uint64_t index = yielded_++;
      yielded next(std::in_place, *std::move(item));
      if (recorded) {
        next->outcome.emplace(run_.template outcome_of<R>(where.key, *recorded));
        next->attempts = recorded->attempts;
      } else {
        places_.put(index, std::move(where));
      }
      return next;
    }
  }

 private:
  Reader reader_;
  Key key_;
  journal_run& run_;
  places_in_flight& places_;
  std::uint64_t yielded_ = 0;
};

// The observer: keeps each outcome for the next commit as soon as it is final.
template <class R>
class outcome_recorder {
 public:
  // REQUIRES: both outlive it.
  outcome_recorder(journal_run& run, places_in_flight& places) noexcept
      : run_(run), places_(places) {}

  // Throws as journal_run::record does.
  void settled(std::uint64_t index, unsigned attempts, const std::expected<R, failure>& outcome) {
    const auto where = places_.take(index);
    if (!where) return;
    if (!outcome && outcome.error().kind() == failure_kind::cancelled) return;  // still to be done
    run_.record(where->key, where->place, attempts, outcome);
  }

 private:
  journal_run& run_;
  places_in_flight& places_;
};

// How many items a sized generator has.
template <class Generator>
std::optional<std::uint64_t> size_of([[maybe_unused]] Generator& generator) {
  if constexpr (split_generator<Generator>) {
    return generator.size();
  } else if constexpr (!callable_generator<Generator> && std::ranges::sized_range<Generator>) {
    return static_cast<std::uint64_t>(std::ranges::size(generator));
  } else {
    return std::nullopt;
  }
}

}  // namespace parwork::detail
