// Items whose generator knows their outcome: every form of work leaves them alone, and the
// collector gets them in their place.
#include "parwork/prefinished.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/elsewhere.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::ordering;
using parwork::prefinished;

constexpr int items = 1000;

// Every third item has a result of its own, every seventh a failure.
auto known_beforehand() {
  return [i = 0]() mutable -> std::optional<prefinished<int, int>> {
    if (i == items) return std::nullopt;
    prefinished<int, int> next{i, std::nullopt, 0};
    if (i % 7 == 0) {
      next.outcome.emplace(std::unexpect, failure_kind::error, "known to fail");
      next.attempts = 3;
    } else if (i % 3 == 0) {
      next.outcome.emplace(-i);
      next.attempts = 2;
    }
    ++i;
    return next;
  };
}

int expected_result(int i) { return i % 3 == 0 ? -i : 2 * i; }

struct check_order {
  int next = 0;
  void operator()(completion<int, int> done) {
    const int i = next++;
    EXPECT_EQ(done.item, i);
    EXPECT_EQ(done.index, static_cast<std::uint64_t>(i));
    ASSERT_EQ(done.result.has_value(), i % 7 != 0);
    if (done.result) {
      EXPECT_EQ(*done.result, expected_result(i));
      EXPECT_EQ(done.attempts, i % 3 == 0 ? 2U : 1U);
    } else {
      EXPECT_EQ(done.result.error().message(), "known to fail");
      EXPECT_EQ(done.attempts, 3U);
    }
  }
};

void expect_prefinished_counts(const parwork::summary& s) {
  EXPECT_EQ(s.produced, 1000U);
  EXPECT_EQ(s.failed, 143U);
  EXPECT_EQ(s.succeeded, 857U);
  EXPECT_EQ(s.retries, 0U);
}

int twice(int i) {
  EXPECT_TRUE(i % 3 != 0 && i % 7 != 0) << i << " was worked on";
  return 2 * i;
}

TEST(prefinished, is_not_worked_on_and_arrives_in_its_place) {
  check_order check;
  expect_prefinished_counts(
      parwork::process(known_beforehand(), twice, check, {.workers = 4, .order = ordering::input}));
  EXPECT_EQ(check.next, items);
}

TEST(prefinished, goes_around_retries_and_timeouts) {
  check_order check;
  parwork::options o{.workers = 4, .order = ordering::input, .timeout = 1h};
  o.retry.max_attempts = 5;
  expect_prefinished_counts(parwork::process(known_beforehand(), twice, check, o));
}

TEST(prefinished, goes_around_asynchronous_work) {
  check_order check;
  const auto work = [](int i, parwork::completer<int> done) { done.succeed(twice(i)); };
  expect_prefinished_counts(
      parwork::process(known_beforehand(), work, check, {.workers = 4, .order = ordering::input}));
}

TEST(prefinished, leaves_batched_work_spans_of_what_is_left) {
  check_order check;
  const auto work = [](std::span<int> span) {
    std::vector<int> out;
    for (const int i : span) out.push_back(twice(i));
    return out;
  };
  expect_prefinished_counts(parwork::process(known_beforehand(), parwork::batched(work), check,
                                             {.workers = 4, .order = ordering::input}));
}

TEST(prefinished, leaves_asynchronous_spans_of_what_is_left) {
  for (const bool elsewhere_too : {false, true}) {
    for (const std::size_t max : {1, 4, 256}) {
      parwork_test::elsewhere other(2);
      check_order check;
      const auto work = [&](std::span<int> span, parwork::batch_completer<int> done) {
        auto end = [span, done = std::move(done)]() mutable {
          std::vector<int> out;
          for (const int i : span) out.push_back(twice(i));
          done.succeed(std::move(out));
        };
        if (!elsewhere_too) return end();
        other.post(std::move(end));
      };
      expect_prefinished_counts(parwork::process(known_beforehand(), parwork::batched(work, max),
                                                 check, {.workers = 4, .order = ordering::input}));
      EXPECT_EQ(check.next, items);
    }
  }
}

TEST(prefinished, waits_for_no_asynchronous_span) {
  // The span of item 0 is held until all others have been collected.
  std::optional<parwork::batch_completer<int>> held;
  int collected = 0;
  auto source = [next = 0]() mutable -> std::optional<prefinished<int, int>> {
    if (next == 5) return std::nullopt;
    prefinished<int, int> item{next++};
    if (item.item > 0) item.outcome.emplace(item.item);
    return item;
  };
  const auto work = [&](std::span<int> span, parwork::batch_completer<int> done) {
    EXPECT_EQ(span.size(), 1U);
    held.emplace(std::move(done));
  };
  const auto s = parwork::process(source, parwork::batched(work),
                                  [&](const completion<int, int>&) {
                                    if (++collected == 4) held->succeed({0});
                                  },
                                  {.workers = 1});
  EXPECT_EQ(s.succeeded, 5U);
}

