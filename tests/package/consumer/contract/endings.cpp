// How a run ends: by itself, by a stop, by a failure, by an exception; retries and timeouts.
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

using namespace std::chrono_literals;

const std::vector<int> items{1, 2, 3, 4, 5, 6, 7, 8};

void stopped_by_token() {
  std::stop_source stop;
  std::uint64_t collected = 0;
  const auto summary = parwork::process(
      items,
      [&](int item) {
        stop.request_stop();
        return item;
      },
      [&](parwork::completion<int, int> done) {
        ++collected;
        expect(done.result.has_value() ||
               done.result.error().kind() == parwork::failure_kind::cancelled);
      },
      {.workers = 2, .stop = stop.get_token()});
  expect(summary.stopped && summary.succeeded >= 1 && collected == summary.produced);
  expect(summary.produced == summary.succeeded + summary.failed + summary.cancelled);
}

void stopped_by_failure() {
  std::uint64_t successes = 0;
  const auto summary = parwork::process(
      items,
      [](int item) -> std::expected<int, std::string> {
        if (item == 3) return std::unexpected("three");
        return item;
      },
      [&](parwork::completion<int, int> done) { successes += done.result.has_value() ? 1 : 0; },
      {.workers = 2,
       .order = parwork::ordering::input,
       .on_failure = parwork::failure_policy::stop});
  expect(summary.stopped && successes == 2 && summary.succeeded == 2);
  expect(summary.first_failure.has_value() && summary.first_failure->message() == "three");
}

template <class Run>
std::string message_of(Run run) {
  try {
    static_cast<void>(run());
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void stopped_by_exceptions() {
  auto work = [](int item) { return item; };
  expect(message_of([&] {
           return parwork::process(
               []() -> std::optional<int> { throw std::runtime_error("generator"); }, work,
               [](int) {});
         }) == "generator");
  expect(message_of([&] {
           return parwork::process(items, work, [](int) { throw std::runtime_error("collector"); });
         }) == "collector");
}

void retried() {
  const auto summary = parwork::process(
      items,
      [](int item, parwork::context& context) {
        if (context.attempt() < 3) throw std::runtime_error("again");
        return item;
      },
      [](parwork::completion<int, int> done) { expect(done.attempts == 3); },
      {.workers = 2, .retry = {.max_attempts = 3, .backoff = 1us}});
  expect(summary.succeeded == items.size() && summary.retries == 2 * items.size());
}

void timed_out() {
  const std::vector<int> one{1};
  const auto summary = parwork::process(
      one,
      [](int item, parwork::context& context) {
        while (!context.stop_token().stop_requested()) std::this_thread::yield();
        return item;
      },
      [](parwork::completion<int, int> done) {
        expect(done.result.error().kind() == parwork::failure_kind::timeout);
      },
      {.timeout = 1ms});
  expect(summary.failed == 1);
}

}  // namespace

void endings() {
  stopped_by_token();
  stopped_by_failure();
  stopped_by_exceptions();
  retried();
  timed_out();
}

}  // namespace contract
