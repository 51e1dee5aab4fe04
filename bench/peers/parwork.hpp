// This library, in the ways it is meant to be used.
#pragma once

#include <parwork/parwork.hpp>
#include <parwork/recorder.hpp>

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "peers/setup.hpp"
#include "support/load.hpp"

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

/// A work made of the user's by `make`, which is called with it; results as in parwork_results.
/// `Make::queue`: its own, where it has one.
template <class Make>
class parwork_made {
 public:
  explicit parwork_made(const setup& s) : options_(parwork_options(s)) {
    if constexpr (requires { Make::queue; }) {
      options_.queue = Make::queue;
    }
  }

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    static_cast<void>(parwork::process(
        generate, Make()(work, options_),
        [&](result_of<Generator, Work> result) { collect(std::move(result)); }, options_));
  }

 private:
  parwork::options options_;
};

template <class Work>
auto by_reference(Work& work) {
  return [&work](const item& it) { return work(it); };
}

/// Work whose items have keys: so many different ones, at random. 0: no two are equal.
template <std::uint64_t Keys>
struct make_keyed {
  template <class Work>
  auto operator()(Work& work, const parwork::options&) const {
    return parwork::keyed(by_reference(work), [](const item& it) {
      return Keys == 0 ? it.words.front() : it.words.front() % Keys;
    });
  }
};

/// A place for each worker: nobody ever waits, and what is left is the price of asking.
struct make_limited {
  template <class Work>
  auto operator()(Work& work, const parwork::options& options) const {
    return parwork::limited(by_reference(work), options.workers);
  }
};

/// Asynchronous items that are finished before their call returns: what is left is the price of a
/// completer.
struct make_async {
  template <class Work>
  auto operator()(Work& work, const parwork::options&) const {
    using result = std::invoke_result_t<Work&, const item&>;
    return [&work](const item& it, parwork::completer<result> done) { done.succeed(work(it)); };
  }
};

/// The same in spans of 256.
struct make_async_spans {
  static constexpr std::size_t queue = 10'000;

  template <class Work>
  auto operator()(Work& work, const parwork::options&) const {
    using result = std::invoke_result_t<Work&, const item&>;
    return parwork::batched([&work](std::span<item> items, parwork::batch_completer<result> done) {
      std::vector<result> results;
      results.reserve(items.size());
      for (const item& it : items) {
        results.push_back(work(it));
      }
      done.succeed(std::move(results));
    });
  }
};

/// Two steps behind the work that change its result and change it back.
inline constexpr std::uint64_t step_mask = 0x5555555555555555;
inline constexpr auto step_there = [](std::uint64_t result) { return result ^ step_mask; };
inline constexpr auto step_back = [](std::uint64_t result) { return result ^ step_mask; };

/// Three stages.
struct make_stages {
  template <class Work>
  auto operator()(Work& work, const parwork::options&) const {
    return parwork::stages(by_reference(work), step_there, step_back);
  }
};

/// One function that calls the three.
struct make_one_function {
  template <class Work>
  auto operator()(Work& work, const parwork::options&) const {
    return [&work](const item& it) { return step_back(step_there(work(it))); };
  }
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
