#include "support/fake_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using parwork_test::fake_bus;
using parwork_test::fake_link;
using parwork_test::fits_subject;
using heard_lines = std::vector<std::string>;

// Writes down what it hears.
class link_scribe : public parwork::nats::detail::link_listener {
 public:
  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override {
    heard.push_back(std::string(subject) + (reply.empty() ? "" : " re ") + std::string(reply) +
                    ": " + std::string(bytes));
  }
  void no_responders(std::string_view reply) noexcept override {
    heard.push_back("nobody for " + std::string(reply));
  }
  void disconnected() noexcept override { heard.emplace_back("disconnected"); }
  void reconnected() noexcept override { heard.emplace_back("reconnected"); }
  void refused(std::exception_ptr) noexcept override { heard.emplace_back("refused"); }

  heard_lines take() { return std::exchange(heard, {}); }

  heard_lines heard;
};

struct fake_links : testing::Test {
  fake_bus bus;
  link_scribe a_hears, b_hears;
  fake_link a{bus, &a_hears};
  fake_link b{bus, &b_hears};
};

TEST_F(fake_links, fit_subjects_to_patterns) {
  EXPECT_TRUE(fits_subject("pw.here", "pw.here"));
  EXPECT_FALSE(fits_subject("pw.here", "pw.her"));
  EXPECT_FALSE(fits_subject("pw.here", "pw"));
  EXPECT_FALSE(fits_subject("pw", "pw.here"));
  EXPECT_TRUE(fits_subject("pw.*.x", "pw.s.x"));
  EXPECT_FALSE(fits_subject("pw.*", "pw.s.x"));
  EXPECT_TRUE(fits_subject("pw.>", "pw.s.x"));
  EXPECT_FALSE(fits_subject("pw.s.>", "pw.s"));
}

TEST_F(fake_links, deliver_in_order_and_only_when_told) {
  b.subscribe("to.*");
  a.publish("to.b", "1");
  a.publish("to.nobody.at.all", "-");
  a.publish("to.x", "2");
  a.publish("to.b", "answer.here", "3");
  EXPECT_EQ(b_hears.heard, heard_lines{});
  EXPECT_TRUE(bus.deliver_one());
  EXPECT_EQ(b_hears.heard, heard_lines{"to.b: 1"});
  EXPECT_EQ(bus.deliver_all(), 2);
  EXPECT_EQ(b_hears.heard, (heard_lines{"to.b: 1", "to.x: 2", "to.b re answer.here: 3"}));
  EXPECT_FALSE(bus.deliver_one());
  EXPECT_EQ(bus.sent(), 4);
  EXPECT_EQ(bus.sent("to.b"), 2);
  EXPECT_EQ(bus.sent_bytes("to.*"), 3);
}

TEST_F(fake_links, tell_whom_a_request_found_nobody) {
  a.publish("to.b", "answer.a", "not subscribed to it, so it hears nothing");
  a.subscribe("answer.*");
  a.publish("to.b", "answer.a", "?");
  bus.deliver_all();
  EXPECT_EQ(a_hears.take(), heard_lines{"nobody for answer.a"});

  b.subscribe("to.b");
  a.publish("to.b", "answer.a", "?");
  bus.kill(b);
  a.publish("to.b", "answer.a", "?");
  bus.deliver_all();
  EXPECT_EQ(a_hears.take(), heard_lines{"nobody for answer.a"}) << "of the second alone";
  EXPECT_EQ(b_hears.heard, heard_lines{});
}

TEST_F(fake_links, lose_what_a_test_wants_lost) {
  b.subscribe("to.b");
  bus.decide([](const parwork_test::fake_message& each) {
    return each.bytes == "2" ? parwork_test::fake_fate::is_lost : parwork_test::fake_fate::arrives;
  });
  for (const char* each : {"1", "2", "3", "4"}) a.publish("to.b", each);
  EXPECT_TRUE(bus.lose_one());
  bus.deliver_all();
  EXPECT_EQ(b_hears.take(), (heard_lines{"to.b: 3", "to.b: 4"}));
  a.publish("to.b", "5");
  bus.lose_all();
  EXPECT_EQ(bus.deliver_all(), 0);
}

