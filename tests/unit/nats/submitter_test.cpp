// The submitter's thread: what comes from other threads, and what they may rely on.
#include "nats/submitter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/waiting.hpp"

namespace {

using namespace std::chrono_literals;
namespace nd = parwork::nats::detail;
using parwork_test::tally;

// A server with one worker, which does each batch at once, on the thread that publishes it.
class echoing_link final : public nd::link {
 public:
  void subscribe(const std::string&) override {}
  void unsubscribe(const std::string&) noexcept override {}
  void publish(std::string_view subject, std::string_view bytes) override {
    publish(subject, {}, bytes);
  }
  void publish(std::string_view, std::string_view, std::string_view bytes) override {
    nd::submitter* const to = submitter_.load();
    if (to == nullptr) return;
    const nd::decoded got = nd::decode(bytes);
    if (const auto* one = std::get_if<nd::batch>(&*got.what)) {
      if (answers_.load()) answer(*to, *one);
      batches.add();
    } else if (const auto* asked = std::get_if<nd::poll>(&*got.what)) {
      say(*to, state(asked->number));
    } else if (std::holds_alternative<nd::call>(*got.what)) {
      say(*to, state(0));
      calls.add();
    } else if (std::holds_alternative<nd::farewell>(*got.what)) {
      farewells.add();
    }
  }
  bool flush(std::chrono::nanoseconds) noexcept override { return true; }
  [[nodiscard]] std::string new_inbox() override { return "_INBOX.x"; }
  [[nodiscard]] std::size_t max_payload() const noexcept override { return 1 << 20; }
  [[nodiscard]] std::size_t buffered() const noexcept override { return 0; }
  [[nodiscard]] bool is_connected() const noexcept override { return true; }
  void close() noexcept override {}

  void serve(nd::submitter& to) { submitter_.store(&to); }
  void stop_answering() { answers_.store(false); }

  tally batches;
  tally calls;
  tally farewells;

 private:
  [[nodiscard]] static nd::state state(std::uint64_t poll) {
    return {.poll = poll, .worker = {1, 1}, .host = "host", .pid = 17, .threads = 2};
  }
  static void say(nd::submitter& to, const nd::message& what) {
    std::string frame;
    nd::encode(what, frame);
    to.message(nd::subjects("pw").to_submitter({7, 7}, {1, 1}), {}, frame);
  }
  static void answer(nd::submitter& to, const nd::batch& one) {
    nd::result what{.batch = one.number, .thread = 1, .began = 0, .took = 1000, .outcomes = {}};
    for (const nd::batch_item& item : one.items) what.outcomes.push_back({.result = item.bytes});
    say(to, what);
  }

  std::atomic<nd::submitter*> submitter_{nullptr};
  std::atomic<bool> answers_{true};
};

// How often each item of some spans has ended, and how.
struct thread_books {
  explicit thread_books(std::size_t items) : succeeded(items), failed(items) {}
  std::vector<std::atomic<int>> succeeded;
  std::vector<std::atomic<int>> failed;
  tally finished;  // items
  tally errors;
  tally abandoned;
};

class counted_span final : public nd::outgoing_span {
 public:
  counted_span(thread_books& books, std::uint64_t first, std::uint32_t count) : books_(books) {
    first_index = first;
    for (std::uint32_t i = 0; i < count; ++i) {
      bytes += "item";
      ends.push_back(4 * (i + 1));
    }
  }
  ~counted_span() override {
    if (!is_ended_) books_.abandoned.add();
  }
  void succeed(std::size_t item, std::string_view) noexcept override {
    books_.succeeded[first_index + item].fetch_add(1);
  }
  void fail(std::size_t item, parwork::failure) noexcept override {
    books_.failed[first_index + item].fetch_add(1);
  }
  void finish() noexcept override {
    is_ended_ = true;
    books_.finished.add(size());
  }
  void end_run(std::exception_ptr) noexcept override {
    is_ended_ = true;
    books_.errors.add();
  }
  [[nodiscard]] std::stop_token stop_token() const override { return token; }

  std::stop_token token;

