// Runs on real servers and real worker processes, which are killed, frozen and stopped: nothing is
// lost, and nothing is collected twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/nats.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/cluster_processes.hpp"
#include "support/nats_server.hpp"
#include "support/temporary_folder.hpp"

namespace {

namespace nats = parwork::nats;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::failure_kind;
using parwork_test::cluster_process;
using parwork_test::nats_server;
using parwork_test::submitter_process;
using parwork_test::worker_process;

// Of cluster_program.
constexpr int busy_job_status = 3;

class cluster_run : public testing::Test {
 protected:
  // Short times, so that losses are noticed while a test runs.
  [[nodiscard]] nats::cluster_options options(std::string job = {}) const {
    return {.url = server_.url(), .job = std::move(job), .heartbeat = 100ms, .lost_after = 1s};
  }
  std::unique_ptr<worker_process> worker(int threads = 2, const std::string& label = {}) const {
    return std::make_unique<worker_process>(server_.url(), threads, label);
  }
  static auto count_to(int end) {
    return [next = 0, end]() mutable { return next < end ? std::optional(next++) : std::nullopt; };
  }
  // Runs "slow" over so many items, calls `meanwhile` with the number of collected ones, and checks
  // that each came once.
  void run_slow(nats::cluster& cluster, int items, const std::function<void(int)>& meanwhile) {
    std::vector<int> seen(static_cast<std::size_t>(items), 0);
    int collected = 0;
    const auto done = parwork::process(count_to(items), cluster.remote<int, int>("slow"),
                                       [&](const completion<int, int>& c) {
                                         EXPECT_EQ(c.result.value(), c.item);
                                         ++seen[static_cast<std::size_t>(c.item)];
                                         meanwhile(++collected);
                                       },
                                       {.workers = 1});
    EXPECT_EQ(done.succeeded, static_cast<std::uint64_t>(items));
    EXPECT_EQ(std::ranges::count(seen, 1), items);
  }

