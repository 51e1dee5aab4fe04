#include "nats/parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace parts_tests {  // whose helpers have short names
namespace {

namespace wire = parwork::nats::detail;
using wire::part_fate;
using strings = std::vector<std::string>;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string random_bytes(std::size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random();
    for (std::size_t k = i; k < std::min(size, i + 8); ++k) {
      bytes[k] = static_cast<char>(word >> 8 * (k - i));
    }
  }
  return bytes;
}

// Two ends, and what is on its way between them: in order, as far as it is not lost.
class parts : public testing::Test {
 protected:
  const wire::session_id sender_name{.high = 1, .low = 2};
  const wire::session_id session{.high = 3, .low = 4};
  const wire::part_destination there{.receiver = session, .session = session, .subject = "there"};

  static constexpr std::size_t most_begun = 24 * mebibyte;
  wire::part_sender sender{[this](std::string_view subject, std::string_view frame) {
                             EXPECT_EQ(subject, "there");
                             ++published;
                             largest = std::max(largest, frame.size());
                             way.emplace_back(frame);
                             most_on_way = std::max(most_on_way, way.size());
                           },
                           most_begun};
  wire::part_assembler assembler;

  std::size_t max_payload = mebibyte;
  std::deque<std::string> way;
  std::deque<wire::part_got> back;
  strings received;  // whole messages
  std::size_t published = 0, largest = 0, most_on_way = 0, known = 0, damaged = 0;
  std::function<bool()> loses = [] { return false; };
  bool loses_the_first = false;  // part of the first message, each time

  std::uint64_t send(const std::string& frame) { return sender.send(there, frame, max_payload); }
  std::uint64_t send_behind(const std::string& frame) {
    return sender.send_behind(there, frame, max_payload);
  }

  // What comes off the way next: a part is collected and acknowledged, anything else has arrived.
  void receive_one() {
    const std::string frame = std::move(way.front());
    way.pop_front();
    if (loses()) return;
    const wire::decoded got = wire::decode(frame);
    const auto* one = got.what ? std::get_if<wire::part>(&*got.what) : nullptr;
    if (one == nullptr) return received.push_back(frame);
    EXPECT_EQ(one->session, session);
    if (loses_the_first && one->of == 1 && one->index == 0) return;
    wire::part_taken taken = assembler.take(sender_name, *one);
    if (taken.fate == part_fate::damaged) {
      ++damaged;
      return;
    }
    if (taken.fate == part_fate::completed) received.push_back(std::move(taken.whole));
    if (taken.fate == part_fate::known) ++known;
    back.push_back({.session = session, .of = one->of, .index = one->index});
  }
  void acknowledge_one() {
    const wire::part_got got = back.front();
    back.pop_front();
    if (!loses()) sender.got(session, got);
  }

  // Until nothing moves any more without a poll.
  void settle() {
    while (!way.empty() || !back.empty()) {
      while (!way.empty()) receive_one();
      while (!back.empty()) acknowledge_one();
    }
  }
  // With polls, until all is there. How many polls it took.
  std::size_t settle_all() {
    std::size_t polls = 0;
    for (settle(); sender.waiting(session) > 0; settle()) {
      sender.poll(session);
      if (++polls == 10'000) {
        ADD_FAILURE() << "it never arrives";
        break;
      }
    }
    return polls;
  }
};

TEST_F(parts, are_none_of_what_fits) {
  EXPECT_EQ(wire::largest_frame(mebibyte), 256 * 1024);
  EXPECT_EQ(wire::largest_frame(4096), 3072);
  EXPECT_EQ(wire::largest_frame(512), 256);
  const std::string most(256 * 1024, 'x');
  EXPECT_EQ(send(most), 0);
  EXPECT_EQ(sender.waiting(session), 0);
  settle();
  EXPECT_EQ(received, strings{most});
  EXPECT_EQ(published, 1);
}

