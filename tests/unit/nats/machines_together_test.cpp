// The submitter's machine and the workers' machines on one bus: what they promise together.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nats/messages.hpp"
#include "parwork/nats_errors.hpp"
#include "support/joint_worker.hpp"
#include "support/nats_submitter_stage.hpp"
#include "support/rounds.hpp"

namespace {

using namespace std::chrono_literals;
namespace nd = parwork::nats::detail;
using parwork_test::beat_together;
using parwork_test::execution_counts;
using parwork_test::fake_bus;
using parwork_test::joint_worker;
using parwork_test::named_job;
using parwork_test::submitter_stage;

// Another one each time, or the one that a failure has printed.
std::uint64_t first_joint_seed() {
  return parwork_test::number_from_environment("PARWORK_SEED", std::random_device{}());
}

TEST(machines_together, calm_runs_execute_everything_once) {
  fake_bus bus;
  nd::time_point now{1h};
  execution_counts counts;
  submitter_stage stage({}, &bus);
  std::vector<std::unique_ptr<joint_worker>> workers;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    workers.push_back(std::make_unique<joint_worker>(bus, now, counts, i));
  }
  stage.submit_together(2000);
  for (int i = 0; i < 2000 && stage.books.ends.size() < 2000; ++i) {
    if (i % 50 == 0) beat_together(stage, now, workers);
    stage.settle();
    for (const auto& one : workers) {
      one->take();
      one->finish_all();
    }
  }
  EXPECT_EQ(stage.books.succeeded(), 2000U);
  EXPECT_EQ(counts.size(), 2000U);
  EXPECT_TRUE(std::ranges::all_of(counts, [](const auto& each) { return each.second == 1; }));
}

TEST(machines_together, a_job_that_comes_back_collects_what_was_finished_meanwhile) {
  fake_bus bus;
  nd::time_point now{1h};
  execution_counts counts;
  std::vector<std::unique_ptr<joint_worker>> workers;
  auto first = std::make_unique<submitter_stage>(named_job(1), &bus);
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 1));
  first->submit_singly(6);
  first->settle();
  workers[0]->take();
  bus.kill(first->link);
  workers[0]->finish_all();
  bus.deliver_all();
  first.reset();
  now += 1min;
  workers[0]->tick();

  submitter_stage second(named_job(2), &bus);
  second.now = now;
  second.machine.tick(now);
  second.submit_singly(6);
  for (int i = 0; i < 30; ++i) {
    beat_together(second, now, workers);
    workers[0]->take();
    workers[0]->finish_all();
  }
  second.settle();
  EXPECT_EQ(second.books.succeeded(), 6U);
  EXPECT_EQ(counts.size(), 6U);
  for (const auto& [item, count] : counts) EXPECT_EQ(count, 1U) << item;
  EXPECT_TRUE(workers[0]->machine->take() == std::nullopt);
}

// A submitter dies when all items are out; its job comes back among messages in any order.
void expect_that_nothing_kept_is_executed_again(std::uint64_t seed, std::size_t item_size) {
  fake_bus bus(seed);
  bus.set_max_payload(8192);
  nd::time_point now{1h};
  execution_counts counts;
  std::vector<std::unique_ptr<joint_worker>> workers;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    workers.push_back(std::make_unique<joint_worker>(bus, now, counts, i, 4));
  }
  std::vector<std::string> items;
  for (char c = 'a'; c <= 'l'; ++c) items.emplace_back(item_size, c);
  {
    submitter_stage first(named_job(1), &bus);
    for (const std::string& item : items) first.submit({item});
    first.pass(1s);
    for (const auto& one : workers) one->take();
    bus.kill(first.link);
    for (const auto& one : workers) one->finish_all();
    bus.deliver_all();
  }
  ASSERT_EQ(counts.size(), items.size());
  submitter_stage second(named_job(2), &bus);
  second.now = now;
  second.machine.tick(now);
  for (const std::string& item : items) second.submit({item});
  do {
    second.machine.settle(now);
  } while (bus.deliver_one());
  for (int i = 0; i < 30; ++i) {
    beat_together(second, now, workers);
    for (const auto& one : workers) {
      one->take();
      one->finish_all();
    }
  }
  EXPECT_EQ(second.books.succeeded(), items.size());
  for (const auto& [item, count] : counts) EXPECT_EQ(count, 1U) << item[0];
}

