// A submitter among workers that come, go, freeze and die, on a bus that loses and reorders:
// nothing is lost, nothing is collected twice, all ends.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/nats_submitter_stage.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::failure_kind;
using parwork_test::acting_worker;
using parwork_test::fake_bus;
using parwork_test::submitter_stage;

class random_submitter_play {
 public:
  explicit random_submitter_play(std::uint64_t seed)
      : random_(seed), bus_(seed), stage_({.lost_after = 3s}, &bus_) {}

  void play() {
    for (int step = 0; step < 250; ++step) {
      act(random_() % 20);
      stage_.machine.settle(stage_.now);
      for (std::uint64_t n = random_() % 12; n > 0 && bus_.deliver_one(); --n) {
      }
    }
    end_well();
  }

 private:
  void act(std::uint64_t what) {
    if (what < 4) {
      submit();
    } else if (what < 8) {
      stage_.now += std::chrono::milliseconds(random_() % 1500);
      stage_.machine.tick(stage_.now);
    } else if (what == 8 && workers_.size() < 40) {
      workers_.push_back(std::make_unique<acting_worker>(stage_, 1 + random_() % 3, ++number_));
    } else if (what == 9) {
      random_() % 2 == 0 ? bus_.cut(stage_.link) : bus_.mend(stage_.link, buffer());
    } else if (what == 10 && !stops_.empty()) {
      stops_[random_() % stops_.size()].request_stop();
    } else if (!workers_.empty()) {
      act_on(*workers_[random_() % workers_.size()], what);
    }
  }

  void act_on(acting_worker& one, std::uint64_t what) {
    if (what == 11) {
      one.die();
    } else if (what == 12) {
      bus_.freeze(one.link);
    } else if (what == 13) {
      bus_.thaw(one.link);
    } else if (what == 14) {
      random_() % 2 == 0 ? bus_.cut(one.link) : bus_.mend(one.link, buffer());
    } else if (what == 15 && !one.is_leaving) {
      one.say_goodbye(false);
    } else {
      work(one);
    }
  }

  // What it has begun it ends some time; a poison item ends it.
  void work(acting_worker& one) {
    one.start_all();
    for (const auto& [batch, held] : one.batches) {
      for (const auto& item : held.items) {
        if (item.bytes == "poison") return one.die();
      }
    }
    if (random_() % 3 > 0) one.finish_all(std::chrono::microseconds(1 + random_() % 50'000));
  }

  void submit() {
    std::vector<std::string> items(1 + random_() % 12, "item");
    if (random_() % 12 == 0) items.back() = "poison";
    stops_.push_back(stage_.submit(items));
    ++spans_;
  }

  parwork_test::fake_buffer buffer() {
    return random_() % 2 == 0 ? parwork_test::fake_buffer::is_sent
                              : parwork_test::fake_buffer::is_lost;
  }

  void end_well() {
    for (const auto& one : workers_) bus_.thaw(one->link);
    bus_.mend_all();
    std::uint64_t rounds = 0;
    while (stage_.books.ends.size() < stage_.submitted && ++rounds < 3000) {
      bool is_any_alive = false;
      stage_.beat();
      for (const auto& one : workers_) {
        if (!one->link.is_connected() || one->is_leaving) continue;
        is_any_alive = true;
        work(*one);
      }
      for (const auto& one : workers_) {
        if (one->is_leaving && one->link.is_connected()) {
          one->finish_all();
          one->say_goodbye(true);
          one->link.close();
        }
      }
      if (!is_any_alive) {
        workers_.push_back(std::make_unique<acting_worker>(stage_, 2, ++number_));
      }
    }
    stage_.settle();
    EXPECT_EQ(stage_.books.ends.size(), stage_.submitted) << "lost, after " << rounds;
    EXPECT_EQ(stage_.books.finished_spans, spans_);
    EXPECT_EQ(stage_.books.dropped_spans, 0U);
    EXPECT_FALSE(stage_.books.error);
    EXPECT_EQ(stage_.machine.status().pending + stage_.machine.status().held, 0U);
    for (const auto& [index, end] : stage_.books.ends) {
      if (end.result) {
        // A worker that leaves finishes what it has, whatever that is.
        EXPECT_TRUE(*end.result == "=item" || *end.result == "=poison");
      } else {
        EXPECT_TRUE(end.why == failure_kind::abandoned || end.why == failure_kind::cancelled);
      }
    }
  }

  std::mt19937_64 random_;
  fake_bus bus_;
  submitter_stage stage_;
  std::vector<std::unique_ptr<acting_worker>> workers_;
  std::vector<std::stop_source> stops_;
  std::uint64_t number_ = 0;
  std::size_t spans_ = 0;
};

TEST(submitter_random, nothing_is_lost_and_nothing_is_collected_twice) {
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_submitter_play(seed).play();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