TEST_F(parts, of_what_is_too_large_make_the_whole_again) {
  const std::string one_too_many(256 * 1024 + 1, 'x');
  const std::uint64_t number = send(one_too_many);
  EXPECT_NE(number, 0);
  EXPECT_TRUE(sender.is_under_way(session, number));
  EXPECT_EQ(sender.waiting(session), one_too_many.size());
  settle();
  EXPECT_FALSE(sender.is_under_way(session, number));
  EXPECT_EQ(received, strings{one_too_many});
  EXPECT_EQ(published, 2);
  EXPECT_LE(largest, wire::largest_frame(max_payload));
  EXPECT_EQ(assembler.held(sender_name), 0);
}

TEST_F(parts, say_when_the_last_of_a_message_is_there) {
  const std::uint64_t number = send(std::string(600 * 1024, 'x'));
  strings acknowledged;
  while (!way.empty()) receive_one();
  ASSERT_EQ(back.size(), 3);
  EXPECT_EQ(sender.got(session, back[0]), 0);
  EXPECT_EQ(sender.got(session, back[0]), 0) << "twice";
  EXPECT_EQ(sender.got(session, back[1]), 0);
  EXPECT_EQ(sender.got(session, back[2]), number);
  EXPECT_EQ(sender.got(session, back[2]), 0);
}

TEST_F(parts, of_20_megabytes_take_a_bounded_way) {
  std::mt19937_64 random(1);
  for (const std::size_t limit : {mebibyte, std::size_t{4096}}) {
    max_payload = limit;
    largest = most_on_way = 0;
    const std::string large = random_bytes(20'000'000, random);
    sender.send(there, std::make_shared<const std::string>(large), max_payload);
    settle();
    ASSERT_EQ(received.size(), 1);
    EXPECT_TRUE(received[0] == large);
    received.clear();
    EXPECT_LE(largest, wire::largest_frame(max_payload));
    EXPECT_LE(most_on_way, wire::most_parts_on_their_way);
    EXPECT_GT(most_on_way, wire::most_parts_on_their_way / 2) << "and it is used";
  }
  EXPECT_EQ(known, 0) << "nothing goes twice where nothing is lost";
}

