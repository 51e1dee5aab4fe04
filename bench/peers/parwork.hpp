// This library, in the ways it is meant to be used.
#pragma once

#include <parwork/parwork.hpp>
#include <parwork/recorder.hpp>

#include <cstdint>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "peers/setup.hpp"

namespace bench::peers {

inline parwork::options parwork_options(const setup& s) {
  parwork::options options;
  options.workers = s.workers;
  options.queue = s.queue;
  options.order =
      s.order == delivery::input ? parwork::ordering::input : parwork::ordering::completion;
  return options;
}

/// The collector takes results: items stay where they were pulled.
class parwork_results {
 public:
  explicit parwork_results(const setup& s) : options_(parwork_options(s)) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    static_cast<void>(parwork::process(
        generate, work, [&](result_of<Generator, Work> result) { collect(std::move(result)); },
        options_));
  }

  parwork::options& options() { return options_; }

 private:
  parwork::options options_;
};

/// The same, recorded.
class parwork_recorded : public parwork_results {
 public:
  explicit parwork_recorded(const setup& s) : parwork_results(s) { options().record = &recorder(); }

 private:
  // Lasts, as a program's would, so that its memory is there.
  static parwork::recorder& recorder() {
    static parwork::recorder one;
    return one;
  }
};

/// The collector takes whole completions, items included.
class parwork_completions {
 public:
  explicit parwork_completions(const setup& s) : options_(parwork_options(s)) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    using completion = parwork::completion<item_of<Generator>, result_of<Generator, Work>>;
    static_cast<void>(parwork::process(
        generate, work, [&](completion done) { collect(std::move(done.result).value()); },
        options_));
  }

 private:
  parwork::options options_;
};

/// Work on spans of items, one result for each.
class parwork_batched {
 public:
  explicit parwork_batched(const setup& s) : options_(parwork_options(s)) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    const auto work_through = [&](std::span<item_of<Generator>> items) {
      std::vector<result_of<Generator, Work>> results;
      results.reserve(items.size());
      for (const auto& it : items) {
        results.push_back(work(it));
      }
      return results;
    };
    static_cast<void>(parwork::process(
        generate, parwork::batched(work_through),
        [&](result_of<Generator, Work> result) { collect(std::move(result)); }, options_));
  }

 private:
  parwork::options options_;
};

/// No serial ends: a split index range, and sums that are merged at the end.
class parwork_split {
 public:
  explicit parwork_split(const setup& s) : options_(parwork_options(s)) {}

  /// `work` takes an index; returns the merged Sum.
  template <class Sum, class Work>
  Sum run_indices(std::uint64_t count, Work& work) {
    auto total = parwork::reduce(
        Sum{}, [](Sum& sum, std::uint64_t result) { sum(result); },
        [](Sum& sum, const Sum& other) { sum.merge(other); });
    static_cast<void>(parwork::process(parwork::split(std::views::iota(std::uint64_t{0}, count)),
                                       work, total, options_));
    return total.value();
  }

 private:
  parwork::options options_;
};

}  // namespace bench::peers
