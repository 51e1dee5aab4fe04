// Long trouble: whatever can be lost is killed and frozen, again and again, while a run goes on.
// Nothing is lost, and nothing is collected twice.
//
// PARWORK_SOAK_ROUNDS says how often each is killed and frozen (20 for a soak; default: once, and
// one node of the three). PARWORK_STRESS_SEED repeats the choices of a run that has failed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "parwork/nats.hpp"
#include "parwork/parwork.hpp"
#include "support/cluster_processes.hpp"
#include "support/nats_server.hpp"
#include "support/rounds.hpp"
#include "support/temporary_folder.hpp"
#include "support/waiting.hpp"

namespace soak_test {

namespace nats = parwork::nats;
using namespace std::chrono_literals;
using parwork_test::nats_server;
using parwork_test::submitter_process;
using parwork_test::tally;
using parwork_test::worker_process;

// Short times, so that losses are noticed while a test runs.
constexpr auto lost_after = 1s;
// The time is what is tested: who is frozen for it counts as lost, or, of a server, as down.
constexpr auto frozen_worker = lost_after * 3 / 2;
constexpr auto frozen_server = 4s;

std::uint64_t rounds() { return parwork_test::number_from_environment("PARWORK_SOAK_ROUNDS", 1); }

parwork_test::dice seeded_dice() {
  const std::uint64_t seed =
      parwork_test::number_from_environment("PARWORK_STRESS_SEED", std::random_device()());
  std::printf("PARWORK_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return parwork_test::dice(seed);
}

// Items without an end, until it is told to end. Each is collected once, in any order.
class endless_run {
 public:
  explicit endless_run(const std::string& url)
      : cluster_({.url = url,
                  .heartbeat = 100ms,
                  .lost_after = lost_after,
                  .on_event = [this](const nats::event& what) { note(what); }}),
        run_(parwork::start([this] { return next(); }, cluster_.remote<int, int>("slow"),
                            [this](int n) { collect(n); }, {.workers = 1, .queue = 200})) {}

  /// Blocks until so many more are collected.
  void go_on(std::uint64_t more = 100) { collected_.wait_for(collected_.value() + more); }
  /// Blocks until it counts so many workers as being there.
  void wait_for_workers(int count) const {
    for (int now = there_.load(); now != count; now = there_.load()) there_.wait(now);
  }
  /// Expects all that was begun, each once.
  void end() {
    is_over_.store(true);
    const auto done = run_.wait();
    EXPECT_EQ(done.failed, 0U);
    EXPECT_EQ(done.succeeded, static_cast<std::uint64_t>(given_));
    EXPECT_EQ(times_.size(), static_cast<std::size_t>(given_));
    EXPECT_TRUE(std::ranges::all_of(times_, [](const auto& each) { return each.second == 1; }));
    std::printf("%d items, %d losses of workers\n", given_, losses_.load());
  }

 private:
  std::optional<int> next() {
    if (is_over_.load()) return std::nullopt;
    return given_++;
  }
  void collect(int n) {
    ++times_[n];
    collected_.add();
  }
  void note(const nats::event& what) {
    if (what.what == nats::event::kind::worker_lost) {
      ++losses_;
      --there_;
    } else if (what.what == nats::event::kind::worker_joined) {
      ++there_;
    }
    there_.notify_all();
  }

  std::atomic<bool> is_over_{false};
  int given_ = 0;             // the generator's, one call at a time
  std::map<int, int> times_;  // the collector's
  tally collected_;
  std::atomic<int> there_{0};  // workers
  std::atomic<int> losses_{0};
  nats::cluster cluster_;
  parwork::running run_;
};

TEST(soak, loses_nothing_with_workers_that_are_killed_and_frozen) {
  auto roll = seeded_dice();
  const nats_server server;
  std::array<std::unique_ptr<worker_process>, 3> workers;
  for (auto& each : workers) each = std::make_unique<worker_process>(server.url());
  endless_run run(server.url());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    run.wait_for_workers(3);
    run.go_on(roll.below(200));
    auto& killed = workers.at(roll.below(workers.size()));
    killed->kill();
    run.wait_for_workers(2);
    run.go_on(roll.below(200));
    killed = std::make_unique<worker_process>(server.url());
    run.wait_for_workers(3);
    run.go_on(roll.below(200));
    auto& frozen = workers.at(roll.below(workers.size()));
    frozen->freeze();
    run.wait_for_workers(2);
    run.go_on(roll.below(200));
    frozen->thaw();
  }
  run.end();
}

TEST(soak, loses_nothing_with_a_server_that_is_killed_and_frozen) {
  auto roll = seeded_dice();
  nats_server server;
  const worker_process one(server.url()), two(server.url());
  endless_run run(server.url());
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    run.go_on(50 + roll.below(100));
    server.restart();
    run.go_on(50 + roll.below(100));
    server.freeze();
    std::this_thread::sleep_for(roll.chance(50) ? frozen_worker : frozen_server);
    server.thaw();
  }
  run.go_on();
  run.end();
}

