// Work that returns at once and is finished later.
#include <chrono>
#include <exception>
#include <expected>
#include <mutex>
#include <optional>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

static_assert(!std::is_copy_constructible_v<parwork::completer<int>>);
static_assert(std::is_nothrow_move_constructible_v<parwork::completer<int>>);

const std::vector<int> items{1, 2, 3};

template <class Result, class Work>
std::vector<std::expected<Result, parwork::failure>> outcomes(Work work) {
  std::vector<std::expected<Result, parwork::failure>> seen;
  const auto summary = parwork::process(
      items, work, [&](parwork::completion<int, Result> done) { seen.push_back(done.result); },
      {.workers = 2, .order = parwork::ordering::input});
  expect(summary.produced == items.size() && seen.size() == items.size());
  return seen;
}

void finished_from_elsewhere() {
  std::mutex mutex;
  std::vector<std::jthread> threads;
  const auto seen = outcomes<int>([&](int item, parwork::completer<int> completer) {
    const std::lock_guard lock(mutex);
    threads.emplace_back(
        [item, completer = std::move(completer)]() mutable { completer.succeed(item * 10); });
  });
  expect(seen[0] == 10 && seen[1] == 20 && seen[2] == 30);
}

void finished_at_once() {
  expect(outcomes<void>([](int, parwork::completer<void> completer) { completer.succeed(); })[0]
             .has_value());
  const auto failed = outcomes<int>([](int& item, parwork::completer<int> completer) {
    completer.fail(parwork::failure(parwork::failure_kind::error, "item " + std::to_string(item)));
  });
  expect(failed[2].error().message() == "item 3");
}

void unused() {
  const auto seen = outcomes<int>([](const int&, parwork::completer<int>) {});
  expect(seen[0].error().kind() == parwork::failure_kind::abandoned);
  const auto thrown = outcomes<int>(
      [](int, parwork::completer<int>) { throw std::runtime_error("before it was used"); });
  expect(thrown[0].error().message() == "before it was used");
}

void what_it_knows() {
  const auto seen = outcomes<bool>([](int item, parwork::completer<bool> completer) {
    const std::uint64_t index = completer.index();
    const unsigned attempt = completer.attempt();
    const std::optional<std::chrono::steady_clock::time_point> deadline = completer.deadline();
    const std::stop_token token = completer.stop_token();
    completer.succeed(index + 1 == static_cast<std::uint64_t>(item) && attempt == 1 && !deadline &&
                      !token.stop_requested());
  });
  expect(seen[0] == true && seen[1] == true && seen[2] == true);
}

}  // namespace

void asynchronous_works() {
  finished_from_elsewhere();
  finished_at_once();
  unused();
  what_it_knows();
}

}  // namespace contract
