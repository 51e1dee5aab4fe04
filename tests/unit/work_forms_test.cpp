// What may be work: how it takes its item, what it returns, and what counts as a failure.
#include <gtest/gtest.h>

#include <concepts>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::failure;
using parwork::failure_kind;
using parwork::process;

template <class R, class E>
using expected = std::expected<R, E>;

class work_forms_leak : public leak_check {};

/// Runs `work` on ints; compiles where its completions hold a `Result`.
template <class Result>
void expect_result_type(auto&& work) {
  const auto run = process(numbers(3), work, [](auto one) {
    static_assert(std::same_as<decltype(one), completion<int, Result>>);
  });
  expect_counts(run, 3);
}

// How the item is taken

TEST(work_forms, by_reference_sees_and_changes_the_item_in_flight) {
  gathered<int, int> done;
  const auto run = process(numbers(10), [](int& item) { return item += 100; }, done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) {
    EXPECT_EQ(one.item, static_cast<int>(one.index) + 100);
    EXPECT_EQ(one.result.value(), one.item);
  }
}

TEST_F(work_forms_leak, by_reference_copies_no_item) {
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(counted_items(100), [](const counted& item) { return item.id(); }, done.collector());
  expect_counts(run, 100);
  EXPECT_EQ(counted::copies(), 0);
}

TEST_F(work_forms_leak, by_value_leaves_the_item_of_a_completion_intact) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(100), [](counted item) { return counted(std::move(item)).id(); },
      done.collector());
  expect_counts(run, 100);
  for (const auto& one : done) {
    EXPECT_EQ(one.item.id(), one.index);
    EXPECT_EQ(one.result.value(), one.index);
  }
}

TEST_F(work_forms_leak, by_value_moves_the_item_where_nobody_needs_it_afterwards) {
  std::uint64_t sum = 0;
  const auto run = process(
      counted_items(100), [](counted item) { return item.id(); },
      [&](std::uint64_t id) { sum += id; });
  expect_counts(run, 100);
  EXPECT_EQ(sum, 99u * 100 / 2);
  EXPECT_EQ(counted::copies(), 0);
}

TEST_F(work_forms_leak, by_value_copies_the_item_where_a_retry_may_need_it) {
  std::uint64_t sum = 0;
  parwork::options chosen;
  chosen.retry.max_attempts = 2;
  const auto run = process(
      counted_items(50),
      [](counted item, context& ctx) {
        const counted taken(std::move(item));
        if (ctx.attempt() == 1) throw std::runtime_error("once more");
        return taken.id();
      },
      [&](std::uint64_t id) { sum += id; }, chosen);
  expect_counts(run, 50);
  EXPECT_EQ(sum, 49u * 50 / 2);
}

TEST(work_forms, by_value_takes_move_only_items_where_the_collector_takes_results) {
  int sum = 0;
  auto source = [next = 0]() mutable {
    return next == 10 ? nullptr : std::make_unique<int>(next++);
  };
  expect_counts(process(
                    source, [](std::unique_ptr<int> item) { return *item; },
                    [&](int result) { sum += result; }),
                10);
  EXPECT_EQ(sum, 45);
}

TEST(work_forms, by_value_move_only_with_retries_is_refused_before_the_first_generator_call) {
  bool called = false;
  parwork::options chosen;
  chosen.retry.max_attempts = 2;
  EXPECT_THROW((void)process(
                   [&]() -> std::unique_ptr<int> {
                     called = true;
                     return nullptr;
                   },
                   [](std::unique_ptr<int> item) { return *item; }, [](int) {}, chosen),
               std::invalid_argument);
  EXPECT_FALSE(called);
}

TEST(work_forms, an_item_that_throws_when_copied_for_work_fails) {
  struct fragile {
    fragile() = default;
    fragile(const fragile&) { throw std::runtime_error("copied"); }
    fragile(fragile&&) noexcept {}
  };
  int failures = 0;
  const auto run = process(
      [next = 0]() mutable {
        return next++ < 3 ? std::optional<fragile>(std::in_place) : std::nullopt;
      },
      [](fragile) {},
      [&](completion<fragile, void> done) {
        ++failures;
        EXPECT_EQ(done.result.error().message(), "copied");
      });
  expect_counts(run, 0, 3);
  EXPECT_EQ(failures, 3);
}