TEST(soak, loses_nothing_with_any_node_of_three_that_is_killed_and_frozen) {
  auto roll = seeded_dice();
  parwork_test::nats_cluster servers;
  const worker_process one(servers.urls()), two(servers.urls()), three(servers.urls());
  endless_run run(servers.urls());
  const bool is_short = rounds() == 1;
  const std::uint64_t first = roll.below(3);
  for (std::uint64_t round = 0; round < (is_short ? 1 : 3 * rounds()); ++round) {
    nats_server& node = servers.node((first + round) % 3);
    run.go_on(50 + roll.below(100));
    node.restart();
    run.go_on(50 + roll.below(100));
    node.freeze();
    std::this_thread::sleep_for(roll.chance(50) ? frozen_worker : frozen_server);
    node.thaw();
  }
  run.go_on();
  run.end();
}

// A submitter that is started again, with its journal, until it comes to its end.
class restarted_submitter {
 public:
  restarted_submitter(std::string url, std::string journal, int items)
      : url_(std::move(url)), journal_(std::move(journal)), items_(items) {
    start();
  }

  void read(std::uint64_t lines) {
    for (std::uint64_t i = 0; i < lines; ++i) EXPECT_TRUE(read_one());
  }
  void kill() {
    its_->kill();
    // What it has printed is there to be read.
    while (read_one()) {
    }
    ++killed_;
    start();
  }
  void freeze() {
    its_->freeze();
    std::this_thread::sleep_for(frozen_worker);
    its_->thaw();
  }
  /// What was shown before its record was written is shown again: the journal's promise is of
  /// records, and a commit group has 1,000 at most.
  void end() {
    while (read_one()) {
    }
    EXPECT_EQ(its_->wait(), 0);
    EXPECT_EQ(lines_.size(), static_cast<std::size_t>(items_));
    std::printf("%d items, %llu of them again after %llu kills\n", items_,
                static_cast<unsigned long long>(again_), static_cast<unsigned long long>(killed_));
    EXPECT_LE(again_, 1'000 * killed_);
  }

 private:
  void start() {
    ++life_;
    its_ = std::make_unique<submitter_process>(url_, "soak", journal_, items_, "slow_square");
  }
  bool read_one() {
    const std::string line = its_->read_line();
    // The last line of one that is killed may be cut short.
    if (line.empty() || line.back() != '.') return false;
    const auto [place, is_new] = lines_.try_emplace(line, life_);
    EXPECT_TRUE(is_new || place->second != life_) << line << " twice in one life";
    place->second = life_;
    if (!is_new) ++again_;
    return true;
  }

  const std::string url_;
  const std::string journal_;
  const int items_;
  std::unique_ptr<submitter_process> its_;
  std::map<std::string, int> lines_;  // and in which life it was printed last
  int life_ = 0;
  std::uint64_t killed_ = 0;
  std::uint64_t again_ = 0;
};

TEST(soak, loses_nothing_with_a_submitter_that_is_killed_and_frozen) {
  auto roll = seeded_dice();
  const nats_server server;
  const worker_process one(server.url()), two(server.url());
  const temporary_folder folder;
  restarted_submitter submitter(server.url(), (folder / "journal").string(),
                                static_cast<int>(2'500 * (rounds() + 1)));
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    submitter.read(50 + roll.below(300));
    submitter.kill();
    submitter.read(50 + roll.below(300));
    submitter.freeze();
  }
  submitter.end();
}

}  // namespace soak_test
