// A run of jobs whose processes are fakes, for the tests of job_runner.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fake_processes.hpp"
#include "jobs/job_runner.hpp"
#include "parwork/parwork.hpp"

namespace cli_test {

constexpr cli::process_end succeeds{};
constexpr cli::process_end fails{.exit = 1};

struct ended_job {
  std::uint64_t sequence = 0;
  std::optional<cli::outcome> what;  // nothing: it was not started
};

// A run of jobs 1 to `count` by processes that are none.
class runner_test : public testing::Test {
 protected:
  cli::job_runner& runner() { return *runner_; }

  void begin(fake_processes& processes) {
    settings.most_workers = std::max(settings.most_workers, settings.workers);
    if (settings.halt) halt_ = std::make_unique<cli::halt_rule>(*settings.halt);
    runner_ = std::make_unique<cli::job_runner>(
        cli::runner_parts{settings,
                          command_,
                          store_,
                          writer_,
                          live_,
                          1,
                          processes.factory(),
                          {settings.retries, log_, *halt_, nullptr, {}}},
        [this] { stop_.request_stop(); });
  }

  void wait_until_stopping() {
    std::promise<void> stopping;
    const std::stop_callback tell(stop_.get_token(), [&] { stopping.set_value(); });
    stopping.get_future().wait();
  }

  // In the order of their ends.
  std::vector<ended_job> run(std::uint64_t count) {
    std::vector<ended_job> all;
    parwork::options options;
    options.workers = 1;
    options.retry.max_attempts = settings.retries + 1;
    options.retry.backoff = std::chrono::milliseconds(0);
    options.stop = stop_.get_token();
    std::uint64_t sequence = 0;
    static_cast<void>(parwork::process(
        [&]() -> std::optional<cli::job> {
          if (!runner().wait_for_room()) return std::nullopt;
          if (sequence == count) {
            runner().skipped();
            return std::nullopt;
          }
          cli::job next;
          next.sequence = ++sequence;
          next.items = {std::to_string(sequence)};
          return next;
        },
        [&](cli::job& which, parwork::completer<cli::outcome> done) {
          runner().submit(which, std::move(done));
        },
        [&](parwork::completion<cli::job, cli::outcome> done) {
          all.push_back({done.item.sequence, std::nullopt});
          if (done.result) {
            all.back().what = std::move(*done.result);
          } else if (done.item.failed) {
            all.back().what = std::move(*done.item.failed);
          }
        },
        std::move(options)));
    return all;
  }

  // The same on another thread, while this one does `meanwhile`.
  template <class Meanwhile>
  std::vector<ended_job> run_while(std::uint64_t count, const Meanwhile& meanwhile) {
    std::vector<ended_job> ended;
    std::jthread caller([&] { ended = run(count); });
    meanwhile();
    caller.join();
    return ended;
  }

  std::vector<ended_job> run_all(fake_processes& processes, std::uint64_t count) {
    begin(processes);
    return run(count);
  }

  cli::run_settings settings;

 private:
  const cli::command_template command_ = cli::command_template::of_words({"program"});
  cli::output_store store_{1 << 20};
  cli::output_writer writer_;
  cli::live_output live_{cli::output_mode::group, cli::output_order::completion, writer_};
  cli::run_log log_;
  std::unique_ptr<cli::halt_rule> halt_ = std::make_unique<cli::halt_rule>();
  std::stop_source stop_;
  std::unique_ptr<cli::job_runner> runner_;
};

}  // namespace cli_test