TEST_F(fake_links, that_are_cut_keep_what_they_publish_up_to_their_limit) {
  b.subscribe("to.b");
  a.subscribe("to.a");
  a.set_buffer_limit(5);
  b.publish("to.a", "lost on its way");
  bus.cut(a);
  EXPECT_FALSE(a.is_connected());
  EXPECT_FALSE(a.flush({}));
  a.publish("to.b", "1234");
  a.publish("to.b", "56");
  EXPECT_EQ(a.buffered(), 4);
  EXPECT_EQ(a.dropped(), 1);
  b.publish("to.a", "lost, for nobody is there");
  bus.deliver_all();
  EXPECT_EQ(a_hears.take(), heard_lines{"disconnected"});
  bus.mend(a);
  b.publish("to.a", "again");
  bus.deliver_all();
  EXPECT_EQ(a_hears.take(), (heard_lines{"reconnected", "to.a: again"}));
  EXPECT_EQ(b_hears.take(), heard_lines{"to.b: 1234"});
  EXPECT_EQ(a.buffered(), 0);

  bus.cut_all();
  a.publish("to.b", "7");
  bus.mend_all(parwork_test::fake_buffer::is_lost);
  bus.deliver_all();
  EXPECT_EQ(b_hears.take(), (heard_lines{"disconnected", "reconnected"}));
}

TEST_F(fake_links, that_are_frozen_hear_it_later) {
  b.subscribe("to.b");
  a.subscribe("answer");
  bus.freeze(b);
  a.publish("to.b", "answer", "1");
  EXPECT_EQ(bus.deliver_all(), 0) << "nor is there a word that nobody is there";
  EXPECT_EQ(bus.on_their_way(), 1);
  b.publish("answer", "what it had sent before");
  EXPECT_EQ(bus.deliver_all(), 1);
  bus.thaw(b);
  bus.deliver_all();
  EXPECT_EQ(b_hears.heard, heard_lines{"to.b re answer: 1"});
}

TEST_F(fake_links, refuse_what_is_forbidden_or_too_large) {
  bus.forbid(a, "secret.>");
  a.publish("secret.x", "1");
  a.subscribe("secret.y");
  bus.deliver_all();
  EXPECT_EQ(a_hears.heard, (heard_lines{"refused", "refused"}));
  EXPECT_TRUE(a.patterns().empty());
  bus.set_max_payload(4);
  EXPECT_EQ(a.max_payload(), 4);
  a.publish("open", "1234");
  EXPECT_THROW(a.publish("open", "12345"), std::length_error);
}

TEST_F(fake_links, that_are_closed_or_gone_hear_nothing) {
  b.subscribe("to.b");
  a.publish("to.b", "1");
  b.close();
  bus.deliver_all();
  EXPECT_EQ(b_hears.heard, heard_lines{});
  EXPECT_FALSE(b.is_connected());
  {
    fake_link c(bus, &a_hears);
    c.subscribe("to.c");
    a.publish("to.c", "1");
  }
  EXPECT_EQ(bus.deliver_all(), 0);
}

TEST_F(fake_links, with_a_seed_keep_the_order_of_each_sender_and_subject_alone) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto play = [](std::uint64_t with) {
    fake_bus mixed(with);
    link_scribe hears;
    fake_link one(mixed), two(mixed), listening(mixed, &hears);
    listening.subscribe(">");
    for (int i = 0; i < 50; ++i) {
      one.publish("one.x", std::to_string(1000 + i));
      one.publish("one.y", std::to_string(1000 + i));
      two.publish("two", std::to_string(1000 + i));
    }
    mixed.deliver_all();
    return hears.heard;
  };
  const heard_lines heard = play(seed);
  EXPECT_EQ(heard.size(), 150);
  for (const std::string_view from : {"one.x", "one.y", "two"}) {
    heard_lines some;
    for (const std::string& each : heard) {
      if (each.starts_with(from)) some.push_back(each);
    }
    EXPECT_TRUE(std::ranges::is_sorted(some));
  }
  EXPECT_EQ(heard, play(seed));
  EXPECT_NE(heard, play(seed + 1)) << "50 of each, and the same order twice";
}

// Who answers each message by another.
class endless_echo final : public link_scribe {
 public:
  void message(std::string_view, std::string_view, std::string_view) noexcept override {
    to->publish("to.b", "again");
  }
  fake_link* to = nullptr;
};

TEST_F(fake_links, find_out_that_listeners_answer_each_other_for_ever) {
  endless_echo forever;
  forever.to = &b;
  b.set_listener(&forever);
  b.subscribe("to.b");
  a.publish("to.b", "first");
  EXPECT_THROW(bus.deliver_all(1000), std::runtime_error);
}

}  // namespace