TEST_F(parts, of_several_messages_follow_each_other) {
  strings sent;
  std::mt19937_64 random(2);
  max_payload = 4096;
  for (std::size_t i = 0; i < 40; ++i) {
    sent.push_back(random_bytes(3073 + random() % 20'000, random));
    EXPECT_NE(send(sent.back()), 0);
  }
  settle();
  EXPECT_EQ(received, sent);
}

TEST_F(parts, are_overtaken_by_what_fits_unless_it_is_to_come_behind) {
  const std::string large(mebibyte, 'x'), larger(2 * mebibyte, 'y');
  send(large);
  EXPECT_EQ(send("poll"), 0);
  const std::uint64_t state = send_behind("state");
  EXPECT_TRUE(sender.is_under_way(session, state));
  send(larger);
  EXPECT_EQ(send("started"), 0);
  settle();
  EXPECT_EQ(received, (strings{"poll", "started", large, "state", larger}));
  EXPECT_FALSE(sender.is_under_way(session, state));
  EXPECT_EQ(send_behind("state"), 0) << "nothing to come behind";
}

TEST_F(parts, of_what_is_to_come_behind_do_so_too) {
  const std::string large(mebibyte, 'x'), state(mebibyte, 's');
  max_payload = 4096;
  send(large);
  send_behind(state);
  settle();
  EXPECT_EQ(received, (strings{large, state}));
}

TEST_F(parts, that_are_lost_are_seen_so_by_what_comes_after_them) {
  max_payload = 4096;
  const std::string large(100'000, 'x');
  int count = 0;
  loses = [&] { return ++count == 3; };
  send(large);
  settle();
  EXPECT_EQ(received, strings{large}) << "without a poll";
}

TEST_F(parts, that_are_all_lost_wait_for_a_poll_and_go_out_one_at_a_time) {
  max_payload = 4096;
  const std::string large(100'000, 'x');
  send(large);
  way.clear();
  published = 0;
  sender.poll(session);
  EXPECT_EQ(published, 0) << "the answers may be on their way";
  sender.poll(session);
  EXPECT_EQ(published, 1);
  sender.poll(session);
  EXPECT_EQ(published, 2);
  settle();
  EXPECT_EQ(received, strings{large});
}

TEST_F(parts, arrive_whatever_is_lost) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  max_payload = 4096;
  for (const unsigned of_hundred : {1, 10, 50}) {
    loses = [&] { return random() % 100 < of_hundred; };
    strings sent;
    for (std::size_t i = 0; i < 30; ++i) {
      sent.push_back(random_bytes(3073 + random() % 60'000, random));
      send(sent.back());
    }
    settle_all();
    std::ranges::sort(sent);
    std::ranges::sort(received);
    EXPECT_TRUE(received == sent) << "each once";
    received.clear();
    EXPECT_EQ(assembler.held(sender_name), 0);
    EXPECT_EQ(damaged, 0);
  }
}

TEST_F(parts, of_what_comes_behind_keep_their_place_whatever_is_lost) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  max_payload = 4096;
  for (int round = 0; round < 20; ++round) {
    loses = [&] { return random() % 4 == 0; };
    const std::string first(50'000, '1'), second(30'000, '2'), state(5'000, 's');
    send(first);
    send(second);
    send_behind(state);
    settle_all();
    ASSERT_EQ(received.size(), 3);
    EXPECT_EQ(received.back(), state);
    received.clear();
  }
}

TEST_F(parts, that_arrive_twice_are_acknowledged_and_no_more) {
  max_payload = 4096;
  const std::string large(10'000, 'x');
  send(large);
  const std::deque<std::string> again = way;
  while (!way.empty()) receive_one();
  EXPECT_EQ(known, 0);
  way = again;
  back.clear();
  while (!way.empty()) receive_one();
  EXPECT_EQ(known, again.size());
  settle();
  EXPECT_EQ(sender.waiting(session), 0);
  EXPECT_EQ(received, strings{large});
}

TEST_F(parts, of_a_dropped_message_go_out_no_more) {
  max_payload = 4096;
  const std::string first(100'000, '1'), second(100'000, '2'), third(50'000, '3');
  const std::uint64_t begun = send(first);
  const std::uint64_t waits = send(second);
  send(third);
  sender.drop(session, begun);
  sender.drop(session, waits);
  EXPECT_FALSE(sender.is_under_way(session, begun));
  EXPECT_FALSE(sender.is_under_way(session, waits));
  EXPECT_EQ(sender.waiting(session), third.size());
  settle();
  EXPECT_EQ(received, strings{third});
  sender.drop(session, 12345);
}

TEST_F(parts, of_many_messages_do_no_harm_to_one_that_is_still_open) {
  max_payload = 4096;
  loses_the_first = true;
  const std::string first(20'000, '1'), other(20'000, 'o');
  send(first);
  for (int i = 0; i < 40; ++i) send(other);
  settle();
  EXPECT_EQ(std::ranges::count(received, other), wire::most_messages_begun - 1);
  loses_the_first = false;
  settle_all();
  EXPECT_EQ(std::ranges::count(received, first), 1);
  EXPECT_EQ(std::ranges::count(received, other), 40);
}

TEST_F(parts, of_many_dropped_messages_do_no_harm_to_one_that_is_still_open) {
  max_payload = 4096;
  loses_the_first = true;
  const std::string first(20'000, '1'), other(20'000, 'o');
  send(first);
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t number = send(other);
    while (!way.empty()) receive_one();
    sender.drop(session, number);
    settle();
  }
  EXPECT_LE(assembler.held(sender_name), 17 * 25'000);
  loses_the_first = false;
  settle_all();
  EXPECT_EQ(std::ranges::count(received, first), 1);
}

TEST_F(parts, of_messages_that_are_large_together_are_not_all_begun) {
  loses_the_first = true;
  const std::string first(mebibyte, '1'), other(most_begun / 2 - mebibyte, 'o');
  send(first);
  for (int i = 0; i < 3; ++i) send(other);
  settle();
  EXPECT_EQ(std::ranges::count(received, other), 2);
  loses_the_first = false;
  settle_all();
  EXPECT_EQ(std::ranges::count(received, first), 1);
  EXPECT_EQ(std::ranges::count(received, other), 3);
}

TEST_F(parts, for_a_receiver_that_is_gone_are_forgotten) {
  max_payload = 4096;
  const std::uint64_t number = send(std::string(100'000, 'x'));
  while (!way.empty()) receive_one();
  sender.forget(session);
  EXPECT_FALSE(sender.is_under_way(session, number));
  settle();
  EXPECT_EQ(sender.waiting(session), 0);
  EXPECT_GT(assembler.held(sender_name), 0);
  const std::string next(30'000, 'n');
  EXPECT_GT(send(next), number) << "numbers are given once";
  settle();
  EXPECT_EQ(received, strings{next});
  assembler.forget(sender_name);
  EXPECT_EQ(assembler.held(sender_name), 0);
}

// What somebody makes by hand.
struct hostile_parts : testing::Test {
  const wire::part_limits limits{.largest = mebibyte, .held = 3 * mebibyte};
  wire::part_assembler assembler{limits};
  const wire::session_id someone{.high = 5, .low = 6};

  part_fate take(std::uint64_t of, std::uint32_t index, std::uint32_t count,
                 std::string_view bytes) {
    return assembler
        .take(someone, {.session = {}, .of = of, .index = index, .count = count, .bytes = bytes})
        .fate;
  }
};

TEST_F(hostile_parts, that_contradict_each_other_are_damage) {
  EXPECT_EQ(take(1, 0, 3, "one"), part_fate::collected);
  EXPECT_EQ(take(1, 1, 4, "two"), part_fate::damaged);
  EXPECT_EQ(take(1, 0, 3, "another"), part_fate::known);
  EXPECT_EQ(take(1, 1, 3, "two"), part_fate::collected);
  EXPECT_EQ(take(1, 2, 3, "three"), part_fate::completed) << "damage does no harm to the others";
  EXPECT_EQ(take(1, 0, 4, "late"), part_fate::damaged);
}

TEST_F(hostile_parts, of_nothing_are_damage) {
  EXPECT_EQ(take(0, 0, 1, "x"), part_fate::damaged);
  EXPECT_EQ(take(1, 0, 0, "x"), part_fate::damaged);
  EXPECT_EQ(take(1, 2, 2, "x"), part_fate::damaged);
  EXPECT_EQ(take(1, 0, 2, ""), part_fate::damaged);
  EXPECT_EQ(assembler.held(someone), 0);
}

TEST_F(hostile_parts, beyond_the_largest_message_are_damage) {
  const std::string large(limits.largest / 2, 'x');
  EXPECT_EQ(take(1, 0, 9, large), part_fate::collected);
  EXPECT_EQ(take(1, 1, 9, large), part_fate::collected);
  EXPECT_EQ(take(1, 2, 9, "x"), part_fate::damaged);
}

TEST_F(hostile_parts, hold_no_more_than_the_limit) {
  const std::string large(limits.largest / 4, 'x');
  for (std::uint64_t of = 1; of <= 40; ++of) {
    EXPECT_EQ(take(of, 0, 2, large), part_fate::collected);
    EXPECT_LE(assembler.held(someone), limits.held);
  }
  EXPECT_EQ(take(1, 1, 2, large), part_fate::known) << "forgotten";
  EXPECT_EQ(take(1, 0, 2, large), part_fate::known) << "and for good";
}

TEST_F(hostile_parts, that_are_tiny_count_with_what_it_costs_to_keep_them) {
  for (std::uint32_t index = 0; index < 1000; ++index) {
    EXPECT_EQ(take(1, index, 0xffffffff, "x"), part_fate::collected);
  }
  EXPECT_GE(assembler.held(someone), 100'000);
  for (std::uint64_t of = 2; of < 1000; ++of) {
    EXPECT_EQ(take(of, 0, 2, "x"), part_fate::collected);
  }
  EXPECT_LE(assembler.held(someone), 16 * 200) << "of the last 16";
}

TEST_F(hostile_parts, of_one_sender_do_no_harm_to_another) {
  EXPECT_EQ(take(~std::uint64_t{0}, 0, 2, "x"), part_fate::collected);
  const wire::session_id other{.high = 7, .low = 8};
  const wire::part one{.session = {}, .of = 1, .index = 0, .count = 1, .bytes = "whole"};
  const wire::part_taken taken = assembler.take(other, one);
  EXPECT_EQ(taken.fate, part_fate::completed);
  EXPECT_EQ(taken.whole, "whole");
}

}  // namespace
}  // namespace parts_tests
