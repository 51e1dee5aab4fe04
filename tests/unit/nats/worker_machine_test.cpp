// The worker's state machine, step by step: what it answers, executes and sends.
#include "nats/worker_machine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nats/crc32c.hpp"
#include "support/nats_worker_rig.hpp"

namespace worker_machine_test {

using namespace std::chrono_literals;
using namespace parwork::nats::detail;
using parwork_test::stages;
using parwork_test::worker_rig;

class worker_machine_does : public parwork_test::worker_machine_fixture {};

// --- Calls ---

TEST_F(worker_machine_does, say_that_it_is_here_at_its_start_and_after_a_reconnect) {
  const auto one = rig_.submitter(1);
  rig_.machine->begin();
  rig_.deliver();
  EXPECT_EQ(one->last<here>().worker, rig_.who.id);
  rig_.bus().cut(*rig_.net);
  rig_.bus().mend(*rig_.net);
  rig_.deliver();
  EXPECT_EQ(one->count<here>(), 2U);
}

TEST_F(worker_machine_does, answer_a_call_with_who_it_is) {
  const auto one = known(1);
  ASSERT_EQ(one->count<state>(), 1U);
  const auto its = one->last<state>();
  EXPECT_EQ(its.poll, 0U);
  EXPECT_EQ(its.worker, rig_.who.id);
  EXPECT_EQ(its.host, "host");
  EXPECT_EQ(its.threads, 2U);
  EXPECT_EQ(its.labels, rig_.who.labels);
  EXPECT_EQ(its.fits, fitness::serves);
  EXPECT_FALSE(its.is_leaving);
}

TEST_F(worker_machine_does, say_what_does_not_fit) {
  const auto one = rig_.submitter(1);
  call other = one->usual_call();
  other.work = "unheard";
  one->say_call(other);
  rig_.deliver();
  EXPECT_EQ(one->last<state>().fits, fitness::unknown_work);

  const auto two = rig_.submitter(2);
  call needy = two->usual_call();
  needy.needs = {"gpu", "quantum"};
  two->say_call(needy);
  rig_.deliver();
  EXPECT_EQ(two->last<state>().fits, fitness::unmet_needs);

  const auto three = rig_.submitter(3);
  call typed = three->usual_call();
  typed.needs = {"gpu"};
  typed.result_codec = "other results";
  three->say_call(typed);
  rig_.deliver();
  EXPECT_EQ(three->last<state>().fits, fitness::other_codecs);
  EXPECT_EQ(three->last<state>().result_codec, "results");
}

TEST_F(worker_machine_does, execute_nothing_for_who_does_not_fit) {
  const auto one = rig_.submitter(1);
  call other = one->usual_call();
  other.work = "unheard";
  one->say_call(other);
  one->give(1, {"a"});
  rig_.deliver();
  EXPECT_FALSE(rig_.machine->may_take());
  one->poll();
  rig_.deliver();
  EXPECT_EQ(one->last<state>().fits, fitness::unknown_work);
}

TEST_F(worker_machine_does, answer_another_version_in_its_own) {
  const auto one = rig_.submitter(1);
  std::string frame;
  encode(message(one->usual_call()), frame);
  frame.resize(frame.size() - 4);
  frame[2] = 9;
  std::uint32_t crc = crc32c(frame);
  for (int i = 0; i < 4; ++i, crc >>= 8) frame.push_back(static_cast<char>(crc & 0xff));
  rig_.machine->arrived({}, frame, rig_.now);
  rig_.deliver();
  EXPECT_EQ(one->count<state>(), 1U);
  EXPECT_EQ(rig_.machine->next_deadline(), worker_machine::time_point::max()) << "no session";
}

TEST_F(worker_machine_does, drop_what_is_no_message) {
  rig_.machine->arrived({}, "nonsense", rig_.now);
  EXPECT_EQ(rig_.machine->dropped_messages(), 1U);
}

// --- Batches ---

TEST_F(worker_machine_does, list_its_batches_with_their_stages) {
  const auto one = known(1);
  one->give(1, {"a"});
  one->give(2, {"b"});
  one->give(3, {"c"});
  rig_.deliver();
  EXPECT_EQ(rig_.work_one(), 1U);
  const auto running = rig_.machine->take();
  EXPECT_EQ(held(*one),
            (stages{{1, batch_stage::kept}, {2, batch_stage::running}, {3, batch_stage::queued}}));
}

TEST_F(worker_machine_does, send_a_result_and_forget_it_when_it_is_taken) {
  const auto one = known(1);
  one->give(1, {"a", "b"});
  rig_.deliver();
  rig_.work_one();
  ASSERT_EQ(one->count<result>(), 1U);
  EXPECT_EQ(one->last<result>().outcomes.at(1).result, "b");
  one->take({1});
  rig_.deliver();
  EXPECT_EQ(held(*one), stages{});
  EXPECT_EQ(one->count<result>(), 1U);
}

TEST_F(worker_machine_does, send_a_result_again_at_a_poll_that_finds_it_untaken) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.bus().decide([](const auto& its) {
    return its.subject.starts_with("pw.s.") ? parwork_test::fake_fate::is_lost
                                            : parwork_test::fake_fate::arrives;
  });
  rig_.work_one();
  rig_.bus().decide({});
  EXPECT_EQ(one->count<result>(), 0U);
  rig_.pass(1s);
  EXPECT_EQ(held(*one), (stages{{1, batch_stage::kept}}));
  EXPECT_EQ(one->count<result>(), 1U);
  rig_.pass(1s);
  held(*one);
  EXPECT_EQ(one->count<result>(), 2U);
}

