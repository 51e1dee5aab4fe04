#include "parwork/work.hpp"

#include <gtest/gtest.h>

#include <any>
#include <cstdint>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parwork/cpus.hpp"

namespace {

using parwork::processor;
using parwork::work;

// Doubles a number; a negative one makes it throw, zero makes it fail with a message.
class doubling : public work {
 public:
  explicit doubling(int number) : number_(number) {}
  void run() override {
    if (number_ < 0) throw std::out_of_range("negative");
    if (number_ == 0) fail("zero");
    result_ = 2 * number_;
  }
  std::any result() const override { return result_; }
  int number() const { return number_; }

 private:
  int number_;
  int result_ = 0;
};

// Shows what a test says, without running.
class showing : public work {
 public:
  explicit showing(std::any result) : result_(std::move(result)) {}
  void run() override {}
  std::any result() const override { return result_; }
  using work::fail;

 private:
  std::any result_;
};

std::string written(const work& item) {
  std::ostringstream out;
  out << item;
  return out.str();
}

parwork::work_generator numbers(int first, int last) {
  return [next = first, last]() mutable -> std::unique_ptr<work> {
    if (next > last) return nullptr;
    return std::make_unique<doubling>(next++);
  };
}

// Holds what a test prints on std::cout.
class captured_output {
 public:
  captured_output() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~captured_output() {
    std::cout.rdbuf(before_);
    std::cout.clear();
  }
  captured_output(const captured_output&) = delete;
  captured_output& operator=(const captured_output&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

TEST(work, has_neither_error_nor_result_at_first) {
  const doubling item(1);
  EXPECT_EQ(item.error(), nullptr);
  class silent : public work {
    void run() override {}
  };
  EXPECT_FALSE(silent().result().has_value());
}

TEST(work, fails_with_a_message) {
  showing item({});
  item.fail("no such host");
  EXPECT_EQ(message_of(item.error()), "no such host");
  EXPECT_THROW(std::rethrow_exception(item.error()), std::runtime_error);
}

TEST(work, fails_with_an_exception) {
  showing item({});
  item.fail(std::make_exception_ptr(std::out_of_range("row 7")));
  EXPECT_THROW(std::rethrow_exception(item.error()), std::out_of_range);
}

TEST(work, is_written_as_one_line) {
  EXPECT_EQ(written(showing({})), "work succeeded");
  EXPECT_EQ(written(showing(42)), "work succeeded: 42");
  EXPECT_EQ(written(showing(std::uint64_t{7})), "work succeeded: 7");
  EXPECT_EQ(written(showing(static_cast<unsigned char>(65))), "work succeeded: 65");
  EXPECT_EQ(written(showing(2.5)), "work succeeded: 2.5");
  EXPECT_EQ(written(showing(true)), "work succeeded: true");
  EXPECT_EQ(written(showing(std::string("two\nlines"))), "work succeeded: two lines");
  EXPECT_EQ(written(showing("literal")), "work succeeded: literal");
  EXPECT_EQ(written(showing(std::vector<int>{})),
            "work succeeded: a result of type std::vector<int, std::allocator<int> >");
  showing failed(42);
  failed.fail("no such\r\nhost");
  EXPECT_EQ(written(failed), "work failed: no such  host");
}

TEST(processor, runs_every_item_and_hands_it_to_the_collector) {
  std::set<int> results;
  const auto run =
      processor(numbers(1, 1'000), {.workers = 2,
                                    .queue = 7,
                                    .collector =
                                        [&](std::unique_ptr<work> item) {
                                          results.insert(std::any_cast<int>(item->result()));
                                        }})
          .process();
  EXPECT_EQ(run.produced, 1'000u);
  EXPECT_EQ(run.succeeded, 1'000u);
  EXPECT_LE(run.peak_in_flight, 7u);
  EXPECT_EQ(run.workers, 2u);
  EXPECT_EQ(results.size(), 1'000u);
  EXPECT_EQ(*results.begin(), 2);
  EXPECT_EQ(*results.rbegin(), 2'000);
}

TEST(processor, counts_failed_items_and_goes_on) {
  std::vector<std::string> errors;
  const auto run = processor(numbers(-2, 2), {.collector =
                                                  [&](std::unique_ptr<work> item) {
                                                    if (item->error()) {
                                                      errors.push_back(message_of(item->error()));
                                                    }
                                                  }})
                       .process();
  EXPECT_EQ(run.succeeded, 2u);
  EXPECT_EQ(run.failed, 3u);
  EXPECT_FALSE(run.stopped);
  EXPECT_EQ(std::multiset<std::string>(errors.begin(), errors.end()),
            (std::multiset<std::string>{"negative", "negative", "zero"}));
}

TEST(processor, prints_every_item_without_a_collector) {
  const captured_output output;
  const auto run = processor(numbers(-1, 1), {.workers = 1}).process();
  EXPECT_EQ(run.produced, 3u);
  std::istringstream printed(output.text());
  std::multiset<std::string> lines;
  for (std::string line; std::getline(printed, line);) lines.insert(line);
  EXPECT_EQ(lines, (std::multiset<std::string>{"work failed: negative", "work failed: zero",
                                               "work succeeded: 2"}));
}

TEST(processor, throws_where_standard_output_cannot_be_written) {
  const captured_output output;
  std::cout.setstate(std::ios::badbit);
  processor printing(numbers(1, 3));
  EXPECT_THROW(printing.process(), std::ios_base::failure);
}

TEST(processor, has_a_worker_per_cpu_unless_told_otherwise) {
  const auto run = processor(numbers(1, 1), {.collector = [](std::unique_ptr<work>) {}}).process();
  EXPECT_EQ(run.workers, parwork::available_cpus());
}

TEST(processor, refuses_a_null_generator) {
  EXPECT_THROW(processor{parwork::work_generator()}, std::invalid_argument);
}

TEST(processor, refuses_options_out_of_range_before_the_generator_is_called) {
  bool called = false;
  processor too_many(
      [&]() -> std::unique_ptr<work> {
        called = true;
        return nullptr;
      },
      {.workers = 5'000});
  EXPECT_THROW(too_many.process(), std::invalid_argument);
  EXPECT_FALSE(called);
}

TEST(processor, passes_on_what_the_generator_throws_after_collecting_what_it_yielded) {
  int collected = 0;
  processor broken(
      [next = 1]() mutable -> std::unique_ptr<work> {
        if (next > 10) throw std::runtime_error("broken");
        return std::make_unique<doubling>(next++);
      },
      {.collector = [&](std::unique_ptr<work>) { ++collected; }});
  EXPECT_THROW(broken.process(), std::runtime_error);
  EXPECT_EQ(collected, 10);
  EXPECT_EQ(broken.process().produced, 0u);
}

TEST(processor, passes_on_what_the_collector_throws_and_can_go_on) {
  int collected = 0;
  processor once_broken(numbers(1, 100),
                        {.workers = 1, .queue = 1, .collector = [&](std::unique_ptr<work>) {
                           if (++collected == 10) throw std::runtime_error("full");
                         }});
  EXPECT_THROW(once_broken.process(), std::runtime_error);
  EXPECT_EQ(collected, 10);
  EXPECT_GT(once_broken.process().produced, 0u);
  EXPECT_LE(collected, 100);
}

TEST(processor, does_nothing_when_called_again_after_the_end) {
  int calls_after_end = 0;
  processor twice(
      [&, left = 3]() mutable -> std::unique_ptr<work> {
        if (left == 0) {
          ++calls_after_end;
          return nullptr;
        }
        return std::make_unique<doubling>(left--);
      },
      {.collector = [](std::unique_ptr<work>) {}});
  EXPECT_EQ(twice.process().produced, 3u);
  EXPECT_EQ(twice.process().produced, 0u);
  EXPECT_EQ(calls_after_end, 1);
}

}  // namespace
