// refs: elements worked on where they are.
#include "parwork/refs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <ranges>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;
using parwork::refs;
using parwork::split;

// It cannot be copied or moved.
struct element {
  explicit element(int v) : value(v) {}
  element(const element&) = delete;
  element& operator=(const element&) = delete;
  int value;
  int attempts = 0;
};

std::deque<element> elements(int count) {
  std::deque<element> made;
  for (int i = 0; i < count; ++i) made.emplace_back(i);
  return made;
}

void double_it(element& item) { item.value *= 2; }

void expect_doubled(const std::deque<element>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].value, 2 * static_cast<int>(i));
  }
}

class refs_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, refs_sweep, sweep_values(), sweep_name);

static_assert(std::is_same_v<
              parwork::generator_item_t<decltype(refs(std::declval<std::list<int>&>()))>, int&>);
static_assert(
    std::is_same_v<parwork::generator_item_t<decltype(refs(std::declval<const std::list<int>&>()))>,
                   const int&>);
static_assert(
    std::is_same_v<
        parwork::generator_item_t<decltype(split(refs(std::declval<std::vector<int>&>())))>, int&>);

TEST_P(refs_sweep, elements_are_changed_in_place) {
  for (const auto order : {ordering::completion, ordering::input}) {
    auto given = options();
    given.order = order;
    auto all = elements(1000);
    auto run = process(refs(all), double_it, [] {}, given);
    expect_counts(run, 1000);
    expect_doubled(all);
    auto others = elements(1000);
    run = process(split(refs(others)), double_it, [] {}, given);
    expect_counts(run, 1000);
    expect_doubled(others);
  }
}

TEST(refs, completions_hold_the_element_itself) {
  auto all = elements(500);
  std::uint64_t next = 0;
  const auto collect = [&](completion<element&, int> done) {
    EXPECT_EQ(done.index, next++);
    EXPECT_EQ(&done.item, &all[done.index]);
    done.item.value = *done.result;
  };
  auto run = process(refs(all), [](const element& item) { return item.value * 2; }, collect,
                     {.workers = 4, .order = ordering::input});
  expect_counts(run, 500);
  expect_doubled(all);
  next = 0;
  run = process(split(refs(all)), [](element& item) { return item.value; }, collect,
                {.workers = 4, .order = ordering::input});
  expect_counts(run, 500);
}

