// What work is told about its item, and how it adds further ones.
#include <atomic>
#include <chrono>
#include <optional>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

void what_it_knows() {
  const std::vector<int> items{0, 1, 2};
  std::atomic<bool> right = true;
  const auto summary = parwork::process(
      items,
      [&](int item, parwork::context& context) {
        const std::stop_token token = context.stop_token();
        const std::uint64_t index = context.index();
        const unsigned attempt = context.attempt();
        const unsigned worker = context.worker();
        const std::optional<std::chrono::steady_clock::time_point> deadline = context.deadline();
        if (token.stop_requested() || index != static_cast<std::uint64_t>(item) || attempt != 1 ||
            worker >= 2 || !deadline) {
          right = false;
        }
      },
      [] {}, {.workers = 2, .timeout = std::chrono::hours(1)});
  expect(right && summary.succeeded == 3);
}

void spawning() {
  const std::vector<int> roots{3};
  int collected = 0;
  const auto summary = parwork::process(
      roots,
      [](int depth, parwork::context& context) {
        for (int child = 0; depth > 0 && child < 2; ++child) context.spawn(depth - 1);
      },
      [&] { ++collected; }, {.workers = 2});
  expect(collected == 15 && summary.produced == 15);
}

// A child that is no item of the run, and any child under input order, are programmers' errors.
void refused_children() {
  const std::vector<int> roots{1};
  std::atomic<int> refused = 0;
  auto spawn_wrong = [&](int item, parwork::context& context) {
    try {
      if (item == 1) context.spawn(std::string("no int"));
    } catch (const std::logic_error&) {
      ++refused;
    }
  };
  auto spawn_in_order = [&](int item, parwork::context& context) {
    try {
      context.spawn(item);
    } catch (const std::logic_error&) {
      ++refused;
    }
  };
  static_cast<void>(parwork::process(roots, spawn_wrong, [] {}));
  static_cast<void>(
      parwork::process(roots, spawn_in_order, [] {}, {.order = parwork::ordering::input}));
  expect(refused == 2);
}

}  // namespace

void contexts() {
  what_it_knows();
  spawning();
  refused_children();
}

}  // namespace contract