TEST(machines_together, nothing_that_any_of_several_workers_kept_is_executed_again) {
  const std::uint64_t first = first_joint_seed();
  for (std::uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_that_nothing_kept_is_executed_again(seed, 10);
    expect_that_nothing_kept_is_executed_again(seed, 30'000);  // in parts
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(machines_together, a_large_item_and_its_result_go_in_parts_both_ways) {
  fake_bus bus;
  bus.set_max_payload(8192);
  nd::time_point now{1h};
  execution_counts counts;
  submitter_stage stage({}, &bus);
  std::vector<std::unique_ptr<joint_worker>> workers;
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 1));
  stage.submit({"small", std::string(300'000, 'x'), "small, too"});
  for (int i = 0; i < 100 && stage.books.ends.size() < 3; ++i) {
    beat_together(stage, now, workers);
    workers[0]->take();
    workers[0]->finish_all();
    stage.settle();
  }
  EXPECT_EQ(stage.books.succeeded(), 3U);
  EXPECT_EQ(counts.size(), 3U);
  for (const auto& [item, count] : counts) EXPECT_EQ(count, 1U) << item.size();
}

TEST(machines_together, an_earlier_submitter_that_wakes_up_among_new_workers_ends) {
  fake_bus bus;
  nd::time_point now{1h};
  execution_counts counts;
  submitter_stage earlier(named_job(1), &bus);
  bus.freeze(earlier.link);
  std::vector<std::unique_ptr<joint_worker>> workers;
  submitter_stage later(named_job(2), &bus);
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 1));  // knows the later alone
  later.submit_singly(4);
  for (int i = 0; i < 3; ++i) beat_together(later, now, workers);

  bus.thaw(earlier.link);
  earlier.now = now;
  earlier.machine.tick(now);
  earlier.submit_singly(4);
  earlier.settle();
  for (int i = 0; i < 10; ++i) {
    beat_together(later, now, workers);
    workers[0]->take();
    workers[0]->finish_all();
  }
  EXPECT_EQ(earlier.books.error_text<parwork::nats::job_busy>().substr(0, 16), "parwork: the job");
  EXPECT_FALSE(later.books.error);
  EXPECT_EQ(later.books.succeeded(), 4U);
  for (const auto& [item, count] : counts) EXPECT_EQ(count, 1U) << item;
}

TEST(machines_together, a_job_comes_back_where_the_clock_is_behind) {
  fake_bus bus;
  nd::time_point now{1h};
  execution_counts counts;
  std::vector<std::unique_ptr<joint_worker>> workers;
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 1, 4));
  auto ahead = std::make_unique<submitter_stage>(named_job(100), &bus);
  ahead->submit_singly(4);
  ahead->pass(1s);
  now += 1s;
  workers[0]->take();
  bus.freeze(ahead->link);
  workers[0]->finish_all();

  submitter_stage behind(named_job(1), &bus);
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 2, 4));  // has kept nothing
  behind.now = now;
  behind.submit_singly(4);
  behind.settle();
  for (int i = 0; i < 10; ++i) {
    beat_together(behind, now, workers);
    for (const auto& one : workers) one->take();
    for (const auto& one : workers) one->finish_all();
  }
  EXPECT_EQ(behind.books.succeeded(), 4U);
  for (const auto& [item, count] : counts) EXPECT_EQ(count, 1U) << item;

  // The one before wakes up, and a worker comes that has heard of neither.
  bus.thaw(ahead->link);
  workers.push_back(std::make_unique<joint_worker>(bus, now, counts, 3));
  ahead->now = now;
  ahead->machine.tick(now);
  ahead->settle();
  for (int i = 0; i < 3; ++i) beat_together(behind, now, workers);
  EXPECT_FALSE(behind.books.error);
}

