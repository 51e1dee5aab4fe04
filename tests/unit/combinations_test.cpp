// What goes together, as the table of docs/guide.md says: forms of generators with forms of work,
// and those with collectors, each in both orders, with retries and recorded.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"

namespace {

constexpr long combined_items = 150;
constexpr long combined_sum = combined_items * (combined_items + 1) / 2;  // of each item and 1

std::vector<long> combined_input() {
  std::vector<long> items(combined_items);
  for (long i = 0; i < combined_items; ++i) items[static_cast<std::size_t>(i)] = i;
  return items;
}

// --- Generators of 0 .. combined_items-1; `items` is what those refer to that own none ---

struct from_callable {
  static auto make(std::vector<long>&) {
    return [next = 0L]() mutable -> std::optional<long> {
      if (next == combined_items) return std::nullopt;
      return next++;
    };
  }
};
struct from_filling {
  static auto make(std::vector<long>&) {
    return [next = 0L](long& item) mutable {
      item = next;
      return next++ < combined_items;
    };
  }
};
struct from_refs {
  static auto make(std::vector<long>& items) { return parwork::refs(items); }
};
struct from_split_refs {
  static auto make(std::vector<long>& items) { return parwork::split(parwork::refs(items)); }
};
struct from_prioritized {
  static auto make(std::vector<long>& items) {
    return parwork::prioritized(items, [](long item) { return item % 7; }, 20);
  }
};
struct from_weighed {
  static auto make(std::vector<long>& items) {
    return parwork::weighed(items, [](long item) { return static_cast<std::size_t>(item % 7); });
  }
};
struct from_weighed_and_prioritized {
  static auto make(std::vector<long>& items) {
    return parwork::weighed(from_prioritized::make(items),
                            [](long item) { return static_cast<std::size_t>(item % 7); });
  }
};
struct from_range {
  static auto make(std::vector<long>& items) { return items; }
};

// --- Work that adds 1 ---

struct plain_work {
  static auto make() {
    return [](long item) { return item + 1; };
  }
};
struct work_with_context {
  static auto make() {
    return [](long item, parwork::context& about) { return item + about.attempt(); };
  }
};
struct work_per_worker {
  static auto make() {
    return parwork::per_worker([] { return 1L; },
                               [](long& state, long item) { return item + state; });
  }
};
struct asynchronous_work {
  static auto make() {
    return [](long item, parwork::completer<long> done) { done.succeed(item + 1); };
  }
};
struct work_on_spans {
  static auto make() {
    return parwork::batched([](std::span<long> items) {
      std::vector<long> results;
      for (const long item : items) results.push_back(item + 1);
      return results;
    });
  }
};
struct keyed_work {
  static auto make() {
    return parwork::keyed([](long item) { return item + 1; }, [](long item) { return item % 5; });
  }
};
struct limited_work {
  static auto make() {
    return parwork::limited([](long item) { return item + 1; }, 2);
  }
};
struct staged_work {
  static auto make() {
    return parwork::stages(
        [](long item) { return std::to_string(item); },
        parwork::limited([](const std::string& text) { return std::stol(text); }, 1),
        [](long number) { return number + 1; });
  }
};
struct keyed_stages {
  static auto make() {
    return parwork::keyed(staged_work::make(), [](long item) { return item % 5; });
  }
};

// --- Runs ---

// Each with every choice of options that any of them may have.
template <class Run>
void with_all_options(Run run) {
  for (const auto order : {parwork::ordering::completion, parwork::ordering::input}) {
    for (const unsigned attempts : {1U, 2U}) {
      parwork::recorder recorded;
      for (parwork::recorder* record : {static_cast<parwork::recorder*>(nullptr), &recorded}) {
        SCOPED_TRACE(testing::Message()
                     << (order == parwork::ordering::input ? "input" : "any")
                     << " order, attempts: " << attempts << ", recorded: " << (record != nullptr));
        const parwork::summary came_to = run(parwork::options{
            .workers = 3, .order = order, .retry = {.max_attempts = attempts}, .record = record});
        EXPECT_EQ(came_to.succeeded, static_cast<std::uint64_t>(combined_items));
      }
    }
  }
}

template <class Generator, class Work>
void collect_completions() {
  with_all_options([](const parwork::options& chosen) {
    auto items = combined_input();
    long sum = 0;
    std::uint64_t next = 0;
    const auto came_to = parwork::process(
        Generator::make(items), Work::make(),
        [&](const auto& done) {
          sum += done.result.value();
          if (chosen.order == parwork::ordering::input) {
            EXPECT_EQ(done.index, next++);
          }
        },
        chosen);
    EXPECT_EQ(sum, combined_sum);
    return came_to;
  });
}

template <class Generator, class Work>
void loop_over_results() {
  with_all_options([](const parwork::options& chosen) {
    auto items = combined_input();
    long sum = 0;
    auto all = parwork::results(Generator::make(items), Work::make(), chosen);
    for (const auto& done : all) sum += done.result.value();
    EXPECT_EQ(sum, combined_sum);
    return all.summary();
  });
}

template <class Work>
void collect_results_and_fold() {
  with_all_options([](const parwork::options& chosen) {
    const auto items = combined_input();
    long sum = 0;
    const auto came_to =
        parwork::process(items, Work::make(), [&](long result) { sum += result; }, chosen);
    EXPECT_EQ(sum, combined_sum);
    return came_to;
  });
  with_all_options([](const parwork::options& chosen) {
    const auto items = combined_input();
    auto sum = parwork::reduce(
        0L, [](long& to, long result) { to += result; }, [](long& to, long from) { to += from; });
    const auto came_to = parwork::process(parwork::split(items), Work::make(), sum, chosen);
    EXPECT_EQ(sum.value(), combined_sum);
    return came_to;
  });
}

template <class Generator>
void with_forms_of_work() {
  collect_completions<Generator, plain_work>();
  collect_completions<Generator, asynchronous_work>();
  collect_completions<Generator, keyed_stages>();
}

TEST(combinations, of_forms_of_generators_with_forms_of_work) {
  with_forms_of_work<from_callable>();
  with_forms_of_work<from_filling>();
  with_forms_of_work<from_refs>();
  with_forms_of_work<from_split_refs>();
  with_forms_of_work<from_prioritized>();
  with_forms_of_work<from_weighed>();
  collect_completions<from_weighed_and_prioritized, keyed_work>();
  collect_completions<from_filling, work_on_spans>();
  collect_completions<from_range, work_on_spans>();
}

TEST(combinations, of_loops_with_forms_of_generators_and_of_work) {
  loop_over_results<from_callable, work_with_context>();
  loop_over_results<from_filling, asynchronous_work>();
  loop_over_results<from_refs, keyed_work>();
  loop_over_results<from_split_refs, keyed_stages>();
  loop_over_results<from_prioritized, limited_work>();
  loop_over_results<from_range, work_on_spans>();
}

TEST(combinations, of_forms_of_work_with_collectors) {
  collect_results_and_fold<work_with_context>();
  collect_results_and_fold<work_per_worker>();
  collect_results_and_fold<asynchronous_work>();
  collect_results_and_fold<work_on_spans>();
  collect_results_and_fold<keyed_work>();
  collect_results_and_fold<limited_work>();
  collect_results_and_fold<staged_work>();
  collect_results_and_fold<keyed_stages>();
}

}  // namespace