TEST_F(worker_machine_does, not_repeat_a_result_that_crosses_a_poll) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.work_one();
  held(*one);
  EXPECT_EQ(one->count<result>(), 1U);
}

TEST_F(worker_machine_does, ignore_a_batch_that_it_holds_already) {
  const auto one = known(1);
  for (int i = 0; i < 2; ++i) one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  EXPECT_FALSE(rig_.machine->may_take());
  one->give(1, {"a"});
  rig_.deliver();
  EXPECT_FALSE(rig_.machine->may_take());
  rig_.finish(*running);
  one->give(1, {"a"});
  rig_.deliver();
  EXPECT_FALSE(rig_.machine->may_take());
}

TEST_F(worker_machine_does, take_batches_from_each_submitter_in_turn) {
  const auto one = known(1);
  const auto two = known(2);
  for (std::uint64_t number = 1; number <= 3; ++number) one->give(number, {"a"});
  for (std::uint64_t number = 11; number <= 13; ++number) two->give(number, {"b"});
  rig_.deliver();
  std::vector<std::uint64_t> order;
  while (const std::uint64_t number = rig_.work_one()) order.push_back(number);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{1, 11, 2, 12, 3, 13}));
}

TEST_F(worker_machine_does, answer_a_poll_of_an_unknown_session_with_nothing_held) {
  const auto one = rig_.submitter(1);
  one->give(1, {"a"});
  one->poll();
  rig_.deliver();
  EXPECT_EQ(one->last<state>().poll, 1U);
  EXPECT_EQ(one->last<state>().held, stages{});
  EXPECT_FALSE(rig_.machine->may_take());
}

// --- Care ---

TEST_F(worker_machine_does, say_started_before_a_careful_batch_begins) {
  const auto one = known(1);
  one->give(1, {"a"}, care::careful);
  one->give(2, {"b"});
  rig_.deliver();
  const auto its = rig_.machine->take();
  EXPECT_TRUE(its->must_be_announced());
  rig_.deliver();
  EXPECT_EQ(one->last<started>().batch, 1U);
  EXPECT_FALSE(rig_.machine->take()->must_be_announced());
  EXPECT_EQ(one->count<started>(), 1U);
}

TEST_F(worker_machine_does, run_a_batch_alone_after_all_else_and_then_go_on) {
  const auto one = known(1);
  const auto two = known(2);
  one->give(1, {"a"});
  two->give(11, {"b"});
  one->give(2, {"c"}, care::alone);
  one->give(3, {"d"});
  two->give(12, {"e"});
  rig_.deliver();
  const auto first = rig_.machine->take();
  const auto second = rig_.machine->take();
  EXPECT_EQ(second->batch->what.number, 11U);
  EXPECT_FALSE(rig_.machine->may_take()) << "two run";
  rig_.finish(*first);
  EXPECT_FALSE(rig_.machine->may_take()) << "one runs";
  rig_.finish(*second);
  const auto alone = rig_.machine->take();
  ASSERT_EQ(alone->batch->what.number, 2U);
  EXPECT_EQ(one->count<started>(), 0U);
  rig_.deliver();
  EXPECT_EQ(one->count<started>(), 1U);
  EXPECT_FALSE(rig_.machine->may_take()) << "it is alone";
  rig_.finish(*alone);
  EXPECT_NE(rig_.work_one(), 0U);
  EXPECT_NE(rig_.work_one(), 0U);
}

