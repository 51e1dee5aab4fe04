// What a journalled run does, seen from outside: which items are worked on, what the collector
// sees, what is in the file.
#include "parwork/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include "parwork/parwork.hpp"
#include "unit/journal/journalled_run.hpp"

namespace {

using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::journal;
using parwork::journal_options;
using parwork::journal_record;
using parwork::ordering;

using namespace journal_test;

// --- What is worked on, what is collected ---

TEST_F(journalled, run_is_the_run_without_a_journal) {
  const auto items = numbered(1000);
  const auto out = run_on(file, items);
  EXPECT_EQ(out.collected, shouted(items));
  EXPECT_EQ(out.worked.size(), 1000U);
  EXPECT_EQ(out.summary.succeeded, 1000U);
}

TEST_F(journalled, run_that_was_finished_works_on_nothing_and_replays_all) {
  const auto items = numbered(1000);
  run_on(file, items);
  const auto again = run_on(file, items);
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_TRUE(again.worked.empty());
  EXPECT_EQ(again.summary.succeeded, 1000U);
}

TEST_F(journalled, run_works_on_what_an_earlier_one_did_not_reach) {
  auto items = numbered(1000);
  run_on(file, {items.begin(), items.begin() + 600});
  const auto again = run_on(file, items);
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_EQ(again.worked, std::multiset<std::string>(items.begin() + 600, items.end()));
}

TEST_F(journalled, run_without_replay_collects_what_it_finishes) {
  auto items = numbered(100);
  run_on(file, {items.begin(), items.begin() + 60});
  journal j{file, {.replay = false}};
  const auto again = run(j, items);
  EXPECT_EQ(again.collected, shouted({items.begin() + 60, items.end()}));
  EXPECT_EQ(again.summary.produced, 40U);
  EXPECT_EQ(j.size(), 100U);
}

TEST_F(journalled, same_object_serves_run_after_run) {
  journal j{file};
  const auto items = numbered(50);
  EXPECT_EQ(run(j, items).worked.size(), 50U);
  EXPECT_EQ(run(j, items).worked.size(), 0U);
  EXPECT_EQ(j.size(), 50U);
}

// --- Input that has changed ---

TEST_F(journalled, inserted_items_alone_are_worked_on) {
  auto items = numbered(500);
  run_on(file, items);
  items.insert(items.begin(), "first");
  items.insert(items.begin() + 250, "middle");
  items.push_back("last");
  const auto again = run_on(file, items);
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_EQ(again.worked, (std::multiset<std::string>{"first", "middle", "last"}));
}

TEST_F(journalled, dropped_items_are_not_collected_and_stay_recorded) {
  auto items = numbered(500);
  run_on(file, items);
  items.erase(items.begin() + 100, items.begin() + 400);
  journal j{file};
  const auto again = run(j, items);
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_TRUE(again.worked.empty());
  EXPECT_EQ(j.size(), 500U);
}

TEST_F(journalled, reordered_items_are_found_and_for_each_follows_the_last_input) {
  auto items = numbered(500);
  run_on(file, items);
  std::ranges::reverse(items);
  std::swap(items[7], items[300]);
  {
    journal j{file};
    const auto again = run(j, items);
    EXPECT_EQ(again.collected, shouted(items));
    EXPECT_TRUE(again.worked.empty());
  }
  journal j{file};
  EXPECT_EQ(keys_of(j), items);
}

TEST_F(journalled, equal_items_are_items_of_their_own) {
  const strings items{"a", "b", "a", "a", "c", "b"};
  EXPECT_EQ(run_on(file, {"a", "b", "a"}).worked, (std::multiset<std::string>{"a", "a", "b"}));
  journal j{file};
  const auto again = run(j, items);
  EXPECT_EQ(again.worked, (std::multiset<std::string>{"a", "b", "c"}));
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_EQ(keys_of(j), items);
}

TEST_F(journalled, many_equal_items_are_found_quickly) {
  const strings items(20'000, "same");
  run_on(file, items);
  strings more(items);
  more.insert(more.begin(), "new");
  more.push_back("same");
  const auto again = run_on(file, more);
  EXPECT_EQ(again.worked, (std::multiset<std::string>{"new", "same"}));
}

// --- Failures ---

struct flaky {
  std::atomic<int>* calls;
  std::expected<int, std::string> operator()(int i) const {
    ++*calls;
    if (i % 10 == 3) return std::unexpected("three");
    return i;
  }
};

TEST_F(journalled, recorded_failures_are_final) {
  std::atomic<int> calls = 0;
  for (int round = 0; round < 2; ++round) {
    journal j{file};
    std::map<int, std::string> failures;
    const auto s = parwork::process(j, std::views::iota(0, 100), flaky{&calls},
                                    [&](completion<int, int> done) {
                                      if (!done.result)
                                        failures[done.item] = done.result.error().message();
                                    },
                                    {.retry = {.max_attempts = 2}});
    EXPECT_EQ(s.failed, 10U);
    EXPECT_EQ(failures.size(), 10U);
    EXPECT_EQ(failures[33], "three");
    EXPECT_EQ(calls.load(), 110) << "in round " << round;
    EXPECT_EQ(s.retries, round == 0 ? 10U : 0U);
  }
}

TEST_F(journalled, recorded_failures_are_tried_again_if_asked) {
  std::atomic<int> calls = 0;
  const auto ignore = [](const completion<int, int>&) {};
  {
    journal j{file};
    (void)parwork::process(j, std::views::iota(0, 100), flaky{&calls}, ignore);
  }
  calls = 0;
  journal j{file, {.retry_failed = true}};
  const auto s =
      parwork::process(j, std::views::iota(0, 100), [&](int i) { return ++calls, i; }, ignore);
  EXPECT_EQ(calls.load(), 10);
  EXPECT_EQ(s.failed, 0U);
  EXPECT_EQ(j.size(), 100U);
  int failed = 0;
  j.for_each([&](const journal_record& r) { failed += r.failed(); });
  EXPECT_EQ(failed, 0);
}

TEST_F(journalled, failure_comes_back_with_kind_message_code_and_attempts) {
  const auto work = [](int i, parwork::context&) -> std::expected<int, failure> {
    switch (i) {
      case 0:
        return std::unexpected(failure(std::make_error_code(std::errc::no_space_on_device)));
      case 1:
        throw std::runtime_error("thrown");
      default:
        return std::unexpected(failure(failure_kind::abandoned, ""));
    }
  };
  for (int round = 0; round < 2; ++round) {
    journal j{file};
    int seen = 0;
    (void)parwork::process(j, std::views::iota(0, 3), work,
                           [&](completion<int, int> done) {
                             ++seen;
                             ASSERT_FALSE(done.result);
                             const failure& why = done.result.error();
                             EXPECT_EQ(done.attempts, 3U);
                             if (done.index == 0) {
                               EXPECT_EQ(why.code(), std::errc::no_space_on_device);
                             } else if (done.index == 1) {
                               EXPECT_EQ(why.kind(), failure_kind::exception);
                               EXPECT_EQ(why.message(), "thrown");
                             } else {
                               EXPECT_EQ(why.kind(), failure_kind::abandoned);
                             }
                           },
                           {.order = ordering::input, .retry = {.max_attempts = 3}});
    EXPECT_EQ(seen, 3);
  }
}

TEST_F(journalled, failure_ends_a_run_whose_collector_takes_results) {
  const auto items = numbered(1000);
  strings collected;
  const auto attempt = [&] {
    journal j{file};
    collected.clear();
    return parwork::process(
        j, items,
        [](const std::string& s) {
          if (s == "item 500") throw std::out_of_range("no 500");
          return shout(s);
        },
        [&](std::string r) { collected.push_back(std::move(r)); }, {.order = ordering::input});
  };
  EXPECT_THROW((void)attempt(), std::out_of_range);
  EXPECT_EQ(collected, shouted({items.begin(), items.begin() + 500}));
  // Recorded: the exception object is not, its message is.
  try {
    (void)attempt();
    FAIL();
  } catch (const parwork::item_failed& failed) {
    EXPECT_EQ(failed.index(), 500U);
    EXPECT_EQ(failed.failure().message(), "no 500");
  }
  EXPECT_EQ(collected.size(), 500U);
}

// --- Stops ---

TEST_F(journalled, stopped_run_goes_on_where_it_was) {
  const auto items = numbered(300);
  std::stop_source stop;
  std::size_t collected = 0;
  std::uint64_t succeeded = 0;
  {
    journal j{file};
    const auto s = parwork::process(j, items, shout,
                                    [&](std::string) {
                                      if (++collected == 100) stop.request_stop();
                                    },
                                    {.stop = stop.get_token()});
    EXPECT_TRUE(s.stopped);
    EXPECT_EQ(s.produced, s.succeeded + s.cancelled);
    succeeded = s.succeeded;
    EXPECT_EQ(j.size(), succeeded);
  }
  const auto again = run_on(file, items);
  EXPECT_EQ(again.worked.size(), 300U - succeeded);
  EXPECT_EQ(again.collected, shouted(items));
}

TEST_F(journalled, stop_ends_the_skipping_of_what_is_recorded) {
  const auto items = numbered(1000);
  run_on(file, items);
  std::stop_source stop;
  int read = 0;
  journal j{file, {.replay = false}};
  const auto s = parwork::process(
      j,
      [&]() -> std::optional<std::string> {
        if (++read == 10) stop.request_stop();
        return items[static_cast<std::size_t>(read) % items.size()];
      },
      shout, [](std::string) {}, {.stop = stop.get_token()});
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(read, 10);
}

TEST_F(journalled, collector_that_throws_loses_no_record) {
  const auto items = numbered(300);
  {
    journal j{file};
    int seen = 0;
    EXPECT_THROW((void)parwork::process(j, items, shout,
                                        [&](std::string) {
                                          if (++seen == 50) throw std::runtime_error("full");
                                        },
                                        {.order = ordering::input}),
                 std::runtime_error);
    EXPECT_GE(j.size(), 50U);
  }
  const auto again = run_on(file, items);
  EXPECT_EQ(again.collected, shouted(items));
  EXPECT_LE(again.worked.size(), 250U);
}

TEST_F(journalled, generator_that_throws_loses_no_record) {
  {
    journal j{file};
    auto generator = [i = 0]() mutable -> std::optional<int> {
      if (i == 100) throw std::runtime_error("broken pipe");
      return i++;
    };
    EXPECT_THROW((void)parwork::process(
                     j, generator, [](int i) { return i; }, [](int) {}),
                 std::runtime_error);
    EXPECT_EQ(j.size(), 100U);
  }
}

// --- Forms of generator, work and collector ---

TEST_F(journalled, work_of_every_form) {
  const auto items = std::vector<int>{3, 1, 4, 1, 5, 9, 2, 6};
  const auto expect = [&](const char* name, auto&& work) {
    for (int round = 0; round < 2; ++round) {
      journal j{folder / name};
      std::vector<int> collected;
      (void)parwork::process(j, items, work, [&](int r) { collected.push_back(r); },
                             {.order = ordering::input});
      std::vector<int> doubled;
      for (const int i : items) doubled.push_back(2 * i);
      EXPECT_EQ(collected, doubled) << name << ", round " << round;
    }
  };
  expect("plain", [](int i) { return 2 * i; });
  expect("context", [](int i, parwork::context&) { return 2 * i; });
  expect("state", parwork::per_worker([] { return 2; }, [](int& two, int i) { return two * i; }));
  expect("batched", parwork::batched([](std::span<int> span) {
           std::vector<int> out;
           for (const int i : span) out.push_back(2 * i);
           return out;
         }));
  expect("asynchronous", [](int i, parwork::completer<int> done) { done.succeed(2 * i); });
}

TEST_F(journalled, collectors_of_every_form) {
  const auto items = std::views::iota(1, 101);
  const auto twice = [](int i) { return 2L * i; };
  for (int round = 0; round < 2; ++round) {
    journal j{file};
    long sum = 0;
    (void)parwork::process(j, items, twice, [&](completion<int, long> c) { sum += *c.result; });
    (void)parwork::process(j, items, twice, [&](completion<int, long>& c) { sum += *c.result; });
    (void)parwork::process(j, items, twice, [&](completion<void, long> c) { sum += *c.result; });
    (void)parwork::process(j, items, twice, [&](long r) { sum += r; });
    auto reduction =
        parwork::reduce(0L, [](long& a, long r) { a += r; }, [](long& a, long b) { a += b; });
    (void)parwork::process(j, items, twice, reduction);
    EXPECT_EQ(sum, 4 * 10'100L);
    EXPECT_EQ(reduction.value(), 10'100L);
  }
}

TEST_F(journalled, work_without_a_result) {
  for (int round = 0; round < 2; ++round) {
    journal j{file};
    std::atomic<int> worked = 0;
    int collected = 0;
    (void)parwork::process(
        j, std::views::iota(0, 100), [&](int) { ++worked; }, [&] { ++collected; });
    EXPECT_EQ(worked.load(), round == 0 ? 100 : 0);
    EXPECT_EQ(collected, 100);
  }
}

TEST_F(journalled, generators_of_every_form) {
  const auto twice = [](int i) { return 2 * i; };
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto sum_of = [&](journal<>& j, auto&& generator) {
    long sum = 0;
    (void)parwork::process(j, std::forward<decltype(generator)>(generator), twice,
                           [&](int r) { sum += r; });
    return sum;
  };
  journal j{file};
  EXPECT_EQ(sum_of(j, numbers), 9900);
  EXPECT_EQ(sum_of(j, parwork::split(numbers)), 9900);
  EXPECT_EQ(sum_of(j, std::views::iota(0, 100)), 9900);
  EXPECT_EQ(sum_of(j, parwork::paced(numbers, 1e6)), 9900);
  EXPECT_EQ(j.size(), 100U);
  journal k{folder / "chunks", {.key = [](const std::vector<int>& v) { return v.front(); }}};
  long sum = 0;
  (void)parwork::process(
      k, parwork::chunks(numbers, 7),
      [](const std::vector<int>& v) { return std::accumulate(v.begin(), v.end(), 0L); },
      [&](long r) { sum += r; });
  EXPECT_EQ(sum, 4950);
  EXPECT_EQ(k.size(), 15U);
}

TEST_F(journalled, move_only_item_taken_by_value) {
  using box = std::unique_ptr<int>;
  journal j{file, {.key = [](const box& b) { return *b; }}};
  int next = 0, sum = 0;
  (void)parwork::process(
      j, [&]() -> box { return next == 10 ? nullptr : std::make_unique<int>(next++); },
      [](box b) { return *b; }, [&](int r) { sum += r; });
  EXPECT_EQ(sum, 45);
}

TEST_F(journalled, spawn_is_refused) {
  journal j{file};
  std::string message;
  (void)parwork::process(
      j, std::views::iota(0, 1),
      [](int i, parwork::context& about) {
        about.spawn(i + 1);
        return i;
      },
      [&](completion<int, int> done) { message = done.result.error().message(); });
  EXPECT_NE(message.find("journal"), std::string::npos) << message;
}

// --- Keys ---

struct task {
  std::string name;
  int effort;
};

TEST_F(journalled, items_are_known_by_the_key_that_is_given) {
  const auto name_of = [](const task& t) -> const std::string& { return t.name; };
  for (int round = 0; round < 2; ++round) {
    journal j{file, {.key = name_of}};
    std::atomic<int> worked = 0;
    (void)parwork::process(
        j, std::vector<task>{{"a", round}, {"b", round}},
        [&](const task& t) { return ++worked, t.effort; },
        [](const completion<task, int>& done) { EXPECT_EQ(*done.result, 0); });
    EXPECT_EQ(worked.load(), round == 0 ? 2 : 0);
  }
  // The type of a generic key is part of the journal's.
  journal j{file, journal_options{.key = [](const auto& t) { return t.name; }}};
  EXPECT_EQ(j.size(), 2U);
  EXPECT_EQ(keys_of(j), (strings{"a", "b"}));
}

TEST_F(journalled, key_of_another_item_type_is_refused) {
  journal j{file, {.key = [](const task& t) { return t.name; }}};
  EXPECT_THROW((void)parwork::process(j, numbered(3), shout, [](std::string) {}),
               std::invalid_argument);
}

TEST_F(journalled, keys_are_bytes) {
  const strings items{"", std::string("nul\0inside", 10), "\xff\xfe", "new\nline",
                      std::string(100'000, 'x')};
  run_on(file, items);
  journal j{file};
  EXPECT_TRUE(run(j, items).worked.empty());
  EXPECT_EQ(keys_of(j), items);
}

TEST_F(journalled, forget_has_items_done_again) {
  const strings items{"a", "b", "a", "c"};
  run_on(file, items);
  journal j{file};
  EXPECT_EQ(j.forget("a"), 2U);
  EXPECT_EQ(j.forget("nobody"), 0U);
  EXPECT_EQ(j.size(), 2U);
  EXPECT_EQ(run(j, items).worked, (std::multiset<std::string>{"a", "a"}));
  EXPECT_EQ(keys_of(j), items);
}

TEST_F(journalled, forget_takes_integers) {
  journal j{file};
  (void)parwork::process(j, std::views::iota(-5, 5), [](int i) { return i; }, [](int) {});
  EXPECT_EQ(j.forget(-3), 1U);
}

TEST_F(journalled, compact_keeps_the_records_and_gives_room_back) {
  const strings items{std::string(1 << 20, 'a'), std::string(1 << 20, 'b'), "c"};
  journal j{file};
  run(j, items);
  j.forget(items[0]);
  j.compact();
  EXPECT_EQ(keys_of(j), (strings{items[1], "c"}));
  EXPECT_LT(std::filesystem::file_size(file), 3U << 20);
  EXPECT_EQ(run(j, items).worked.size(), 1U);
}

}  // namespace
