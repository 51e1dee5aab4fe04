// journal: runs that survive crashes. Every finished item is recorded in a file, and a run that was
// killed at any instant goes on where it was.
//
// Thread safety: a journal serves one run at a time; size, for_each and commit may be called from
// any thread, also while a run goes on.
//
// Invariants:
// 1. A record is written whole or not at all, and carries a checksum: what is damaged is reported
//    and done again, never replayed.
// 2. Items are known by their keys. Items with equal keys are told apart by how many there are: the
//    n-th in a run takes the n-th record of that key that the run has not met yet.
// 3. One process at a time has the file open. In the child of a fork its parent's journal throws
//    journal_busy, whatever is asked of it, and its destructor does nothing.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "parwork/codec.hpp"
#include "parwork/detail/journal_key.hpp"
#include "parwork/detail/journal_store.hpp"
#include "parwork/detail/journalled.hpp"
#include "parwork/journal_errors.hpp"
#include "parwork/journal_reader.hpp"
#include "parwork/options.hpp"
#include "parwork/process.hpp"

namespace parwork {

/// How a journal is kept. `Key` is deduced: write `journal_options{.key = ...}`, or, in a journal's
/// braces, `{.key = ...}`.
template <class Key = detail::own_key>
struct journal_options {
  /// The collector gets recorded results in their items' places, so that it sees the complete set
  /// in every run. Without, it sees what this run finishes, and indices count those items alone.
  bool replay = true;

  /// Items whose failure is recorded are worked on again.
  bool retry_failed = false;

  /// `key(item)` returns what the item is known by: a string, a path or an integer. Called once for
  /// each item, on the thread that calls the generator. Items that are strings, paths or integers
  /// are their own keys. Two items with equal keys must have equal results: a record of the one may
  /// be replayed for the other.
  Key key = {};

  /// A record is committed this long after it was made, or sooner, as far as the disk keeps up; and
  /// at no time are more than `commit_records` not committed: so many may have to be done again
  /// after a crash. Shorter and fewer: more cost an item. From 0; 1 to 1,000,000.
  std::chrono::nanoseconds commit_every = std::chrono::milliseconds(50);
  std::size_t commit_records = 1'000;

  /// What recorded items survive: a loss of power (an fsync for each commit), or the death of the
  /// process alone.
  parwork::durability durability = parwork::durability::full;

  /// What the results depend on besides their items: command, code version, parameters. Kept in the
  /// file when it is made; opening it with another one throws `journal_mismatch`.
  std::string fingerprint = {};

  /// Told of each damaged record when it is met, on the thread that calls the generator, or
  /// `for_each`; what it throws ends the run. Empty: a line on standard error.
  std::function<void(const journal_damage&)> on_damage = {};
};

/// A file of finished items. `process(journal, ...)` is a run that skips what is recorded and
/// records what it finishes.
template <class Key = detail::own_key>
class journal {
 public:
  /// Opens the file, or makes it. Its path is what it says, at this moment: no name is special, and
  /// the program may change its folder afterwards. Throws `journal_busy` where another process, or
  /// this one, has it open, by whatever name; `journal_mismatch` for another fingerprint;
  /// `journal_version` for a file of another format; `journal_corrupt` for what is no journal;
  /// `journal_unwritable`; and `std::invalid_argument` naming the option. Costs one fsync; never
  /// reads the records.
  explicit journal(const std::filesystem::path& file, journal_options<Key> options = {})
      : options_(std::move(options)),
        store_(file, {options_.commit_every, options_.commit_records, options_.durability,
                      options_.fingerprint, options_.on_damage}) {}

  /// How many items are recorded, failures included. Constant time.
  [[nodiscard]] std::uint64_t size() const { return store_.size(); }

  /// Calls `fn(const journal_record&)` for each record, in the order of the items in the last run's
  /// input; items that the last run did not have stay where they were. Damaged records are reported
  /// and left out. What `fn` throws leaves. Reads some hundred records at a time. Records of a run
  /// that is going on are seen once they are committed.
  template <class Fn>
    requires std::invocable<Fn&, const journal_record&>
  void for_each(Fn&& fn) const {
    store_.for_each([&fn](const journal_record& each) { std::invoke(fn, each); });
  }

  /// Removes the records of a key (what the key function returns), so that its items are worked on
  /// again; returns how many they were. Reads the whole file: about 0.1 us a record. Throws
  /// `std::logic_error` while a run goes on.
  template <detail::key_value K>
  std::uint64_t forget(const K& key) {
    std::string bytes;
    detail::append_key(key, bytes);
    return store_.forget(bytes);
  }

  /// Rewrites the file without the room of what was removed. Throws `std::logic_error` while a run
  /// goes on. Needs as much free room as the file has records.
  void compact() { store_.compact(); }

  /// Returns when everything recorded so far is durable. Throws `journal_unwritable`.
  void commit() { store_.commit(); }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return store_.path(); }

  /// For `process`.
  [[nodiscard]] const journal_options<Key>& options() const noexcept { return options_; }
  [[nodiscard]] detail::journal_store& store() noexcept { return store_; }

 private:
  const journal_options<Key> options_;
  mutable detail::journal_store store_;
};