 private:
  thread_books& books_;
  bool is_ended_ = false;
};

nd::submitter_settings quick_settings() {
  return {.session = {7, 7}, .work = "w", .heartbeat = 5ms, .lost_after = 1h};
}

TEST(submitter, does_what_many_threads_submit_each_item_once) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t spans = 200;
  constexpr std::uint32_t items = 5;
  thread_books books(threads * spans * items);
  echoing_link link;
  nd::submitter one(quick_settings(), link, {});
  link.serve(one);
  one.run_begins(nullptr);
  {
    std::vector<std::jthread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        for (std::size_t i = 0; i < spans; ++i) {
          one.submit(std::make_unique<counted_span>(books, (t * spans + i) * items, items));
        }
      });
    }
  }
  books.finished.wait_for(threads * spans * items);
  one.run_ends();
  for (const auto& count : books.succeeded) EXPECT_EQ(count.load(), 1);
  EXPECT_EQ(one.workers().size(), 1U);
  EXPECT_GE(one.longest_wanted(), 1U);
}

TEST(submitter, is_for_one_run_at_a_time) {
  echoing_link link;
  nd::submitter one(quick_settings(), link, {});
  one.run_begins(nullptr);
  EXPECT_THROW(one.run_begins(nullptr), std::logic_error);
  one.run_ends();
  EXPECT_NO_THROW(one.run_begins(nullptr));
  one.run_ends();
}

TEST(submitter, goes_on_calling_without_anybody_asking_it) {
  echoing_link link;
  nd::submitter one(quick_settings(), link, {});
  link.serve(one);
  link.calls.wait_for(3);
}

TEST(submitter, ends_what_is_stopped_from_another_thread) {
  thread_books books(3);
  echoing_link link;  // nobody serves
  nd::submitter one(quick_settings(), link, {});
  one.run_begins(nullptr);
  std::stop_source stop;
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto span = std::make_unique<counted_span>(books, i, 1);
    span->token = stop.get_token();
    if (i == 2) stop.request_stop();  // one is stopped before it comes
    one.submit(std::move(span));
  }
  books.finished.wait_for(3);
  for (const auto& count : books.failed) EXPECT_EQ(count.load(), 1);
  one.run_ends();
}

TEST(submitter, what_on_event_throws_ends_the_run) {
  thread_books books(1);
  echoing_link link;
  link.stop_answering();
  nd::submitter one(quick_settings(), link, [](const parwork::nats::event& what) {
    if (what.what == parwork::nats::event::kind::worker_joined) throw std::runtime_error("no");
  });
  one.run_begins(nullptr);
  one.submit(std::make_unique<counted_span>(books, 0, 1));
  link.serve(one);
  books.errors.wait_for(1);
  one.run_ends();
}

TEST(submitter, tells_events_and_on_event_may_ask_for_the_workers) {
  tally joined;
  std::atomic<nd::submitter*> asked{nullptr};
  std::atomic<std::size_t> seen{0};
  echoing_link link;
  nd::submitter one(quick_settings(), link, [&](const parwork::nats::event&) {
    seen = asked.load()->workers().size();
    joined.add();
  });
  asked.store(&one);
  link.serve(one);
  joined.wait_for(1);
  EXPECT_EQ(seen.load(), 1U);
}

TEST(submitter, abandons_what_is_open_and_says_farewell_at_its_end) {
  thread_books books(1);
  echoing_link link;
  link.stop_answering();
  {
    nd::submitter one(quick_settings(), link, {});
    one.run_begins(nullptr);
    link.serve(one);
    one.submit(std::make_unique<counted_span>(books, 0, 1));
    link.batches.wait_for(1);
  }
  EXPECT_EQ(books.abandoned.value(), 1U);
  EXPECT_EQ(link.farewells.value(), 1U);
}

TEST(submitter, ignores_what_is_for_others) {
  echoing_link link;
  nd::submitter one(quick_settings(), link, {});
  one.message("", "", "");
  one.message("other.here", "", "");
  one.message(nd::subjects("pw").to_submitter({8, 8}, {1, 1}), "", "x");
  one.no_responders("_INBOX.x");
  one.no_responders(nd::subjects("pw").to_submitter({8, 8}, {1, 1}));
  one.message(nd::subjects("pw").job("j"), "reply", "x");
  EXPECT_TRUE(one.workers().empty());
}

TEST(submitter, records_a_lane_for_each_thread_of_a_worker_while_the_run_goes_on) {
  thread_books books(100);
  echoing_link link;
  parwork::recorder record;
  record.begin({.workers = 1});
  nd::submitter one(quick_settings(), link, {});
  link.serve(one);
  link.calls.wait_for(2);  // polls have been answered
  one.run_begins(&record);
  for (std::uint64_t i = 0; i < 100; ++i) {
    one.submit(std::make_unique<counted_span>(books, i, 1));
  }
  books.finished.wait_for(100);
  one.run_ends();
  EXPECT_NO_THROW((void)record.finish({.succeeded = 100}));
}

}  // namespace
