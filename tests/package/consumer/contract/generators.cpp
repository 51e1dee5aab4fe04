// What yields items.
#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

// Runs a generator of things that read as numbers and returns the sum of what it yielded.
template <class Generator, class Value>
long sum_of(Generator&& generator, Value value) {
  long sum = 0;
  const auto summary = parwork::process(std::forward<Generator>(generator), value,
                                        [&](long result) { sum += result; }, {.workers = 2});
  expect(summary.produced == summary.succeeded);
  return sum;
}

void callables() {
  int next = 0;
  auto optionals = [&]() -> std::optional<int> {
    return ++next <= 3 ? std::optional(next) : std::nullopt;
  };
  expect(sum_of(optionals, [](int item) -> long { return item; }) == 6);

  next = 0;
  auto owned = [&]() -> std::unique_ptr<int> {
    return ++next <= 3 ? std::make_unique<int>(next) : nullptr;
  };
  expect(sum_of(owned, [](std::unique_ptr<int>& item) -> long { return *item; }) == 6);

  next = 0;
  auto shared = [&]() -> std::shared_ptr<int> {
    return ++next <= 3 ? std::make_shared<int>(next) : nullptr;
  };
  expect(sum_of(shared, [](const std::shared_ptr<int>& item) -> long { return *item; }) == 6);

  int values[] = {1, 2, 3};
  next = 0;
  auto pointers = [&]() -> int* { return next < 3 ? &values[next++] : nullptr; };
  expect(sum_of(pointers, [](int* item) -> long { return *item; }) == 6);
}

// The item of a pointer-like generator is the pointer itself.
void pointers_as_items() {
  bool more = true;
  const auto summary = parwork::process(
      [&]() -> std::unique_ptr<int> {
        return std::exchange(more, false) ? std::make_unique<int>(7) : nullptr;
      },
      [](const std::unique_ptr<int>& item) { return *item + 1; },
      [](parwork::completion<std::unique_ptr<int>, int> done) {
        expect(*done.item == 7 && done.result == 8);
      });
  expect(summary.succeeded == 1);
}

void ranges() {
  auto number = [](int item) -> long { return item; };
  std::vector<int> items{1, 2, 3};
  const std::vector<int>& constant = items;
  expect(sum_of(items, number) == 6);
  expect(sum_of(constant, number) == 6);
  expect(sum_of(std::vector<int>{1, 2, 3}, number) == 6);
  expect(sum_of(std::list<int>{1, 2, 3}, number) == 6);
  expect(sum_of(std::views::iota(1, 4), number) == 6);
  expect(sum_of(items | std::views::filter([](int item) { return item != 2; }), number) == 4);

  std::istringstream text("1 2 3");
  expect(sum_of(std::views::istream<int>(text), number) == 6);
}

// Elements are moved out of an rvalue range that owns them, and of nothing else.
void ownership() {
  auto length = [](const std::string& item) -> long { return static_cast<long>(item.size()); };
  std::vector<std::string> words{"one", "three", "seven"};
  expect(sum_of(words, length) == 13);
  expect(sum_of(words | std::views::take(2), length) == 8);
  expect(words == std::vector<std::string>{"one", "three", "seven"});
  expect(sum_of(std::move(words), length) == 13);

  std::vector<std::unique_ptr<int>> owned;
  owned.push_back(std::make_unique<int>(5));
  expect(sum_of(std::move(owned), [](std::unique_ptr<int>& item) -> long { return *item; }) == 5);
}

// A coroutine generator as one writes it by hand: single pass, move-only, no view.
class numbers {
 public:
  struct promise_type {
    int current = 0;
    numbers get_return_object() { return numbers(handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int value) noexcept {
      current = value;
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  using handle = std::coroutine_handle<promise_type>;

  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    handle at;
    int operator*() const { return at.promise().current; }
    iterator& operator++() {
      at.resume();
      return *this;
    }
    void operator++(int) { at.resume(); }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return it.at.done(); }
  };

  explicit numbers(handle at) : at_(at) {}
  numbers(numbers&& other) noexcept : at_(std::exchange(other.at_, {})) {}
  ~numbers() {
    if (at_) at_.destroy();
  }
  iterator begin() {
    at_.resume();
    return iterator{at_};
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  handle at_;
};

numbers up_to(int last) {
  for (int number = 1; number <= last; ++number) co_yield number;
}

void coroutines() {
  auto number = [](int item) -> long { return item; };
  expect(sum_of(up_to(4), number) == 10);
  auto kept = up_to(4);
  expect(sum_of(kept, number) == 10);
}

void splits() {
  auto number = [](int item) -> long { return item; };
  std::vector<int> items{1, 2, 3};
  expect(sum_of(parwork::split(items), number) == 6);
  expect(sum_of(parwork::split(std::views::iota(1, 4)), number) == 6);

  std::vector<int> collected;
  const auto summary = parwork::process(
      parwork::split(items), [](int item) { return item; },
      [&](int result) { collected.push_back(result); }, {.order = parwork::ordering::input});
  expect(summary.succeeded == 3 && collected == items);
}

}  // namespace

void generators() {
  callables();
  pointers_as_items();
  ranges();
  ownership();
  coroutines();
  splits();
}

}  // namespace contract
