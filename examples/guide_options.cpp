// guide_options: each option of docs/guide.md, pools, the summary and what a run throws, each run
// and checked.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "common/expect.hpp"

namespace {

using examples::expect;
using namespace std::chrono_literals;

void input_order() {
  std::ostringstream out;
  // [order]
  const auto line = [](int number) { return std::to_string(number) + '\n'; };
  const parwork::summary summary =
      parwork::process(std::views::iota(1, 4), line, [&](const std::string& text) { out << text; },
                       {.order = parwork::ordering::input});
  // [/order]
  expect(summary.succeeded == 3 && out.str() == "1\n2\n3\n");
}

void recorded() {
  std::ostringstream log;
  // [record]
  parwork::recorder recorder;
  const parwork::summary summary = parwork::process(
      std::views::iota(0, 1000), [](int number) { return number % 7; }, [](int) {},
      {.record = &recorder});
  log << recorder.verdict() << '\n';
  // [/record]
  expect(summary.succeeded == 1000 && log.str().size() > 20);
}

void recorded_by_hand() {
  struct answer {
    std::string url;
    std::chrono::milliseconds begin, took;
    bool arrived;
  };
  const std::vector<answer> answers{{"/index", 0ms, 40ms, true}, {"/missing", 40ms, 10ms, false}};
  // [manual_run]
  parwork::recorder recorder({.title = "requests"});
  recorder.begin({.workers = 1, .item = "request", .lane = "connection"});
  parwork::summary counts{.wall = 50ms};
  for (const answer& each : answers) {
    recorder.add(
        {.lane = 1,
         .index = counts.produced++,
         .name = each.url,
         .start = each.begin,
         .duration = each.took,
         .end = each.arrived ? parwork::attempt_end::succeeded : parwork::attempt_end::failed,
         .why = parwork::failure(parwork::failure_kind::error, "404")});
    ++(each.arrived ? counts.succeeded : counts.failed);
  }
  const parwork::summary shown = recorder.finish(counts);
  // [/manual_run]
  expect(shown.produced == 2 && shown.work_share > 0.99);
  expect(recorder.verdict().find("connection") != std::string::npos);
}

void stop_on_failure() {
  // [on_failure]
  const auto work = [](int number) -> std::expected<int, std::string> {
    if (number == 500) return std::unexpected("500 is not for sale");
    return number;
  };
  std::optional<std::uint64_t> first_bad;
  const auto collector = [&](const parwork::completion<int, int>& done) {
    if (!done.result && done.attempts > 0) first_bad = done.index;
  };
  const parwork::summary summary = parwork::process(std::views::iota(0, 1'000'000), work, collector,
                                                    {.on_failure = parwork::failure_policy::stop});
  // [/on_failure]
  expect(summary.stopped && summary.failed == 1 && first_bad == 500);
  expect(summary.produced < 1'000'000);
}

void retries() {
  // [retry]
  const auto fetch = [](int page,
                        parwork::context& context) -> std::expected<int, std::error_code> {
    if (context.attempt() < 3) return std::unexpected(std::make_error_code(std::errc::timed_out));
    return page;
  };
  unsigned attempts = 0;
  const auto collector = [&](const parwork::completion<int, int>& done) {
    attempts += done.attempts;
  };
  const parwork::summary summary = parwork::process(
      std::views::iota(0, 10), fetch, collector,
      {.retry = {.max_attempts = 5, .backoff = 1ms, .retry_if = [](const parwork::failure& why) {
                   return why.code() == std::errc::timed_out;
                 }}});
  // [/retry]
  expect(summary.succeeded == 10 && summary.retries == 20 && attempts == 30);
}

void timeouts() {
  std::optional<parwork::failure_kind> kind;
  // [timeout]
  const auto wait_for_answer = [](int, parwork::context& context) {
    std::mutex mutex;
    std::condition_variable_any answered;
    std::unique_lock lock(mutex);
    // The token ends this wait when the deadline passes.
    answered.wait(lock, context.stop_token(), [] { return false; });
  };
  const auto collector = [&](const parwork::completion<int, void>& done) {
    if (!done.result) kind = done.result.error().kind();  // failure_kind::timeout
  };
  const parwork::summary summary =
      parwork::process(std::vector<int>{1}, wait_for_answer, collector, {.timeout = 5ms});
  // [/timeout]
  expect(summary.failed == 1 && kind == parwork::failure_kind::timeout);
}

void stopping() {
  // [stop]
  std::stop_source stop;
  std::optional<int> found;
  const auto work = [](int number) { return number * number; };
  const auto collector = [&](const parwork::completion<int, int>& done) {
    if (done.result != 1'000'000) return;
    found = done.item;
    stop.request_stop();
  };
  const parwork::summary summary =
      parwork::process(std::views::iota(0, 46'000), work, collector, {.stop = stop.get_token()});
  // [/stop]
  expect(found == 1000 && summary.stopped);
  expect(summary.produced == summary.succeeded + summary.cancelled);
}

void progress_reports() {
  std::ostringstream out;
  std::uint64_t collected = 0;
  const auto work = [](int number) { return number; };
  // [progress]
  const auto report = [&](const parwork::progress& now) {
    out << now.collected << " of " << now.total.value_or(0) << ", " << now.items_per_second
        << " a second\n";
  };
  int next = 0;
  const auto generator = [&] { return next < 100 ? std::optional(next++) : std::nullopt; };
  const parwork::summary summary =
      parwork::process(generator, work, [&](int) { ++collected; },
                       {.on_progress = report, .progress_every = 1s, .total = 100});
  // [/progress]
  expect(summary.succeeded == 100 && out.str().starts_with("100 of 100"));
}

void progress_on_a_terminal() {
  std::uint64_t collected = 0;
  const auto work = [](int number) { return number; };
  // [progress_bar]
  const parwork::summary summary =
      parwork::process(std::views::iota(0, 1000), work, [&](int) { ++collected; },
                       {.on_progress = parwork::progress_bar(stderr, "counting")});
  // [/progress_bar]
  expect(summary.succeeded == collected);
}

void limits() {
  const auto work = [](int number) { return std::vector<char>(1'000'000 + number); };
  std::size_t bytes = 0;
  const auto collector = [&](const std::vector<char>& block) { bytes += block.size(); };
  // [limits]
  // Four threads, and never more than 32 blocks of a megabyte in memory.
  const parwork::summary summary =
      parwork::process(std::views::iota(0, 100), work, collector, {.workers = 4, .queue = 32});
  // [/limits]
  expect(summary.workers == 4 && summary.peak_in_flight <= 32 && bytes > 100'000'000);
}

void generator_of_its_own() {
  std::istringstream input("a\nbb\n");
  std::size_t letters = 0;
  const auto length = [](const std::string& line) { return line.size(); };
  const auto add = [&](std::size_t count) { letters += count; };
  // [generator_runs_on]
  const parwork::summary summary = parwork::process(
      parwork::lines(input), length, add, {.generator_runs_on = parwork::runs_on::own_thread});
  // [/generator_runs_on]
  expect(summary.produced == 2 && letters == 3);
}

void collector_on_the_caller() {
  const auto work = [](int number) { return number; };
  // [collector_runs_on]
  bool only_here = true;
  const auto caller = std::this_thread::get_id();
  const auto collector = [&](int) { only_here &= std::this_thread::get_id() == caller; };
  const parwork::summary summary = parwork::process(
      std::views::iota(0, 1000), work, collector, {.collector_runs_on = parwork::runs_on::caller});
  // [/collector_runs_on]
  expect(summary.succeeded == 1000 && only_here);
}

void own_pool() {
  const auto work = [](int number) { return number; };
  long sum = 0;
  const auto add = [&](int number) { sum += number; };
  // [pool]
  parwork::pool four(4);
  // One after the other or at once from several threads: the same four threads help them all.
  const parwork::summary first =
      parwork::process(std::views::iota(0, 100), work, add, {.run_on = &four});
  const parwork::summary second =
      parwork::process(std::views::iota(0, 100), work, add, {.run_on = &four});
  // [/pool]
  expect(first.succeeded + second.succeeded == 200 && sum == 9900);
}

void controlled() {
  const auto work = [](int number) { return number; };
  long sum = 0;
  const auto add = [&](int number) { sum += number; };
  // [control]
  parwork::run_control control;
  std::thread elsewhere([&] {  // a signal's thread, a user interface, a scheduler of the cluster
    control.pause();           // started items finish, nothing else is begun
    control.set_workers(2);    // from 1 to max_workers, whatever options.workers says
    control.resume();
  });
  const parwork::summary summary =
      parwork::process(std::views::iota(0, 100), work, add, {.control = &control});
  // [/control]
  elsewhere.join();
  expect(summary.succeeded == 100 && sum == 4950);
}

void named_pool() {
  std::atomic<unsigned> bound{0};
  const auto bind_to_cpu = [&](unsigned) { ++bound; };
  // [pool_options]
  parwork::pool decoders({.workers = 2,
                          .name = "decode",         // decode/0 and decode/1 in a debugger
                          .stack_size = 1UL << 20,  // bytes
                          .on_thread_start = [&](unsigned number) { bind_to_cpu(number); }});
  // [/pool_options]
  expect(decoders.size() == 2 && bound == 2);
}

void nested_runs() {
  const std::vector<std::vector<double>> matrix(20, std::vector<double>(1000, 0.5));
  // [nested]
  const auto sum_of = [](const std::vector<double>& row) {
    auto sum = parwork::reduce(0.0, std::plus<>(), std::plus<>());
    const parwork::summary inner = parwork::process(
        parwork::split(row), [](double cell) { return cell; }, sum);  // on the same threads
    return inner.succeeded == row.size() ? sum.value() : 0.0;
  };
  double total = 0;
  const parwork::summary summary =
      parwork::process(matrix, sum_of, [&](double part) { total += part; });
  // [/nested]
  expect(summary.succeeded == 20 && total == 10'000);
}

void reading_the_summary() {
  const auto work = [](int number) { return number; };
  const auto collector = [](const parwork::completion<int, int>&) {};
  // [summary]
  const parwork::summary summary =
      parwork::process(std::views::iota(0, 1000), work, collector, {.workers = 2});
  std::cout << summary << '\n';

  const bool all_there = summary.produced == summary.succeeded;
  const double seconds = std::chrono::duration<double>(summary.wall).count();
  const bool more_workers_may_help = summary.bound == parwork::bottleneck::work;
  // [/summary]
  expect(all_there && seconds > 0 && (more_workers_may_help || summary.work_share <= 1));
}

void bad_options() {
  const auto work = [](int number) { return number; };
  std::ostringstream log;
  // [invalid]
  try {
    log << parwork::process(std::views::iota(0, 10), work, [](int) {}, {.workers = 5000});
  } catch (const std::invalid_argument& error) {
    log << error.what();  // parwork: options.workers is 5000, it must be at most 4096
  }
  // [/invalid]
  expect(log.str() == "parwork: options.workers is 5000, it must be at most 4096");
}

void throwing_generator() {
  std::ostringstream log;
  // [throwing]
  int next = 0;
  int collected = 0;
  const auto generator = [&]() -> std::optional<int> {
    if (next == 10) throw std::runtime_error("the connection is gone");
    return next++;
  };
  try {
    log << parwork::process(generator, [](int item) { return item; }, [&](int) { ++collected; });
  } catch (const std::runtime_error& error) {
    log << error.what() << " after " << collected << " items";  // 10: those taken are finished
  }
  // [/throwing]
  expect(log.str() == "the connection is gone after 10 items");
}

}  // namespace

int main() {
  try {
    input_order();
    recorded();
    recorded_by_hand();
    stop_on_failure();
    retries();
    timeouts();
    stopping();
    progress_reports();
    progress_on_a_terminal();
    limits();
    generator_of_its_own();
    collector_on_the_caller();
    own_pool();
    named_pool();
    controlled();
    nested_runs();
    reading_the_summary();
    bad_options();
    throwing_generator();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
