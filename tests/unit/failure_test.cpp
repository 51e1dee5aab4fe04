#include "parwork/failure.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"

namespace {

using parwork::failure;
using parwork::failure_kind;

template <class Thrown>
std::exception_ptr captured(Thrown thrown) {
  return std::make_exception_ptr(std::move(thrown));
}

std::string written(const auto& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(failure, is_one_pointer_wide) { EXPECT_EQ(sizeof(failure), sizeof(void*)); }

TEST(failure, copies_and_moves_without_throwing) {
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<failure>);
  EXPECT_TRUE(std::is_nothrow_copy_assignable_v<failure>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<failure>);
  EXPECT_TRUE(std::is_nothrow_move_assignable_v<failure>);
  EXPECT_FALSE(std::is_default_constructible_v<failure>);
}

TEST(failure, made_from_kind_and_message_has_neither_exception_nor_code) {
  const failure made(failure_kind::timeout, "took too long");
  EXPECT_EQ(made.kind(), failure_kind::timeout);
  EXPECT_EQ(made.message(), "took too long");
  EXPECT_EQ(made.exception(), nullptr);
  EXPECT_EQ(made.code(), std::error_code{});
}

TEST(failure, made_from_an_exception_has_its_what_and_gives_it_back) {
  const failure made(captured(std::out_of_range("row 7")));
  EXPECT_EQ(made.kind(), failure_kind::exception);
  EXPECT_EQ(made.message(), "row 7");
  EXPECT_THROW(std::rethrow_exception(made.exception()), std::out_of_range);
}

TEST(failure, made_from_a_foreign_exception_names_its_type) {
  EXPECT_EQ(failure(captured(42)).message(),
            "an exception of type int, which does not derive from std::exception");
}

TEST(failure, made_from_a_null_exception_is_refused) {
  EXPECT_THROW(failure{std::exception_ptr()}, std::invalid_argument);
}

TEST(failure, made_from_a_code_has_its_message) {
  const std::error_code code = std::make_error_code(std::errc::permission_denied);
  const failure made(code);
  EXPECT_EQ(made.kind(), failure_kind::error);
  EXPECT_EQ(made.message(), code.message());
  EXPECT_EQ(made.code(), code);
  EXPECT_EQ(made.exception(), nullptr);
}

TEST(failure, a_copy_shares_the_message) {
  const failure original(failure_kind::error, "disk full");
  const failure copy = original;
  EXPECT_EQ(&copy.message(), &original.message());
}

TEST(failure, a_copy_outlives_its_original) {
  std::vector<failure> copies;
  {
    const failure original(captured(std::runtime_error("gone")));
    copies.push_back(original);
  }
  EXPECT_EQ(copies.front().message(), "gone");
  EXPECT_THROW(std::rethrow_exception(copies.front().exception()), std::runtime_error);
}

TEST(failure, a_moved_from_one_can_be_assigned_and_destroyed) {
  failure source(failure_kind::error, "first");
  failure target = std::move(source);
  source = failure(failure_kind::error, "second");
  EXPECT_EQ(target.message(), "first");
  EXPECT_EQ(source.message(), "second");
  failure left_empty = std::move(source);
  source = target;
  EXPECT_EQ(source.message(), "first");
  const failure last = std::move(left_empty);
  EXPECT_EQ(last.message(), "second");
}

TEST(failure, assigning_to_itself_changes_nothing) {
  failure value(failure_kind::error, "kept");
  failure& same = value;
  value = same;
  EXPECT_EQ(value.message(), "kept");
  value = std::move(same);
  EXPECT_EQ(value.message(), "kept");
}

TEST(failure, swaps) {
  failure left(failure_kind::error, "left");
  failure right(failure_kind::timeout, "right");
  swap(left, right);
  EXPECT_EQ(left.message(), "right");
  EXPECT_EQ(right.message(), "left");
}

TEST(failure, is_copied_and_dropped_by_many_threads_at_once) {
  const failure shared(captured(std::runtime_error("shared")));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([shared] {
      for (int round = 0; round < 10'000; ++round) {
        failure copy = shared;
        const failure moved = std::move(copy);
        if (moved.message() != "shared") std::abort();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(shared.message(), "shared");
}

TEST(failure, is_written_as_its_message) {
  EXPECT_EQ(written(failure(failure_kind::timeout, "too late")), "too late");
  EXPECT_EQ(written(failure(failure_kind::timeout, "")), "timeout");
}

TEST(failure_kind, is_written_as_its_name) {
  EXPECT_EQ(written(failure_kind::exception), "exception");
  EXPECT_EQ(written(failure_kind::error), "error");
  EXPECT_EQ(written(failure_kind::timeout), "timeout");
  EXPECT_EQ(written(failure_kind::cancelled), "cancelled");
  EXPECT_EQ(written(failure_kind::abandoned), "abandoned");
}

TEST(cancelled_failure, is_one_shared_body) {
  const failure first = parwork::detail::standing().cancelled;
  const failure second = parwork::detail::standing().cancelled;
  EXPECT_EQ(first.kind(), failure_kind::cancelled);
  EXPECT_EQ(first.message(), "cancelled: the run was stopped before this item started");
  EXPECT_EQ(&first.message(), &second.message());
}

TEST(item_failed, names_index_and_message) {
  const parwork::item_failed thrown(7, failure(failure_kind::error, "no such host"));
  EXPECT_STREQ(thrown.what(), "item 7 failed: no such host");
  EXPECT_EQ(thrown.index(), 7u);
  EXPECT_EQ(thrown.failure().kind(), failure_kind::error);
}

TEST(item_failed, can_be_caught_as_a_runtime_error) {
  EXPECT_THROW(throw parwork::item_failed(0, parwork::detail::standing().cancelled),
               std::runtime_error);
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<parwork::item_failed>);
}

class without_words : public std::exception {
 public:
  const char* what() const noexcept override { return nullptr; }
};

TEST(failure, an_exception_whose_what_is_null_is_named_by_its_type) {
  const failure why(std::make_exception_ptr(without_words()));
  EXPECT_TRUE(why.message().contains("without_words")) << why.message();
  EXPECT_TRUE(why.message().contains("null")) << why.message();
}

TEST(failure, work_may_throw_an_exception_whose_what_is_null) {
  std::string said;
  const auto run = parwork::process(
      std::vector{1}, [](int) { throw without_words(); },
      [&](parwork::completion<int, void> done) { said = done.result.error().message(); });
  EXPECT_EQ(run.failed, 1U);
  EXPECT_TRUE(said.contains("without_words")) << said;
}

}  // namespace