// Which form is chosen

TEST(work_forms, the_form_without_a_context_is_tried_first) {
  struct both {
    int operator()(int&) const { return 1; }
    int operator()(int&, context&) const { return 2; }
  };
  gathered<int, int> done;
  expect_counts(process(numbers(1), both(), done.collector()), 1);
  EXPECT_EQ(done[0].result.value(), 1);
}

TEST(work_forms, a_reference_is_tried_before_a_const_reference) {
  struct both {
    int operator()(int&) const { return 1; }
    int operator()(const int&) const { return 2; }
  };
  gathered<int, int> done;
  expect_counts(process(numbers(1), both(), done.collector()), 1);
  EXPECT_EQ(done[0].result.value(), 1);
}

TEST(work_forms, each_form_of_the_item_may_have_a_context) {
  gathered<int, std::uint64_t> done;
  expect_counts(
      process(numbers(5), [](int&, context& c) { return c.index(); }, done.collector()), 5);
  expect_counts(
      process(numbers(5), [](const int&, context& c) { return c.index(); }, done.collector()), 5);
  expect_counts(
      process(numbers(5), [](int, context& c) { return c.index(); }, done.collector()), 5);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), one.index);
}

TEST(work_forms, generic_lambdas_work) {
  gathered<int, int> done;
  expect_counts(process(numbers(3), [](auto item) { return item; }, done.collector()), 3);
  expect_counts(process(numbers(3), [](auto& item) { return item; }, done.collector()), 3);
  expect_counts(
      process(numbers(3), [](auto& item, context&) { return item; }, done.collector()), 3);
}

TEST(work_forms, type_erased_work_and_plain_functions_work) {
  gathered<int, int> done;
  const std::function<int(int)> copyable = [](int item) { return -item; };
  expect_counts(process(numbers(3), copyable, done.collector()), 3);
  std::move_only_function<int(int) const> move_only = [](int item) { return -item; };
  expect_counts(process(numbers(3), std::move(move_only), done.collector()), 3);
  int (*plain)(int) = [](int item) { return -item; };
  expect_counts(process(numbers(3), plain, done.collector()), 3);
}

TEST(work_forms, a_member_function_works_as_any_callable) {
  struct task {
    int value;
    int doubled() const { return 2 * value; }
  };
  gathered<task, int> done;
  const std::vector<task> tasks{{1}, {2}};
  expect_counts(process(tasks, &task::doubled, done.collector()), 2);
  EXPECT_EQ(done.at_index(1).result.value(), 4);
}

// What it returns

TEST(work_forms, the_result_type_is_decayed) {
  static const std::string word = "word";
  expect_result_type<std::string>([](int) -> const std::string& { return word; });
}

TEST(work_forms, void_work_makes_a_completion_without_a_value) {
  expect_result_type<void>([](int) {});
  expect_result_type<void>([](int) -> expected<void, std::string> { return {}; });
}

TEST(work_forms, an_expected_gives_its_value_type) {
  expect_result_type<int>([](int) -> expected<int, failure> { return 1; });
  expect_result_type<std::string>(
      [](int) -> expected<std::string, std::error_code> { return "a"; });
}

TEST(work_forms, results_may_be_move_only_and_without_a_default) {
  struct owned {
    explicit owned(int v) : value(std::make_unique<int>(v)) {}
    std::unique_ptr<int> value;
  };
  gathered<int, owned> done;
  expect_counts(process(numbers(5), [](int item) { return owned(item); }, done.collector()), 5);
  for (const auto& one : done) EXPECT_EQ(*one.result.value().value, one.item);
  int sum = 0;
  expect_counts(process(
                    numbers(5), [](int item) { return owned(item); },
                    [&](owned result) { sum += *result.value; }),
                5);
  EXPECT_EQ(sum, 10);
}

TEST_F(work_forms_leak, results_are_destroyed) {
  expect_counts(process(numbers(100), [](int item) { return counted(item); }, [](counted) {}), 100);
}

