// When a named job begins to hand out: behind what its workers kept of an earlier session.
#include "nats/first_states.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/nats_submitter_stage.hpp"

namespace first_states_test {

using namespace std::chrono_literals;
namespace nd = parwork::nats::detail;
using parwork_test::acting_worker;
using parwork_test::submitter_stage;

nd::kept kept_of(std::uint64_t batch, const std::string& item) {
  nd::kept what{.earlier = {3, 3}, .batch = batch, .items = {}};
  what.items.push_back({.item = item, .its = {.result = "kept"}});
  return what;
}

// Says what is kept when it is told to: a worker that is slower than others.
class slow_to_answer {
 public:
  slow_to_answer(submitter_stage& stage, std::uint64_t number)
      : stage_(stage), link_(stage.bus, nullptr), id_{number, number} {}

  void say_kept(std::uint64_t batch, const std::string& item) { say(kept_of(batch, item)); }
  void say_first_state() {
    say(nd::state{.poll = 0, .worker = id_, .host = "slow", .pid = 1, .threads = 1});
  }
  void say(const nd::message& what) {
    std::string frame;
    nd::encode(what, frame);
    link_.publish(stage_.names.to_submitter(stage_.settings.session, id_), frame);
    stage_.settle();
  }

 private:
  submitter_stage& stage_;
  parwork_test::fake_link link_;
  const nd::session_id id_;
};

TEST(first_states, of_a_nameless_job_are_not_waited_for) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit({"a"});
  stage.settle();
  EXPECT_EQ(one.items(), 1U);
}

TEST(first_states, are_waited_for_a_settling_time_and_no_longer) {
  submitter_stage stage({.job = "j"});
  stage.submit({"a"});
  stage.pass(10'100ms);  // nobody is there: nothing runs out
  acting_worker one(stage);
  stage.settle();
  stage.pass(199ms);
  EXPECT_EQ(one.items(), 0U);
  stage.pass(1ms);
  EXPECT_EQ(one.items(), 1U);
}

TEST(first_states, are_waited_for_a_heartbeat_at_most) {
  submitter_stage stage({.job = "j", .heartbeat = 20ms});
  stage.submit({"a"});
  acting_worker one(stage);
  stage.settle();
  stage.pass(20ms);
  EXPECT_EQ(one.items(), 1U);
}

TEST(first_states, let_what_another_worker_kept_come_first) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  slow_to_answer other(stage, 2);
  stage.submit({"a", "b"});
  stage.settle();
  other.say_kept(1, "a");
  other.say_first_state();
  stage.pass(1s);
  EXPECT_EQ(stage.books.ends.at(0).result, "kept");
  EXPECT_EQ(quick.items() + stage.books.ends.size(), 2U) << "the other item alone goes out";
}

TEST(first_states, are_waited_for_as_long_as_a_worker_says_what_it_kept) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  slow_to_answer other(stage, 2);
  std::vector<std::string> items;
  items.reserve(10);
  for (int i = 0; i < 10; ++i) items.push_back("item " + std::to_string(i));
  stage.submit(items);
  stage.submit({"nobody has kept it"});
  for (std::size_t i = 0; i < items.size(); ++i) {
    other.say_kept(i + 1, items[i]);
    stage.pass(2s);
    EXPECT_EQ(quick.items(), 0U);
  }
  other.say_first_state();
  stage.pass(1ms);
  EXPECT_EQ(stage.books.ends.size(), items.size());
  EXPECT_EQ(quick.items(), 1U);
}

TEST(first_states, of_a_worker_that_freezes_meanwhile_are_not_waited_for) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  slow_to_answer other(stage, 2);
  stage.submit({"a", "b"});
  stage.settle();
  other.say_kept(1, "a");
  stage.pass(2999ms);
  EXPECT_EQ(quick.items(), 0U);
  stage.pass(1ms);
  EXPECT_EQ(quick.items(), 1U);
}

TEST(first_states, of_a_worker_that_leaves_meanwhile_are_not_waited_for) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  slow_to_answer other(stage, 2);
  stage.submit({"a", "b"});
  stage.settle();
  other.say_kept(1, "a");
  stage.pass(1s);
  EXPECT_EQ(quick.items(), 0U);
  other.say(nd::goodbye{.given_back = {}, .is_gone = true});
  EXPECT_EQ(quick.items(), 1U);
}

TEST(first_states, of_a_worker_that_waits_for_another_sessions_silence_are_waited_for) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  slow_to_answer other(stage, 2);
  stage.submit({"a"});
  stage.settle();
  nd::state says{.worker = {2, 2}, .host = "slow", .pid = 1, .threads = 1};
  says.fits = nd::fitness::undecided;
  for (int i = 0; i < 5; ++i) {
    other.say(says);
    stage.pass(2s);
    EXPECT_EQ(quick.items(), 0U);
  }
  other.say_kept(1, "a");
  other.say_first_state();
  EXPECT_EQ(stage.books.ends.at(0).result, "kept");
}

TEST(first_states, are_waited_for_anew_after_a_reconnect_and_a_stall_of_ones_own) {
  submitter_stage stage({.job = "j"});
  acting_worker quick(stage);
  stage.submit({"a"});
  stage.settle();
  stage.bus.cut(stage.link);
  stage.pass(10s);
  stage.bus.mend(stage.link);
  stage.settle();
  EXPECT_EQ(quick.items(), 0U) << "others are on their way back";
  stage.now += 1min;  // it was frozen
  stage.machine.tick(stage.now);
  stage.settle();
  EXPECT_EQ(quick.items(), 0U) << "what has come meanwhile has not been read";
  stage.pass(200ms);
  EXPECT_EQ(quick.items(), 1U);
  stage.bus.cut(stage.link);
  stage.bus.mend(stage.link);
  stage.submit({"b"});
  stage.settle();
  quick.work_off();
  EXPECT_EQ(stage.books.ends.size(), 2U) << "once they are here, they stay so";
}

}  // namespace first_states_test
