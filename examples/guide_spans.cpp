// guide_spans: asynchronous work on spans, of docs/guide.md, each run and checked.
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <functional>
#include <iostream>
#include <mutex>
#include <numeric>
#include <optional>
#include <parwork/parwork.hpp>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/expect.hpp"

namespace {

using examples::expect;
using parwork::failure;
using parwork::failure_kind;

struct connection_lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Stands for a server on another machine: it takes whole messages of numbers and answers each with
/// as many, on a thread of its own. Negative numbers it refuses.
class server {
 public:
  using answer = std::expected<std::uint64_t, failure>;
  using receiver = std::move_only_function<void(std::vector<answer>)>;

  server() : thread_([this](const std::stop_token& stop) { serve(stop); }) {}

  /// Returns at once. `receive` is called with the answers later, on the server's thread.
  void send(std::vector<long> numbers, receiver receive) {
    const std::lock_guard lock(mutex_);
    messages_.emplace_back(std::move(numbers), std::move(receive));
    arrived_.notify_one();
  }

 private:
  using message = std::pair<std::vector<long>, receiver>;

  static std::vector<answer> answers_to(const std::vector<long>& numbers) {
    std::vector<answer> answers;
    for (const long number : numbers) {
      if (number < 0) {
        answers.emplace_back(std::unexpect, failure_kind::error, "is negative");
      } else {
        answers.emplace_back(static_cast<std::uint64_t>(number * number));
      }
    }
    return answers;
  }

  void serve(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (arrived_.wait(lock, stop, [this] { return !messages_.empty(); })) {
      std::vector<message> some;
      some.swap(messages_);
      lock.unlock();
      for (auto& [numbers, receive] : some) receive(answers_to(numbers));
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<message> messages_;
  std::jthread thread_;  // last: it uses the others
};

void asynchronous_spans() {
  server remote;
  std::vector<long> numbers;
  for (long i = -10; i < 10'000; ++i) numbers.push_back(i);
  std::uint64_t sum = 0, refused = 0;
  // [asynchronous_spans]
  const auto ask = [&](std::span<long> items, parwork::batch_completer<std::uint64_t> done) {
    // One message for all items of the span. This call returns at once.
    remote.send({items.begin(), items.end()},
                [done = std::move(done)](std::vector<server::answer> answers) mutable {
                  done.finish(std::move(answers));  // one for each item, in their order
                });
  };
  const auto collector = [&](const parwork::completion<long, std::uint64_t>& one) {
    if (one.result) {
      sum += *one.result;
    } else {
      ++refused;
    }
  };
  const parwork::summary summary =
      parwork::process(numbers, parwork::batched(ask, 256), collector,
                       {.workers = 1, .queue = 20'000, .retry = {.max_attempts = 2}});
  // [/asynchronous_spans]
  expect(summary.succeeded == 10'000 && refused == 10 && summary.retries == 10);
  expect(sum == 333'283'335'000);
}

void asked_lengths() {
  server remote;
  std::atomic<std::size_t> round_trips{0};
  const auto ask = [&](std::span<long> items, parwork::batch_completer<std::uint64_t> done) {
    remote.send({items.begin(), items.end()},
                [&, done = std::move(done)](std::vector<server::answer> answers) mutable {
                  ++round_trips;
                  done.finish(std::move(answers));
                });
  };
  // [asked_lengths]
  // Short messages as long as nobody knows how long an answer takes.
  const auto longest = [&]() -> std::size_t { return round_trips == 0 ? 1 : 500; };
  const auto work = parwork::batched(ask, longest);
  // [/asked_lengths]
  std::uint64_t answers = 0;
  const parwork::summary summary = parwork::process(
      std::vector<long>(5'000, 3), work, [&](std::uint64_t) { ++answers; }, {.queue = 2'000});
  expect(summary.succeeded == 5'000 && answers == 5'000 && round_trips >= 10);
}

void ended_run() {
  // [end_run]
  const auto ask = [](std::span<long> items, parwork::batch_completer<std::uint64_t> done) {
    if (items.front() == 3'000) {  // this is no failure of these items: no other will get through
      done.end_run(std::make_exception_ptr(connection_lost("the server is gone")));
      return;
    }
    done.succeed(std::vector<std::uint64_t>(items.size()));
  };
  std::string reason;
  try {
    std::vector<long> numbers(10'000);
    std::iota(numbers.begin(), numbers.end(), 0);
    parwork::process(numbers, parwork::batched(ask, 1), [](std::uint64_t) {});
  } catch (const connection_lost& error) {
    reason = error.what();
  }
  // [/end_run]
  expect(reason == "the server is gone");
}

}  // namespace

int main() {
  try {
    asynchronous_spans();
    asked_lengths();
    ended_run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
