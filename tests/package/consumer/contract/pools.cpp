// Threads that last over many runs.
#include <atomic>
#include <parwork/parwork.hpp>
#include <thread>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

const std::vector<int> items{1, 2, 3, 4};

int sum_on(parwork::pool& pool) {
  int sum = 0;
  const auto summary = parwork::process(
      items, [](int item) { return item; }, [&](int result) { sum += result; }, {.run_on = &pool});
  expect(summary.succeeded == items.size());
  return sum;
}

void sharing() {
  parwork::pool pool(2);
  expect(pool.size() == 2);
  std::atomic<int> sum = 0;
  {
    std::vector<std::jthread> users;
    for (int user = 0; user < 3; ++user) users.emplace_back([&] { sum += sum_on(pool); });
  }
  expect(sum == 30);
}

void defaults() {
  const unsigned cpus = parwork::available_cpus();
  const parwork::pool pool;
  expect(cpus >= 1 && pool.size() == cpus);
  expect(parwork::default_pool().size() == cpus);
  expect(sum_on(parwork::default_pool()) == 10);
}

void nesting() {
  std::atomic<int> inner = 0;
  const auto summary = parwork::process(
      items,
      [&](int) {
        const auto nested = parwork::process(items, [](int item) { return item; }, [](int) {});
        inner += static_cast<int>(nested.succeeded);
      },
      [] {}, {.workers = 2});
  expect(summary.succeeded == 4 && inner == 16);
}

}  // namespace

void pools() {
  sharing();
  defaults();
  nesting();
}

}  // namespace contract