// Submitters of one job that die or freeze and come back, among workers in trouble.
class joint_play {
 public:
  explicit joint_play(std::uint64_t seed) : random_(seed), bus_(seed) {
    for (int i = 0; i < 60; ++i) {
      items_.push_back((random_() % 25 == 0 ? "poison " : "item ") + std::to_string(i));
    }
    bus_.decide([this](const parwork_test::fake_message& what) {
      note_kept(what.bytes);
      return parwork_test::fake_fate::arrives;
    });
    begin_session();
  }

  void play() {
    for (int step = 0; step < 150; ++step) {
      act(random_() % 16);
      stage_->machine.settle(now_);
      for (std::uint64_t n = random_() % 20; n > 0 && bus_.deliver_one(); --n) {
      }
    }
    end_well();
  }

 private:
  // Submits what has not been collected: as a journal does.
  void begin_session() {
    stage_ = std::make_unique<submitter_stage>(named_job(++sessions_), &bus_);
    stage_->now = now_;
    stage_->machine.tick(now_);
    left_.clear();
    for (const std::string& item : items_) {
      if (!collected_.contains(item)) left_.push_back(item);
    }
    for (const std::string& item : left_) stage_->submit({item});
    kept_.clear();
    if (random_() % 2 == 0) answer_in_time();
  }
  // What workers kept is used, and handed out to nobody.
  void answer_in_time() {
    do {
      stage_->machine.settle(now_);
    } while (bus_.deliver_one());
    for (std::size_t i = 0; i < left_.size(); ++i) {
      EXPECT_TRUE(!kept_.contains(left_[i]) || stage_->books.ends.contains(i)) << left_[i];
    }
  }
  void note_kept(std::string_view frame) {
    const nd::decoded got = nd::decode(frame);
    const auto* const what = got.what ? std::get_if<nd::kept>(&*got.what) : nullptr;
    if (what == nullptr) return;
    for (const nd::kept_item& one : what->items) {
      if (one.its.kind != nd::outcome_kind::not_started) kept_.emplace(one.item);
    }
  }
  void collect() {
    for (const auto& [index, end] : stage_->books.ends) {
      const std::string& item = left_.at(index);
      EXPECT_EQ(end.result.value_or(item), item);
      if (!end.result) {
        // One without poison, too, where it happens to have been with three that were lost.
        EXPECT_EQ(end.why, parwork::failure_kind::abandoned) << item;
        EXPECT_GE(stage_->events_of(parwork::nats::event::kind::worker_lost), 3U) << item;
      }
      EXPECT_TRUE(collected_.emplace(item, end.result.has_value()).second) << item;
    }
  }