TEST(refs, completions_may_be_kept_and_shared) {
  std::vector<std::string> names{"a", "b", "c"};
  std::vector<completion<std::string&, std::size_t>> kept;
  int seen = 0;
  const auto run =
      process(refs(names), [](std::string& name) { return name.append("!").size(); },
              parwork::tee([&](const completion<std::string&, std::size_t>&) { ++seen; },
                           parwork::into(kept)),
              {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(seen, 3);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(&kept[1].item, &names[1]);
  EXPECT_EQ(names, (std::vector<std::string>{"a!", "b!", "c!"}));
}

TEST(refs, are_of_const_elements_and_of_views) {
  const std::list<std::string> names{"one", "two", "three"};
  std::vector<std::string_view> views;  // of elements, which stay
  auto run = process(
      refs(names), [](const std::string& name) -> std::string_view { return name; },
      [&](completion<const std::string&, std::string_view> done) { views.push_back(*done.result); },
      {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(views.front().data(), names.front().data());

  std::vector<int> numbers{1, 2, 3, 4, 5, 6};
  const auto triple = [](int& item) { item *= 3; };
  run = process(refs(numbers | std::views::drop(1) | std::views::take(2)), triple, [] {});
  expect_counts(run, 2);
  run = process(refs(numbers | std::views::filter([](int i) { return i == 1; })), triple, [] {});
  expect_counts(run, 1);
  run = process(split(refs(std::span(numbers).last(2))), triple, [] {});
  expect_counts(run, 2);
  EXPECT_EQ(numbers, (std::vector{3, 6, 9, 4, 15, 18}));

  std::forward_list<int> single{1, 2};
  const auto named = refs(single);
  EXPECT_EQ(process(named, triple, [] {}).succeeded, 2U);
  EXPECT_EQ(process(named, triple, [] {}).succeeded, 2U) << "it may be read again";
  EXPECT_EQ(single.front(), 9);
}

TEST(refs, copy_and_move_nothing_even_into_work_that_takes_a_value) {
  std::vector<std::string> names(100, "a text that is longer than a short string");
  const auto before = names;
  const auto run =
      process(refs(names), [](std::string name) { return name.size(); }, [](std::size_t) {});
  expect_counts(run, 100);
  EXPECT_EQ(names, before) << "its elements are not moved away";
}

TEST(refs, a_retry_sees_the_element_as_the_last_attempt_left_it) {
  for (const auto backoff : {0us, 100us}) {
    for (const auto order : {ordering::completion, ordering::input}) {
      auto all = elements(200);
      const auto run = process(
          refs(all),
          [](element& item) {
            if (++item.attempts < 3) throw std::runtime_error("again");
          },
          [&](const completion<element&, void>& done) {
            EXPECT_EQ(done.attempts, 3U);
            EXPECT_EQ(&done.item, &all[done.index]);
          },
          {.workers = 4, .order = order, .retry = {.max_attempts = 3, .backoff = backoff}});
      expect_counts(run, 200);
      for (const auto& one : all) EXPECT_EQ(one.attempts, 3);
    }
  }
}

TEST(refs, goes_with_every_form_of_work_that_takes_one_item) {
  auto all = elements(100);
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  auto run = process(split(refs(all)), [](element& item) { return item.value; }, sum);
  EXPECT_EQ(sum.value(), 4950);
  run = process(refs(all),
                parwork::per_worker([] { return 2; },
                                    [](int& factor, element& item) { item.value *= factor; }),
                [] {}, {.workers = 4});
  expect_counts(run, 100);
  expect_doubled(all);
  std::vector<std::jthread> threads;
  std::mutex lock;
  run = process(
      refs(all),
      [&](element& item, parwork::completer<int> done) {
        const std::lock_guard guard(lock);
        threads.emplace_back(
            [&item, answer = std::move(done)]() mutable { answer.succeed(item.value); });
      },
      [](completion<element&, int> done) { EXPECT_EQ(done.item.value, *done.result); },
      {.queue = 8});
  expect_counts(run, 100);
}

struct tree {
  int value = 0;
  std::vector<tree> children = {};
};

TEST(refs, work_spawns_by_reference) {
  const auto grown = [] {
    return std::vector<tree>(3, tree{1, std::vector<tree>(4, tree{1, std::vector<tree>(5)})});
  };
  const auto visit = [](tree& node, context& about) {
    ++node.value;
    for (tree& child : node.children) about.spawn(std::ref(child));
    return node.value;
  };
  auto roots = grown();
  int sum = 0;
  auto run = process(refs(roots), visit, [&](int value) { sum += value; }, {.workers = 4});
  expect_counts(run, 3 + 12 + 60);
  EXPECT_EQ(sum, 2 * 3 + 2 * 12 + 60);
  EXPECT_EQ(roots[2].children[3].children[4].value, 1);
  roots = grown();
  auto reduced = parwork::reduce(0, std::plus<>(), std::plus<>());
  run = process(split(refs(roots)), visit, reduced, {.workers = 4});
  expect_counts(run, 3 + 12 + 60);
  EXPECT_EQ(reduced.value(), sum);
  run = process(
      refs(roots), [](tree& node, context& about) { about.spawn(tree(node)); },
      [](const completion<tree&, void>& done) { EXPECT_FALSE(done.result.has_value()); });
  expect_counts(run, 0, 3);
}

TEST(refs, a_stop_leaves_the_rest_as_it_was) {
  auto all = elements(10'000);
  std::stop_source stop;
  std::uint64_t succeeded = 0;
  const auto run = process(
      refs(all),
      [&](element& item) {
        item.attempts = 1;
        if (item.value == 100) stop.request_stop();
      },
      [&](const completion<element&, void>& done) {
        if (done.result) {
          EXPECT_EQ(done.index, succeeded++);
        } else {
          EXPECT_EQ(done.attempts, static_cast<unsigned>(done.item.attempts));
        }
      },
      {.workers = 4, .order = ordering::input, .stop = stop.get_token()});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(all.back().attempts, 0);
}

TEST(refs, an_element_may_time_out_and_be_recorded) {
  auto all = elements(3);
  parwork::recorder record;
  const auto run = process(
      refs(all),
      [](const element& item, context& about) {
        if (item.value == 1) wait_for_stop(about.stop_token());
      },
      [](const completion<element&, void>& done) {
        EXPECT_EQ(done.result.has_value(), done.item.value != 1);
      },
      {.timeout = 1ms, .record = &record});
  EXPECT_EQ(run.produced, 3U);
}

TEST(refs, runs_inside_work) {
  std::vector<std::vector<int>> rows(20, std::vector<int>(30, 1));
  const auto run = process(
      refs(rows),
      [](std::vector<int>& row) {
        if (process(refs(row), [](int& cell) { cell += 1; }, [] {}).succeeded != 30) throw 42;
      },
      [] {});
  expect_counts(run, 20);
  for (const auto& row : rows) EXPECT_EQ(row, std::vector<int>(30, 2));
}

TEST(refs, are_paced) {
  auto all = elements(10);
  const auto run = process(parwork::paced(refs(all), 1e9), double_it, [] {});
  expect_counts(run, 10);
  expect_doubled(all);
}

TEST(refs, a_sized_range_tells_how_many_there_are) {
  auto all = elements(10);
  std::uint64_t total = 0;
  const auto run =
      process(refs(all), double_it, [] {},
              {.on_progress = [&](const parwork::progress& p) { total = p.total.value_or(0); }});
  expect_counts(run, 10);
  EXPECT_EQ(total, 10U);
}

}  // namespace
