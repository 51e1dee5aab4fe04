// What turns an item into a result: how it takes the item, what it returns, states of its own.
#include <cerrno>
#include <exception>
#include <expected>
#include <memory>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

const std::vector<int> items{1, 2, 3, 4};

template <class Work>
long sum_of(Work work) {
  long sum = 0;
  const auto summary =
      parwork::process(items, std::move(work), [&](long result) { sum += result; }, {.workers = 2});
  expect(summary.succeeded == items.size());
  return sum;
}

void parameters() {
  expect(sum_of([](int& item) { return long{item++}; }) == 10);
  expect(sum_of([](const int& item) { return long{item}; }) == 10);
  expect(sum_of([](int item) { return long{item}; }) == 10);
  expect(sum_of([](auto& item) { return long{item}; }) == 10);
  expect(sum_of([](int& item, parwork::context&) { return long{item}; }) == 10);
  expect(sum_of([](const int& item, parwork::context&) { return long{item}; }) == 10);
  expect(sum_of([](int item, parwork::context&) { return long{item}; }) == 10);
}

// An item taken by value is moved in where nobody needs it afterwards.
void moved_items() {
  std::vector<std::unique_ptr<int>> owned;
  owned.push_back(std::make_unique<int>(5));
  int collected = 0;
  const auto summary = parwork::process(
      std::move(owned), [](std::unique_ptr<int> item) { return *item; },
      [&](int result) { collected = result; });
  expect(summary.succeeded == 1 && collected == 5);
}

// What work returned, or how it failed, for the one item 1.
template <class Result, class Work>
std::expected<Result, parwork::failure> outcome(Work work) {
  std::expected<Result, parwork::failure> seen =
      std::unexpected(parwork::failure(parwork::failure_kind::error, ""));
  const auto summary =
      parwork::process(std::vector<int>{1}, std::move(work),
                       [&](parwork::completion<int, Result> done) { seen = done.result; });
  expect(summary.produced == 1);
  return seen;
}

void plain_results() {
  expect(outcome<int>([](int item) { return item; }) == 1);
  expect(outcome<std::string>([](int) -> const std::string& {
           static const std::string text = "decayed";
           return text;
         }) == "decayed");
  expect(outcome<void>([](int) {}).has_value());
  expect(outcome<int>([](int) -> int { throw std::runtime_error("thrown"); }).error().message() ==
         "thrown");
}

template <class Error>
parwork::failure failure_from(Error error) {
  return outcome<int>([=](int) -> std::expected<int, Error> { return std::unexpected(error); })
      .error();
}

void expected_results() {
  using parwork::failure_kind;
  expect(outcome<int>([](int item) -> std::expected<int, parwork::failure> { return item; }) == 1);
  expect(outcome<void>([](int) -> std::expected<void, std::string> { return {}; }).has_value());

  const auto own = failure_from(parwork::failure(failure_kind::error, "own"));
  expect(own.kind() == failure_kind::error && own.message() == "own");
  const auto code = std::make_error_code(std::errc::io_error);
  expect(failure_from(code).code() == code && failure_from(code).kind() == failure_kind::error);
  expect(failure_from(std::string("text")).message() == "text");
  expect(failure_from(static_cast<const char*>("literal")).message() == "literal");

  const auto thrown = failure_from(std::make_exception_ptr(std::runtime_error("kept")));
  expect(thrown.kind() == failure_kind::exception && thrown.message() == "kept" &&
         thrown.exception() != nullptr);
}

void states() {
  auto make_state = [] { return std::string("state"); };
  expect(sum_of(parwork::per_worker(make_state, [](std::string& state, int item) {
           return static_cast<long>(state.size()) + item;
         })) == 30);
  expect(sum_of(parwork::per_worker(make_state,
                                    [](std::string&, int& item, parwork::context& context) {
                                      return static_cast<long>(context.index()) + item;
                                    })) == 16);
  expect(outcome<int>(parwork::per_worker([]() -> int { throw std::runtime_error("no state"); },
                                          [](int&, int item) { return item; }))
             .error()
             .message() == "no state");
}

}  // namespace

void works() {
  parameters();
  moved_items();
  states();
}

void work_results() {
  plain_results();
  expected_results();
}

}  // namespace contract