// --- Cancel, farewell ---

TEST_F(worker_machine_does, give_back_what_is_not_started_when_it_is_cancelled) {
  const auto one = known(1);
  one->give(1, {"a", "b", "c"});
  one->give(2, {"d"});
  one->give(3, {"e"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  one->say(cancel{one->id, {1, 2}});
  rig_.deliver();
  ASSERT_EQ(one->count<result>(), 1U);
  EXPECT_EQ(one->last<result>().batch, 2U);
  EXPECT_EQ(one->last<result>().outcomes.at(0).kind, outcome_kind::not_started);
  auto stops = rig_.machine->take_stops();
  ASSERT_EQ(stops.size(), 1U);
  stops[0].request_stop();
  EXPECT_TRUE(running->batch->stop.stop_requested());

  batch_outcomes outcomes(*running->batch);
  outcomes.succeeded("A");
  EXPECT_TRUE(outcomes.is_cut_short());
  rig_.machine->finished(*running->batch, outcomes.answer({.thread = 1}), 1, rig_.now);
  rig_.deliver();
  const auto its = one->last<result>();
  EXPECT_EQ(its.outcomes.at(0).result, "A");
  EXPECT_EQ(its.outcomes.at(1).kind, outcome_kind::not_started);
  EXPECT_EQ(its.outcomes.at(2).kind, outcome_kind::not_started);
  EXPECT_EQ(rig_.work_one(), 3U) << "was not cancelled";
}

TEST_F(worker_machine_does, cancel_all_of_a_session_and_of_no_other) {
  const auto one = known(1);
  const auto two = known(2);
  one->give(1, {"a"});
  one->give(2, {"b"});
  two->give(1, {"c"});
  rig_.deliver();
  one->say(cancel{one->id, {}});
  rig_.deliver();
  EXPECT_EQ(one->count<result>(), 2U);
  EXPECT_EQ(rig_.work_one(), 1U);
  EXPECT_EQ(two->count<result>(), 1U);
}

TEST_F(worker_machine_does, forget_all_of_a_session_at_its_farewell) {
  const auto one = known(1, "job");
  for (std::uint64_t number = 1; number <= 3; ++number) one->give(number, {"a"});
  rig_.deliver();
  rig_.work_one();
  const auto running = rig_.machine->take();
  one->say(farewell{one->id});
  rig_.deliver();
  EXPECT_EQ(rig_.machine->take_stops().size(), 1U);
  EXPECT_FALSE(rig_.machine->may_take());
  rig_.finish(*running);
  EXPECT_EQ(one->count<result>(), 1U) << "the one before the farewell";
  EXPECT_EQ(held(*one), stages{});
}

// --- Large messages ---

TEST_F(worker_machine_does, send_a_result_in_parts_that_is_larger_than_a_message) {
  rig_.bus().set_max_payload(4096);
  const auto one = known(1);
  std::string large(100'000, 'x');
  parwork_test::large_mail mail(*one);
  one->give(1, {"a"});
  rig_.deliver();
  const auto its = rig_.machine->take();
  batch_outcomes outcomes(*its->batch);
  outcomes.succeeded(large);
  rig_.machine->finished(*its->batch, outcomes.answer({.thread = 1}), 1, rig_.now);
  rig_.deliver();
  ASSERT_EQ(mail.whole().size(), 1U);
  EXPECT_EQ(std::get<result>(*decode(mail.whole()[0]).what).outcomes.at(0).result, large);

  rig_.pass(1s);
  held(*one);
  rig_.deliver();
  EXPECT_EQ(mail.whole().size(), 2U) << "it is not taken";
  one->take({1});
  rig_.pass(1s);
  held(*one);
  EXPECT_EQ(mail.whole().size(), 2U);
}

TEST_F(worker_machine_does, answer_polls_while_parts_are_on_their_way_and_not_begin_them_again) {
  rig_.bus().set_max_payload(4096);
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  const auto its = rig_.machine->take();
  batch_outcomes outcomes(*its->batch);
  outcomes.succeeded(std::string(100'000, 'x'));
  rig_.machine->finished(*its->batch, outcomes.answer({.thread = 1}), 1, rig_.now);
  rig_.deliver();  // nobody acknowledges
  const std::size_t parts = one->count<part>();
  EXPECT_LE(parts, most_parts_on_their_way);
  for (int i = 0; i < 3; ++i) {
    rig_.pass(1s);
    EXPECT_EQ(held(*one), (stages{{1, batch_stage::kept}}));
  }
  EXPECT_LE(one->count<part>(), parts + 3) << "one at each poll, to find out";
}

TEST_F(worker_machine_does, take_a_batch_that_comes_in_parts) {
  const auto one = known(1);
  const std::string large(100'000, 'x');
  parwork_test::large_mail mail(*one);
  mail.give(1, large, 4096);
  rig_.deliver();
  const auto its = rig_.machine->take();
  ASSERT_TRUE(its.has_value());
  EXPECT_EQ(its->batch->what.items.at(0).bytes, large);
}

TEST_F(worker_machine_does, drop_parts_of_a_session_that_it_does_not_know) {
  const auto one = rig_.submitter(1);
  one->say(part{one->id, 1, 0, 2, "x"});
  rig_.deliver();
  EXPECT_EQ(one->count<part_got>(), 0U);
  EXPECT_EQ(rig_.machine->dropped_messages(), 1U);
}

TEST_F(worker_machine_does, say_its_first_state_behind_large_results_that_it_kept) {
  rig_.bus().set_max_payload(4096);
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  const auto its = rig_.machine->take();
  batch_outcomes outcomes(*its->batch);
  outcomes.succeeded(std::string(100'000, 'x'));
  rig_.machine->finished(*its->batch, outcomes.answer({.thread = 1}), 1, rig_.now);

  const auto two = rig_.submitter(2, "job");
  two->call();
  rig_.deliver();
  EXPECT_GT(two->count<part>(), 0U);
  EXPECT_EQ(two->count<state>(), 0U) << "not all is there";
  parwork_test::large_mail mail(*two);
  two->call();
  mail.acknowledge_all();
  rig_.deliver();
  EXPECT_EQ(mail.whole().size(), 1U);
  EXPECT_EQ(two->count<state>(), 1U);
}

TEST_F(worker_machine_does, keep_few_bytes_in_the_links_buffer) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.net->pretend_buffered(std::size_t{9} << 20);
  rig_.work_one();
  EXPECT_EQ(one->count<result>(), 0U);
  rig_.pass(4ms);
  rig_.net->pretend_buffered(0);
  rig_.pass(1ms);
  EXPECT_EQ(one->count<result>(), 1U);
}

TEST_F(worker_machine_does, fail_an_item_whose_result_is_too_large_to_be_sent) {
  const auto one = known(1);
  one->give(1, {"a", "b", "c"});
  rig_.deliver();
  const auto its = rig_.machine->take();
  batch_outcomes outcomes(*its->batch);
  outcomes.succeeded("small");
  outcomes.succeeded(std::string(largest_payload + 1, 'x'));
  EXPECT_FALSE(outcomes.is_cut_short());
  outcomes.succeeded(std::string(largest_payload, 'x'));
  EXPECT_TRUE(outcomes.is_cut_short()) << "enough for one message";
  const std::string frame = outcomes.answer({.thread = 1});
  EXPECT_LE(frame.size(), largest_message);
  const decoded whole = decode(frame);
  const auto& all = std::get<result>(*whole.what).outcomes;
  EXPECT_EQ(all.at(1).kind, outcome_kind::failed);
  EXPECT_EQ(all.at(1).why, parwork::failure_kind::error);
  EXPECT_NE(all.at(1).message.find("64 MiB"), std::string_view::npos);
  EXPECT_EQ(all.at(2).result.size(), largest_payload);
}

// --- Status ---

TEST_F(worker_machine_does, tell_how_it_goes) {
  const auto one = known(1);
  one->give(1, {"a", "b"});
  one->give(2, {"c"});
  rig_.deliver();
  rig_.work_one();
  rig_.pass(2s);
  one->say(status_question{});
  rig_.deliver();
  const auto its = one->last<worker_status>();
  EXPECT_EQ(its.worker, rig_.who.id);
  EXPECT_EQ(its.works, std::vector<std::string>{"work"});
  EXPECT_EQ(its.done, 2U);
  EXPECT_EQ(its.held, 3U);
  EXPECT_DOUBLE_EQ(its.items_per_second, 1.0);
}

}  // namespace worker_machine_test