  nats_server server_;
};

TEST_F(cluster_run, does_work_elsewhere) {
  const auto one = worker();
  nats::cluster cluster(options());
  std::int64_t sum = 0;
  const auto done = parwork::process(count_to(10'000), cluster.remote<int, std::int64_t>("square"),
                                     [&](std::int64_t square) { sum += square; }, {.workers = 1});
  EXPECT_EQ(done.succeeded, 10'000U);
  EXPECT_EQ(sum, std::int64_t{9'999} * 10'000 * 19'999 / 6);
}

TEST_F(cluster_run, gives_results_in_input_order) {
  const auto one = worker(), two = worker();
  nats::cluster cluster(options());
  int next = 0;
  const auto done =
      parwork::process(count_to(2'000), cluster.remote<int, std::int64_t>("square"),
                       [&](const completion<int, std::int64_t>& c) { EXPECT_EQ(c.item, next++); },
                       {.workers = 2, .order = parwork::ordering::input});
  EXPECT_EQ(done.succeeded, 2'000U);
}

TEST_F(cluster_run, begins_when_a_worker_comes) {
  nats::cluster cluster(options());
  auto work = cluster.remote<int, std::int64_t>("square");
  const auto ignore = [](std::int64_t) {};
  auto numbers = count_to(100);
  parwork::running run = parwork::start(numbers, work, ignore, {.workers = 1});
  // This thread starts it: a worker dies with the thread that has started it.
  const auto late = worker();
  EXPECT_EQ(run.wait().succeeded, 100U);
}

TEST_F(cluster_run, loses_nothing_with_a_killed_worker) {
  auto first = worker();
  const auto second = worker();
  nats::cluster cluster(options());
  run_slow(cluster, 600, [&](int collected) {
    if (collected == 200) first->kill();
  });
}

TEST_F(cluster_run, loses_nothing_with_a_frozen_worker_that_wakes) {
  const auto first = worker();
  const auto second = worker();
  nats::cluster cluster(options());
  run_slow(cluster, 1'000, [&](int collected) {
    if (collected == 100) first->freeze();
    if (collected == 800) first->thaw();
  });
}

TEST_F(cluster_run, lets_a_worker_leave_without_doing_anything_twice) {
  auto first = worker();
  const auto second = worker();
  nats::cluster cluster(options());
  run_slow(cluster, 600, [&](int collected) {
    if (collected == 200) {
      EXPECT_EQ(first->stop(), 0);
    }
  });
}

TEST_F(cluster_run, goes_on_behind_a_server_that_was_killed) {
  const auto one = worker();
  nats::cluster cluster(options());
  run_slow(cluster, 600, [&](int collected) {
    if (collected == 200) server_.restart();
  });
}

TEST_F(cluster_run, abandons_an_item_that_kills_its_workers_and_no_other) {
  std::atomic<bool> over{false};
  // Somebody starts them again, as systemd does.
  std::thread keeper([&] {
    while (!over.load()) {
      child each({CLUSTER_PROGRAM, "worker", server_.url(), "2"});
      while (!over.load() && !each.has_ended()) std::this_thread::sleep_for(10ms);
      each.kill();
    }
  });
  nats::cluster cluster(options());
  std::map<int, failure_kind> failed;
  const auto done = parwork::process(count_to(40), cluster.remote<int, int>("poison"),
                                     [&](const completion<int, int>& c) {
                                       if (!c.result) failed[c.item] = c.result.error().kind();
                                     },
                                     {.workers = 1});
  over.store(true);
  keeper.join();
  EXPECT_EQ(done.succeeded, 39U);
  EXPECT_EQ(failed, (std::map<int, failure_kind>{{13, failure_kind::abandoned}}));
}

TEST_F(cluster_run, carries_results_larger_than_a_message) {
  const auto one = worker();
  nats::cluster cluster(options());
  std::vector<std::string> texts{std::string(20'000, 'x'), "short", std::string(5'000, 'y')};
  std::size_t bytes = 0;
  const auto done =
      parwork::process(texts, cluster.remote<std::string, std::string>("grow"),
                       [&](const std::string& much) { bytes += much.size(); }, {.workers = 1});
  EXPECT_EQ(done.succeeded, 3U);
  EXPECT_EQ(bytes, 1'000U * (20'000 + 5 + 5'000));
}

TEST_F(cluster_run, stops_when_it_is_asked_to) {
  const auto one = worker();
  nats::cluster cluster(options());
  std::stop_source stop;
  int collected = 0;
  const auto done = parwork::process(count_to(1'000'000), cluster.remote<int, int>("slow"),
                                     [&](const completion<int, int>& c) {
                                       if (c.result && ++collected == 20) stop.request_stop();
                                     },
                                     {.workers = 1, .stop = stop.get_token()});
  EXPECT_TRUE(done.stopped);
  EXPECT_EQ(done.failed, 0U);
}

TEST_F(cluster_run, says_what_workers_do_not_serve) {
  const auto one = worker();
  nats::cluster cluster(options());
  const auto run = [&](auto work) {
    static_cast<void>(parwork::process(count_to(1), std::move(work), [](int) {}, {.workers = 1}));
  };
  EXPECT_THROW(run(cluster.remote<int, int>("nothing")), nats::unknown_work);
  EXPECT_THROW(run(cluster.remote<int, int>("square")), nats::codec_mismatch);
  EXPECT_THROW(run(cluster.remote<int, int>("slow", {.needs = {"gpu"}})), nats::unmet_needs);
}

TEST_F(cluster_run, goes_to_workers_with_the_labels_it_needs) {
  const auto plain = worker();
  const auto labelled = worker(2, "gpu");
  nats::cluster cluster(options());
  std::set<int> pids;
  const auto done =
      parwork::process(count_to(100), cluster.remote<int, int>("pid", {.needs = {"gpu"}}),
                       [&](int pid) { pids.insert(pid); }, {.workers = 1});
  EXPECT_EQ(done.succeeded, 100U);
  EXPECT_EQ(pids.size(), 1U);
}

TEST_F(cluster_run, lets_one_submitter_at_a_time_have_a_job) {
  const nats::cluster first(options("one"));
  const nats::cluster second(options("one"));
  {
    const auto work = first.remote<int, std::int64_t>("square");
    EXPECT_THROW(static_cast<void>(second.remote<int, std::int64_t>("square")), nats::job_busy);
    EXPECT_THROW(static_cast<void>(first.remote<int, std::int64_t>("square")), nats::job_busy);
  }
}

TEST_F(cluster_run, gives_up_without_a_worker) {
  auto impatient = options();
  impatient.give_up_after = 300ms;
  nats::cluster cluster(std::move(impatient));
  EXPECT_THROW(static_cast<void>(parwork::process(count_to(1), cluster.remote<int, int>("slow"),
                                                  [](int) {}, {.workers = 1})),
               nats::disconnected);
}

TEST_F(cluster_run, sees_the_workers) {
  const auto one = worker(3, "gpu");
  nats::cluster cluster(options());
  std::vector<nats::worker_info> all;
  while (all.empty()) all = cluster.workers();  // it has come when it has subscribed
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].threads, 3U);
  EXPECT_EQ(all[0].labels, std::vector<std::string>{"gpu"});
  EXPECT_FALSE(all[0].host.empty());
}

TEST_F(cluster_run, comes_back_to_its_job_with_a_journal) {
  const auto one = worker();
  const temporary_folder folder;
  const std::string journal = (folder / "journal").string();
  std::set<std::string> lines;
  int killed = 0;
  for (bool over = false; !over;) {
    submitter_process submitter(server_.url(), "squares", journal, 3'000);
    for (int count = 0;; ++count) {
      const std::string line = submitter.read_line();
      if (line.empty()) {
        EXPECT_EQ(submitter.wait(), 0);
        over = true;
        break;
      }
      lines.insert(line);
      if (killed < 3 && count == 500) {
        submitter.kill();
        ++killed;
        break;
      }
    }
  }
  EXPECT_EQ(killed, 3);
  // What was shown before its record was written is shown again: the journal's promise is of
  // collected items.
  EXPECT_EQ(lines.size(), 3'000U);
}

// How often it was, by the marks of "gated".
std::uintmax_t times(const std::filesystem::path& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return none ? 0 : size;
}

TEST_F(cluster_run, does_not_repeat_what_several_workers_finished_without_their_submitter) {
  constexpr int items = 4, rounds = 3;
  const auto one = worker(), two = worker();
  nats::cluster watching(options());
  const auto executed = [&] {
    std::uint64_t sum = 0;
    for (const auto& each : watching.workers()) sum += each.done;
    return sum;
  };
  int rounds_without_repeats = 0;
  for (int round = 0; round < rounds; ++round) {
    const temporary_folder folder;
    const std::uint64_t before = executed();
    const auto all_have = [&](const std::string& mark) {
      int count = 0;
      for (int i = 0; i < items; ++i) {
        count += times(folder / (std::to_string(i) + mark)) > 0 ? 1 : 0;
      }
      return count == items;
    };
    const std::vector<std::string> words{"submit_gated", server_.url(), "gated",
                                         (folder / "").string(), std::to_string(items)};
    cluster_process first(words);
    while (!all_have(".began")) std::this_thread::sleep_for(1ms);
    first.kill();
    std::ofstream(folder / "gate").put('.');
    while (executed() < before + items) std::this_thread::sleep_for(1ms);
    cluster_process second(words);
    int lines = 0;
    while (!second.read_line().empty()) ++lines;
    EXPECT_EQ(second.wait(), 0);
    EXPECT_EQ(lines, items);
    EXPECT_TRUE(all_have(".done"));
    if (executed() == before + items) ++rounds_without_repeats;
  }
  // A worker that has not had a processor for the settling time, 200 ms, comes too late.
  EXPECT_GE(rounds_without_repeats, rounds - 1);
}

TEST_F(cluster_run, ends_an_earlier_submitter_that_wakes_up_among_new_workers) {
  const temporary_folder folder;
  auto old = worker();
  // Whoever collects waits here for the test to read: neither comes to its end by itself.
  submitter_process earlier(server_.url(), "j", (folder / "earlier").string(), 100'000);
  for (int i = 0; i < 100; ++i) EXPECT_NE(earlier.read_line(), "");
  earlier.freeze();
  old->kill();
  submitter_process later(server_.url(), "j", (folder / "later").string(), 100'000);
  const auto fresh = worker();  // it has not heard of the earlier one
  std::vector<std::string> lines;
  while (lines.size() < 100) lines.push_back(later.read_line());

  earlier.thaw();
  while (!earlier.read_line().empty()) {
  }
  EXPECT_EQ(earlier.wait(), busy_job_status);
  for (std::string line; !(line = later.read_line()).empty();) lines.push_back(line);
  EXPECT_EQ(later.wait(), 0);
  EXPECT_EQ(lines.size(), 100'000U);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 100'000U);
}

}  // namespace
