// A run with a journal: a filter before the generator, which finds what is recorded, and a tee at
// the collector, which records what is not. Both are ordinary parts of an ordinary run.
//
// Thread safety: the filter is called by one thread at a time, the tee by one thread at a time;
// they share the places of the items in flight, under a lock.
//
// Invariants:
// 1. An item is in `places` from its generator call to its collector call, unless it came with a
//    recorded outcome: so what the tee does not find there is recorded already.
// 2. Outcomes are recorded before the collector sees them.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "parwork/completion.hpp"
#include "parwork/concepts.hpp"
#include "parwork/detail/collector_traits.hpp"
#include "parwork/detail/item_source.hpp"
#include "parwork/detail/journal_key.hpp"
#include "parwork/detail/journal_store.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/typed_run.hpp"
#include "parwork/options.hpp"
#include "parwork/prefinished.hpp"
#include "parwork/reduce.hpp"
#include "parwork/summary.hpp"

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

  std::optional<item_type> operator()(const std::stop_token&) {
    if (next_ == size_) return std::nullopt;
    return std::optional<item_type>(std::in_place, source_.at(next_++));
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
  // `stop` is the run's.
  recalling_generator(Reader&& reader, Key key, journal_run& run, places_in_flight& places,
                      std::stop_token stop)
      : reader_(std::move(reader)),
        key_(std::move(key)),
        run_(run),
        places_(places),
        stop_(std::move(stop)) {}

  yielded operator()() { return next(std::stop_token()); }
  yielded operator()(const std::stop_token& stop)
    requires(Reader::interruptible)
  {
    return next(stop);
  }

 private:
  yielded next(const std::stop_token& stop) {
    for (;;) {
      std::optional<item_type> item = reader_(stop);
      if (!item) return std::nullopt;
      keyed_place where;
      key_of(key_, *item, where.key);
      auto recorded = run_.recall(where.key, where.place);
      if (recorded && !run_.policy().replay) {
        if (stop_.stop_requested()) return std::nullopt;
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

  Reader reader_;
  Key key_;
  journal_run& run_;
  places_in_flight& places_;
  const std::stop_token stop_;
  std::uint64_t yielded_ = 0;
};

// What the collector needs besides outcomes decides what the tee asks for: see completion<void, R>.
template <class Collector, class Item, class R>
struct form_behind_tee {
  static constexpr collector_form form = collector_form_of<Collector, Item, R>();
  static constexpr bool sees_items =
      form == collector_form::completion || form == collector_form::completion_lvalue;
  static constexpr bool sees_failures =
      sees_items || form == collector_form::completion_without_item;
  using collected = std::conditional_t<sees_items, completion<Item, R>, completion<void, R>>;
};

// Hands outcomes on to a collector as `process` does.
template <class Collector, class R>
class passed_on {
 public:
  explicit passed_on(Collector& collector) noexcept : collector_(collector) {}

  template <collector_form Form, class Collected>
  void take(Collected& done) {
    if constexpr (Form == collector_form::completion ||
                  Form == collector_form::completion_without_item) {
      std::invoke(collector_, std::move(done));
    } else if constexpr (Form == collector_form::completion_lvalue) {
      std::invoke(collector_, done);
    } else if constexpr (Form == collector_form::nothing) {
      std::invoke(collector_);
    } else {
      std::invoke(collector_, *std::move(done.result));
    }
  }
  void finish() noexcept {}

 private:
  Collector& collector_;
};
template <class Collector, class R>
  requires is_reduction<Collector>
class passed_on<Collector, R> {
 public:
  explicit passed_on(Collector& reduction) : reduction_(reduction), part_(reduction.init()) {
    reduction_.reset();
  }

  template <collector_form, class Collected>
  void take(Collected& done) {
    if constexpr (std::is_void_v<R>) {
      reduction_.fold(part_);
    } else {
      reduction_.fold(part_, *std::move(done.result));
    }
  }
  void finish() { reduction_.merge(std::move(part_)); }

 private:
  Collector& reduction_;
  typename Collector::accumulator_type part_;
};

// How the run stops, and what it then throws: where the collector sees results alone, the tee does
// what `process` does for such a collector.
class tee_state {
 public:
  explicit tee_state(const options& given)
      : ordered_(given.order == ordering::input),
        stops_at_failure_(given.on_failure == failure_policy::stop),
        passing_on_(given.stop, [this] { stop_.request_stop(); }) {}

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  [[nodiscard]] bool stopping() const noexcept {
    return stop_.stop_requested() || (stops_at_failure_ && failed_);
  }
  [[nodiscard]] bool cut_off() const noexcept { return ordered_ && error_ != nullptr; }

  void note_failure() noexcept { failed_ = true; }
  // For a collector of results: the run ends, and throws the first one.
  void note_fatal(const failure& why, std::uint64_t index, unsigned attempts) {
    const bool by_stop =
        why.kind() == failure_kind::cancelled && (attempts == 0 || stop_.stop_requested());
    if (by_stop) return;
    if (!error_) {
      error_ = why.exception() ? why.exception() : std::make_exception_ptr(item_failed(index, why));
    }
    stop_.request_stop();
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const bool ordered_;
  const bool stops_at_failure_;
  bool failed_ = false;
  std::exception_ptr error_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> passing_on_;
};

template <class Collector, class Item, class R>
class recording_tee {
  using behind = form_behind_tee<Collector, Item, R>;

 public:
  recording_tee(Collector& collector, journal_run& run, places_in_flight& places, tee_state& state)
      : to_(collector), run_(run), places_(places), state_(state) {}

  void operator()(typename behind::collected done) {
    record(done.index, done.attempts, done.result);
    if constexpr (behind::sees_failures) {
      if (!done.result) state_.note_failure();
      to_.template take<behind::form>(done);
    } else if (!done.result) {
      state_.note_fatal(done.result.error(), done.index, done.attempts);
    } else if (!state_.cut_off()) {
      to_.template take<behind::form>(done);
    }
  }

  void finish() { to_.finish(); }

 private:
  // Cancelled items are to be done; so may be what failed under a stop.
  void record(std::uint64_t index, unsigned attempts, const std::expected<R, failure>& result) {
    const auto where = places_.take(index);
    if (!where) return;
    if (!result && (result.error().kind() == failure_kind::cancelled || state_.stopping())) return;
    run_.record(where->key, where->place, attempts, result);
  }

  passed_on<Collector, R> to_;
  journal_run& run_;
  places_in_flight& places_;
  tee_state& state_;
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