TEST(prefinished, leaves_items_of_asynchronous_spans_in_place_after_they_were_finished) {
  std::vector<std::string> seen;
  int next = 0;
  const auto source = [&]() -> std::optional<prefinished<std::string, int>> {
    if (next == 4) return std::nullopt;
    return prefinished<std::string, int>{"a rather long item " + std::to_string(next++)};
  };
  parwork::options chosen{.workers = 1, .order = ordering::input};
  chosen.retry.max_attempts = 2;
  const auto work = [](std::span<std::string> some, parwork::batch_completer<int> done) {
    for (const std::string& each : some) EXPECT_EQ(each.substr(0, 8), "a rather");
    done.fail(failure(failure_kind::error, "no"));
  };
  const auto s = parwork::process(
      source, parwork::batched(work),
      [&](completion<std::string, int> done) { seen.push_back(done.item); }, chosen);
  EXPECT_EQ(s.failed, 4U);
  EXPECT_EQ(s.retries, 4U);
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[3], "a rather long item 3");
}

TEST(prefinished, leaves_items_of_batched_work_in_place_after_an_exception) {
  std::vector<std::string> seen;
  int next = 0;
  const auto source = [&]() -> std::optional<prefinished<std::string, int>> {
    if (next == 4) return std::nullopt;
    return prefinished<std::string, int>{"a rather long item " + std::to_string(next++)};
  };
  const auto work = [](std::span<std::string>) -> std::vector<int> {
    throw std::runtime_error("no");
  };
  const auto s =
      parwork::process(source, parwork::batched(work),
                       [&](completion<std::string, int> done) { seen.push_back(done.item); },
                       {.workers = 1, .order = ordering::input});
  EXPECT_EQ(s.failed, 4U);
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[3], "a rather long item 3");
}

TEST(prefinished, makes_no_state_for_what_is_finished) {
  std::atomic<int> states = 0;
  auto source = [i = 0]() mutable -> std::optional<prefinished<int, int>> {
    if (i == 100) return std::nullopt;
    return prefinished<int, int>{i++, 7, 1};
  };
  int sum = 0;
  const auto work = parwork::per_worker([&] { return ++states; }, [](int&, int i) { return i; });
  const auto s = parwork::process(source, work, [&](int r) { sum += r; });
  EXPECT_EQ(s.succeeded, 100U);
  EXPECT_EQ(sum, 700);
  EXPECT_EQ(states.load(), 0);
}

TEST(prefinished, folds_in_a_reduction) {
  auto sum = parwork::reduce(
      0L, [](long& acc, int r) { acc += r; }, [](long& acc, long part) { acc += part; });
  auto source = [i = 0]() mutable -> std::optional<prefinished<int, int>> {
    if (i == 100) return std::nullopt;
    const int n = i++;
    if (n % 2 == 0) return prefinished<int, int>{n};
    return prefinished<int, int>{n, 1000, 1};
  };
  const auto s = parwork::process(source, [](int) { return 1; }, sum);
  EXPECT_EQ(s.succeeded, 100U);
  EXPECT_EQ(sum.value(), 50'050);
}

TEST(prefinished, failure_stops_a_run_whose_collector_takes_results) {
  const auto run = [] {
    return parwork::process(known_beforehand(), twice, [](int) {}, {.order = ordering::input});
  };
  EXPECT_THROW((void)run(), parwork::item_failed);
}

TEST(prefinished, item_cannot_spawn) {
  auto source = [i = 0]() mutable -> std::optional<prefinished<int, int>> {
    if (i++ > 0) return std::nullopt;
    return prefinished<int, int>{1};
  };
  std::string message;
  const auto s = parwork::process(
      source,
      [](int i, parwork::context& about) {
        about.spawn(i);
        return i;
      },
      [&](completion<int, int> done) { message = done.result.error().message(); });
  EXPECT_EQ(s.failed, 1U);
  EXPECT_NE(message.find("prefinished"), std::string::npos) << message;
}

TEST(completion_without_item, lets_work_take_a_move_only_item_by_value) {
  int next = 0;
  const auto source = [&]() -> std::optional<std::unique_ptr<int>> {
    if (next == 50) return std::nullopt;
    return std::make_unique<int>(next++);
  };
  int sum = 0, failures = 0;
  const auto work = [](std::unique_ptr<int> p) -> std::expected<int, std::string> {
    if (*p == 13) return std::unexpected("unlucky");
    return *p;
  };
  const auto s = parwork::process(source, work, [&](completion<void, int> done) {
    if (done.result) {
      sum += *done.result;
    } else {
      ++failures;
      EXPECT_EQ(done.index, 13U);
    }
  });
  EXPECT_EQ(s.failed, 1U);
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(sum, 1225 - 13);
}

}  // namespace