// What counts as a failure

/// Runs `work` on one item and hands back its failure.
template <class Result>
failure failure_of(auto&& work) {
  std::optional<failure> seen;
  const auto run = process(numbers(1), work, [&](completion<int, Result> done) {
    EXPECT_EQ(done.item, 0);
    EXPECT_EQ(done.attempts, 1u);
    EXPECT_FALSE(done.result.has_value());
    if (!done.result) seen = done.result.error();
  });
  expect_counts(run, 0, 1);
  EXPECT_TRUE(seen && run.first_failure);
  EXPECT_EQ(run.first_failure->message(), seen->message());
  return *seen;
}

TEST(work_forms, an_exception_fails_its_item_and_keeps_the_exception) {
  const failure seen = failure_of<int>([](int) -> int { throw std::out_of_range("too far"); });
  EXPECT_EQ(seen.kind(), failure_kind::exception);
  EXPECT_EQ(seen.message(), "too far");
  EXPECT_THROW(std::rethrow_exception(seen.exception()), std::out_of_range);
}

TEST(work_forms, an_exception_may_be_of_any_type) {
  const failure seen = failure_of<void>([](int) { throw 42; });
  EXPECT_EQ(seen.kind(), failure_kind::exception);
  EXPECT_THROW(std::rethrow_exception(seen.exception()), int);
}

TEST(work_forms, an_unexpected_failure_arrives_as_it_is) {
  const failure seen = failure_of<int>([](int) -> expected<int, failure> {
    return std::unexpected(failure(failure_kind::timeout, "peer is silent"));
  });
  EXPECT_EQ(seen.kind(), failure_kind::timeout);
  EXPECT_EQ(seen.message(), "peer is silent");
}

TEST(work_forms, an_unexpected_error_code_is_an_error_with_its_message) {
  const auto code = std::make_error_code(std::errc::permission_denied);
  const failure seen = failure_of<void>(
      [&](int) -> expected<void, std::error_code> { return std::unexpected(code); });
  EXPECT_EQ(seen.kind(), failure_kind::error);
  EXPECT_EQ(seen.code(), code);
  EXPECT_EQ(seen.message(), code.message());
  EXPECT_EQ(seen.exception(), nullptr);
}

TEST(work_forms, an_unexpected_exception_pointer_counts_as_the_exception) {
  const failure seen = failure_of<int>([](int) -> expected<int, std::exception_ptr> {
    return std::unexpected(std::make_exception_ptr(std::range_error("beyond")));
  });
  EXPECT_EQ(seen.kind(), failure_kind::exception);
  EXPECT_EQ(seen.message(), "beyond");
  EXPECT_THROW(std::rethrow_exception(seen.exception()), std::range_error);
}

TEST(work_forms, an_unexpected_string_is_an_error_with_that_message) {
  const failure from_string =
      failure_of<int>([](int) -> expected<int, std::string> { return std::unexpected("no luck"); });
  EXPECT_EQ(from_string.kind(), failure_kind::error);
  EXPECT_EQ(from_string.message(), "no luck");
  EXPECT_FALSE(from_string.code());
  const failure from_literal =
      failure_of<void>([](int) -> expected<void, const char*> { return std::unexpected("none"); });
  EXPECT_EQ(from_literal.message(), "none");
}

TEST(work_forms, an_expected_failure_may_come_with_a_context) {
  const failure seen = failure_of<int>([](int&, context& ctx) -> expected<int, std::string> {
    return std::unexpected(std::to_string(ctx.attempt()));
  });
  EXPECT_EQ(seen.message(), "1");
}

TEST(work_forms, a_failure_does_not_keep_other_items_from_succeeding) {
  gathered<int, int> done;
  const auto run = process(
      numbers(100),
      [](int item) -> expected<int, std::string> {
        if (item % 3 == 0) return std::unexpected("by three");
        return item;
      },
      done.collector());
  expect_counts(run, 66, 34);
  EXPECT_FALSE(run.stopped);
  for (const auto& one : done) EXPECT_EQ(one.result.has_value(), one.item % 3 != 0);
}

}  // namespace
