// The link to real servers: what arrives, in which order, and what a fault of a server does to it.
#include "nats/nats_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/link_recorder.hpp"
#include "support/nats_server.hpp"
#include "support/waiting.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::nats::detail::connect_link;
using parwork::nats::detail::link;
using parwork::nats::detail::link_options;
using parwork_test::link_recorder;
using parwork_test::nats_cluster;
using parwork_test::nats_server;

/// A link and what it has heard.
struct linked {
  explicit linked(const std::string& url) : to(connect_link({.url = url}, heard)) {}

  link_recorder heard;
  std::unique_ptr<link> to;
};

std::vector<std::string> bytes_of(const std::vector<link_recorder::heard_message>& messages) {
  std::vector<std::string> bytes;
  for (const auto& each : messages) bytes.push_back(each.bytes);
  return bytes;
}

std::vector<std::string> numbers(int first, int count) {
  std::vector<std::string> texts;
  for (int i = first; i < first + count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

void publish_numbers(link& to, int first, int count) {
  for (const auto& each : numbers(first, count)) to.publish("a.b", each);
}

TEST(nats_link, brings_messages_with_subject_and_reply) {
  const nats_server server;
  linked one(server.url());
  linked other(server.url());
  one.to->subscribe("a.*");
  other.to->publish("a.b", "answer.here", "text");
  other.to->publish("a.c", std::string_view("\0binary", 7));
  const auto messages = one.heard.wait_for_messages(2);
  EXPECT_EQ(messages[0].subject, "a.b");
  EXPECT_EQ(messages[0].reply, "answer.here");
  EXPECT_EQ(messages[0].bytes, "text");
  EXPECT_EQ(messages[1].subject, "a.c");
  EXPECT_EQ(messages[1].reply, "");
  EXPECT_EQ(messages[1].bytes, std::string("\0binary", 7));
}

TEST(nats_link, keeps_the_order_over_subscriptions) {
  const nats_server server;
  linked one(server.url());
  linked other(server.url());
  one.to->subscribe("a.>");
  one.to->subscribe("b");
  one.to->subscribe("c");
  std::vector<std::string> sent;
  for (int i = 0; i < 3000; ++i) {
    sent.push_back(std::to_string(i));
    other.to->publish(i % 3 == 0 ? "a.x.y" : i % 3 == 1 ? "b" : "c", sent.back());
  }
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(sent.size())), sent);
}

TEST(nats_link, brings_nothing_after_unsubscribing) {
  const nats_server server;
  linked one(server.url());
  one.to->subscribe("a");
  one.to->subscribe("b");
  one.to->unsubscribe("a");
  one.to->unsubscribe("never.subscribed");
  one.to->publish("a", "unwanted");
  one.to->publish("b", "wanted");
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(1)), std::vector<std::string>{"wanted"});
}

TEST(nats_link, says_that_nobody_heard) {
  const nats_server server;
  linked one(server.url());
  const std::string inbox = one.to->new_inbox();
  EXPECT_TRUE(inbox.starts_with("_INBOX.")) << inbox;
  EXPECT_NE(inbox, one.to->new_inbox());
  one.to->subscribe(inbox);
  one.to->publish("nobody.is.there", inbox, "?");
  EXPECT_EQ(one.heard.wait_for_unheard(1), std::vector<std::string>{inbox});
}

TEST(nats_link, knows_the_largest_message_and_drops_what_is_larger) {
  const nats_server server({.config = "max_payload: 4096\n"});
  linked one(server.url());
  EXPECT_EQ(one.to->max_payload(), 4096U);
  one.to->subscribe("a");
  one.to->publish("a", std::string(4097, 'x'));
  one.to->publish("a", std::string(4096, 'y'));
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(1)),
            std::vector<std::string>{std::string(4096, 'y')});
  EXPECT_EQ(one.heard.disconnects(), 0);
}

TEST(nats_link, flushes_to_the_server) {
  nats_server server;
  linked one(server.url());
  EXPECT_TRUE(one.to->flush(10s));
  server.freeze();
  EXPECT_FALSE(one.to->flush(1ms));
  server.thaw();
}

TEST(nats_link, lets_a_listener_publish_and_subscribe) {
  class echo : public link_recorder {
   public:
    void message(std::string_view subject, std::string_view reply,
                 std::string_view bytes) noexcept override {
      if (!reply.empty()) {
        to->subscribe("other");
        to->publish(reply, bytes);
      }
      link_recorder::message(subject, reply, bytes);
    }
    link* to = nullptr;
  };
  const nats_server server;
  echo heard;
  const auto echoing = connect_link({.url = server.url()}, heard);
  heard.to = echoing.get();
  echoing->subscribe("question");
  linked asking(server.url());
  asking.to->subscribe("answer");
  asking.to->publish("question", "answer", "x");
  EXPECT_EQ(bytes_of(asking.heard.wait_for_messages(1)), std::vector<std::string>{"x"});
}