/// @cond
// The type of a key function in a journal's own braces is not deduced by the language: it is kept
// behind one that takes any. The first of these is preferred where both would do.
journal(std::filesystem::path) -> journal<>;
template <class Key>
journal(std::filesystem::path, journal_options<Key>) -> journal<Key>;
journal(std::filesystem::path, journal_options<detail::own_key>) -> journal<>;
template <class Key = detail::any_key>
  requires std::same_as<Key, detail::any_key>
journal(std::filesystem::path, journal_options<detail::any_key>) -> journal<Key>;
/// @endcond

/// The fingerprint that a journal was made with: `journal_reader(file).fingerprint()`.
[[nodiscard]] std::string journal_fingerprint(const std::filesystem::path& file);

namespace detail {

template <class Key, class Generator, class Work, class Collector>
consteval bool accepts_journalled_call() {
  using item = generator_item_t<Generator>;
  using work = std::remove_reference_t<Work>;
  static_assert(!is_prefinished<item>,
                "parwork: a journal's generator yields items, not prefinished ones: the journal "
                "itself knows which are finished");
  constexpr bool has_key = gives_key<Key, item>;
  static_assert(has_key,
                "parwork: a journal knows items by their keys, and this item is no string, path or "
                "integer: give the journal one, journal_options{.key = [](const Item& item) { "
                "return ...; }}, that returns a string, a path or an integer");
  if constexpr (!is_prefinished<item> && has_key && accepts_work<work, item>() &&
                is_lvalue_if_reduction<Collector>()) {
    if constexpr (fits_together<work, std::remove_reference_t<Collector>, item>()) {
      using result = typename caller_for<work, item>::result_type;
      constexpr bool ok = std::is_void_v<result> || encodable<result>;
      static_assert(ok,
                    "parwork: a journal stores results, and there is no parwork::codec for this "
                    "one: specialise parwork::codec<R> with encode and decode");
      return ok && keeps_what_work_does<Generator, work, std::remove_reference_t<Collector>>();
    }
  }
  return false;
}

// REQUIRES: accepts_journalled_call.
template <class Key, class Generator, class Work, class Collector>
summary run_journalled(journal_run& run, Key key, Generator&& generator, Work&& work,
                       Collector& collector, options&& given) {
  using inner = unweighed_t<Generator>;
  inner&& inside = without_weights<Generator>(generator);
  using reader = decltype(make_reader<inner>(std::forward<inner>(inside)));
  using item = typename reader::item_type;
  using result = typename caller_for<std::remove_reference_t<Work>, item>::result_type;

  validate(given);
  refuse_moved_retries<std::remove_reference_t<Work>, item>(given);
  run.expect_results(typeid(result));
  places_in_flight places;
  if (!given.total && run.policy().replay) given.total = size_of(inside);
  using filter_type = recalling_generator<reader, Key, result>;
  filter_type filter(make_reader<inner>(std::forward<inner>(inside)), std::move(key), run, places);
  outcome_recorder<result> recorder(run, places);
  const auto execute = [&]<class Filter>(Filter& items) {
    typed_run<Filter&, Work, Collector&, outcome_recorder<result>> typed(
        items, std::forward<Work>(work), collector, std::move(given), recorder);
    return typed.execute();
  };
  summary done;
  if constexpr (is_weighed<std::remove_reference_t<Generator>>) {
    auto& weight = generator.weight();
    weighed_generator<filter_type&, decltype(weight)> weighed_filter(filter, weight);
    done = execute(weighed_filter);
  } else {
    done = execute(filter);
  }
  run.finish();
  return done;
}

}  // namespace detail

/// As `process(generator, work, collector, given)`, with a journal: an item whose success is
/// recorded is not worked on again, its result reaches the collector in its place (see
/// `journal_options::replay`); so is an item whose failure is recorded, unless
/// `journal_options::retry_failed`. Everything else is recorded as soon as it is finished, before
/// the collector sees it and whatever order it is called in. Not recorded is what arrives as
/// cancelled, and an item that a stop kept from its next attempt; a failure near a stop is as any
/// other.
///
/// A recorded exception comes back as a failure of its kind and message, without the exception
/// object. A split range is read by one thread at a time. Work cannot `spawn`. Throws what
/// `process` throws, and: `journal_busy` where another run uses the journal, `journal_mismatch`
/// where it holds results of another type, `journal_corrupt`, and `journal_unwritable`, which stops
/// the run as a throwing collector does.
///
/// Cost: about 1 us an item, on a thread of the journal's own for the most part. Workers encode
/// results, several at once, and wait where the disk does not keep up.
template <class Key, class Generator, class Work, class Collector>
[[nodiscard]] summary process(journal<Key>& journal, Generator&& generator, Work&& work,
                              Collector&& collector, options given = {}) {
  if constexpr (detail::accepts_generator<Generator>()) {
    if constexpr (detail::accepts_journalled_call<Key, Generator, Work, Collector>()) {
      detail::refuse_null(generator, "the generator");
      detail::refuse_null(work, "work");
      detail::refuse_null(collector, "the collector");
      const auto& kept = journal.options();
      detail::journal_run run(journal.store(), {kept.replay, kept.retry_failed});
      return detail::run_journalled(run, kept.key, std::forward<Generator>(generator),
                                    std::forward<Work>(work), collector, std::move(given));
    }
  }
  return {};  // a sentence that says why not has been printed
}

}  // namespace parwork