  void act(std::uint64_t what) {
    if (what < 4) {
      now_ += std::chrono::milliseconds(random_() % 1200);
      stage_->now = now_;
      for (const auto& one : workers_) {
        if (!one->is_dead()) one->tick();
      }
      stage_->machine.tick(now_);
    } else if (what == 4 && workers_.size() < 12) {
      workers_.push_back(std::make_unique<joint_worker>(bus_, now_, counts_, ++number_));
    } else if (what == 5) {
      random_() % 2 == 0 ? bus_.cut(stage_->link) : bus_.mend(stage_->link);
    } else if (what == 6 && random_() % 4 == 0) {
      restart();
    } else if (what == 6 && earlier_ && random_() % 2 == 0) {
      wake_earlier();
    } else if (!workers_.empty()) {
      act_on(*workers_[random_() % workers_.size()], what);
    }
  }
  void restart() {
    const bool is_frozen = random_() % 2 == 0;
    if (earlier_) bus_.kill(earlier_->link);
    is_frozen ? bus_.freeze(stage_->link) : bus_.kill(stage_->link);
    // Whoever comes later asks first, and waits: what was said before has arrived.
    bus_.deliver_all();
    bus_.lose_all();
    collect();
    if (random_() % 2 == 0) finish_meanwhile();
    earlier_ = is_frozen ? std::move(stage_) : nullptr;
    begin_session();
  }
  void beat_alone() {
    stage_->now = now_ += stage_->settings.heartbeat;
    stage_->machine.tick(now_);
    bus_.deliver_all();
  }
  // It calls workers that know the later one, and one that may have heard of neither.
  void wake_earlier() {
    for (const auto& one : workers_) bus_.thaw(one->link);
    bus_.mend(stage_->link);
    bus_.deliver_all();
    beat_alone();
    workers_.push_back(std::make_unique<joint_worker>(bus_, now_, counts_, ++number_));
    if (random_() % 2 == 0) beat_alone();
    bus_.thaw(earlier_->link);
    // It finds its connection gone, and makes it anew: earlier word of that was lost with all else.
    bus_.cut(earlier_->link);
    bus_.mend(earlier_->link, parwork_test::fake_buffer::is_lost);
    bus_.deliver_all();
    earlier_->now = now_;
    earlier_->machine.tick(now_);
    bus_.deliver_all();
    beat_alone();
    earlier_->submit({"one more"});
    EXPECT_EQ(earlier_->books.error_text<parwork::nats::job_busy>().substr(0, 16),
              "parwork: the job");
    EXPECT_FALSE(stage_->books.error);
    bus_.kill(earlier_->link);
    earlier_.reset();
  }
  void finish_meanwhile() {
    for (const auto& one : workers_) {
      if (!one->is_dead() && !one->runs_poison()) one->finish_all();
    }
  }
  void act_on(joint_worker& one, std::uint64_t what) {
    if (one.is_dead() && what != 9) return;
    if (what == 7 && random_() % 2 == 0) {
      bus_.kill(one.link);
    } else if (what == 8) {
      random_() % 2 == 0 ? bus_.freeze(one.link) : bus_.thaw(one.link);
    } else if (what == 9) {
      random_() % 2 == 0 ? bus_.cut(one.link) : bus_.mend(one.link);
    } else if (what == 10 && random_() % 4 == 0) {
      one.machine->leave(now_);
    } else {
      work(one);
    }
  }
  void work(joint_worker& one) {
    one.take();
    if (one.runs_poison()) {
      bus_.kill(one.link);
    } else if (random_() % 3 > 0) {
      one.finish_all();
    }
  }

  void end_well() {
    // Its last words would come out of its buffer, minutes behind what was said since.
    if (earlier_) bus_.kill(earlier_->link);
    for (const auto& one : workers_) bus_.thaw(one->link);
    bus_.mend_all();
    for (int round = 0; round < 2000 && stage_->books.ends.size() < left_.size(); ++round) {
      beat_together(*stage_, now_, workers_);
      bool is_any_alive = false;
      for (const auto& one : workers_) {
        if (one->is_dead()) continue;
        is_any_alive = true;
        work(*one);
      }
      if (!is_any_alive) {
        workers_.push_back(std::make_unique<joint_worker>(bus_, now_, counts_, ++number_));
      }
    }
    stage_->settle();
    EXPECT_FALSE(stage_->books.error);
    collect();
    EXPECT_EQ(collected_.size(), items_.size());
    for (const auto& [item, has_succeeded] : collected_) {
      EXPECT_TRUE(!has_succeeded || counts_[item] > 0) << item;
      EXPECT_FALSE(has_succeeded && item.starts_with("poison")) << item;
    }
  }

  std::mt19937_64 random_;
  fake_bus bus_;
  nd::time_point now_{1h};
  execution_counts counts_;
  std::vector<std::string> items_;
  std::vector<std::string> left_;          // of this session, by index
  std::map<std::string, bool> collected_;  // whether it succeeded
  std::set<std::string> kept_;             // as workers have said to this session
  std::vector<std::unique_ptr<joint_worker>> workers_;
  std::unique_ptr<submitter_stage> stage_;
  std::unique_ptr<submitter_stage> earlier_;  // frozen
  std::uint64_t sessions_ = 0;
  std::uint64_t number_ = 0;
};

TEST(machines_together, whatever_happens_each_item_is_collected_once) {
  const std::uint64_t first = first_joint_seed();
  for (std::uint64_t seed = first; seed < first + 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    joint_play(seed).play();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