TEST(nats_link, calls_nobody_after_close) {
  const nats_server server;
  linked other(server.url());
  parwork_test::gate is_in;
  parwork_test::gate go_on;
  class slow : public link_recorder {
   public:
    slow(parwork_test::gate& in, parwork_test::gate& on) : in_(in), on_(on) {}
    void message(std::string_view, std::string_view, std::string_view) noexcept override {
      in_.open();
      on_.wait();
      calls.add();
    }
    parwork_test::tally calls;

   private:
    parwork_test::gate& in_;
    parwork_test::gate& on_;
  };
  slow heard(is_in, go_on);
  auto closing = connect_link({.url = server.url()}, heard);
  closing->subscribe("a");
  for (int i = 0; i < 10; ++i) other.to->publish("a", "x");
  is_in.wait();
  std::thread opener([&] { go_on.open(); });
  closing->close();
  const auto calls = heard.calls.value();  // the one that went on, and perhaps some behind it
  EXPECT_GE(calls, 1U);
  opener.join();
  other.to->publish("a", "x");
  EXPECT_TRUE(other.to->flush(10s));
  EXPECT_EQ(heard.calls.value(), calls);
  closing.reset();
}

TEST(nats_link, is_back_after_a_kill_of_the_server_and_brings_what_was_published_meanwhile) {
  nats_server server;
  linked one(server.url());
  one.to->subscribe("a.b");
  publish_numbers(*one.to, 0, 10);
  one.heard.wait_for_messages(10);
  server.kill();
  one.heard.wait_for_disconnect();
  EXPECT_FALSE(one.to->is_connected());
  EXPECT_EQ(one.to->buffered(), 0U);
  publish_numbers(*one.to, 10, 1000);
  EXPECT_GT(one.to->buffered(), 1000U);
  one.to->subscribe("late");
  one.to->publish("late", "1010");
  server.restart();
  one.heard.wait_for_reconnect();
  publish_numbers(*one.to, 1011, 10);
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(1021)), numbers(0, 1021));
  EXPECT_TRUE(one.to->is_connected());
  EXPECT_EQ(one.to->buffered(), 0U);
  EXPECT_EQ(one.heard.disconnects(), 1);
}

TEST(nats_link, keeps_no_more_than_64_mib_while_it_is_away) {
  nats_server server;
  linked one(server.url());
  server.kill();
  one.heard.wait_for_disconnect();
  const std::string mib(1 << 20, 'x');
  for (int i = 0; i < 70; ++i) one.to->publish("a", mib);
  EXPECT_LE(one.to->buffered(), 64U << 20);
  EXPECT_GE(one.to->buffered(), 62U << 20);
}

TEST(nats_link, is_back_after_a_stop_of_the_server) {
  nats_server server;
  linked one(server.url());
  one.to->subscribe("a.b");
  server.stop();
  one.heard.wait_for_disconnect();
  server.restart();
  publish_numbers(*one.to, 0, 3);
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(3)), numbers(0, 3));
}

TEST(nats_link, stays_away_for_ever_if_need_be_and_closes_at_once) {
  nats_server server;
  linked one(server.url());
  server.kill();
  one.heard.wait_for_disconnect();
  EXPECT_FALSE(one.to->flush(1ms));
  one.to->close();
}

TEST(nats_link, sees_that_a_server_is_frozen) {
  nats_server server;
  linked one(server.url());
  one.to->subscribe("a.b");
  server.freeze();
  one.heard.wait_for_disconnect();
  publish_numbers(*one.to, 0, 3);
  server.thaw();
  one.heard.wait_for_reconnect();
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(3)), numbers(0, 3));
}

TEST(nats_link, does_not_hang_in_a_publish_to_a_frozen_server) {
  nats_server server;
  linked one(server.url());
  server.freeze();
  const std::string large(1 << 19, 'x');
  while (one.to->is_connected()) one.to->publish("a", large);
  one.heard.wait_for_disconnect();
  EXPECT_GT(one.to->buffered(), 0U);  // the message that did not get away
  server.thaw();
  one.heard.wait_for_reconnect();
}

TEST(nats_link, survives_that_the_server_ends_the_connection_with_an_error) {
  const nats_server server({.config = "max_control_line: 1024\n"});
  linked one(server.url());
  one.to->subscribe("a.b");
  one.to->publish("x" + std::string(1100, 'y'), "a line that is too long");
  one.heard.wait_for_reconnect();
  publish_numbers(*one.to, 0, 2);
  EXPECT_EQ(bytes_of(one.heard.wait_for_messages(2)), numbers(0, 2));
}

TEST(nats_link, goes_to_another_node_of_a_cluster) {
  nats_cluster cluster;
  linked one(cluster.urls());
  one.to->subscribe("a.b");
  for (std::size_t i = 0; i < 3; ++i) {
    linked sender(cluster.node((i + 1) % 3).url());
    cluster.node(i).kill();
    // Messages are lost while the link changes nodes, and routes learn of it: it says when one
    // came.
    const auto before = one.heard.wait_for_messages(0).size();
    while (one.heard.wait_for_messages(0).size() == before) {
      sender.to->publish("a.b", "x");
      EXPECT_TRUE(sender.to->flush(10s));
    }
    cluster.node(i).restart();
    cluster.node(i).wait_for_log("Server is ready", 2);
  }
}

TEST(nats_link, serves_many_threads_at_once) {
  const nats_server server;
  linked one(server.url());
  linked other(server.url());
  one.to->subscribe("a.*");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string subject = "a." + std::to_string(thread);
      for (const auto& each : numbers(0, 500)) other.to->publish(subject, each);
    });
  }
  for (auto& each : threads) each.join();
  const auto messages = one.heard.wait_for_messages(2000);
  for (int thread = 0; thread < 4; ++thread) {
    std::vector<std::string> bytes;
    for (const auto& each : messages) {
      if (each.subject == "a." + std::to_string(thread)) bytes.push_back(each.bytes);
    }
    EXPECT_EQ(bytes, numbers(0, 500));
  }
}

}  // namespace
