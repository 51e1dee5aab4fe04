// The worker with its threads, over a bus in this process and over a real server.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "nats/messages.hpp"
#include "nats/nats_link.hpp"
#include "nats/session_id.hpp"
#include "nats/subjects.hpp"
#include "parwork/codec.hpp"
#include "parwork/context.hpp"
#include "parwork/nats_errors.hpp"
#include "parwork/nats_worker.hpp"
#include "parwork/per_worker.hpp"
#include "support/live_bus.hpp"
#include "support/nats_server.hpp"
#include "support/waiting.hpp"

namespace worker_test {

using namespace std::chrono_literals;
using namespace parwork::nats::detail;
using parwork::nats::worker;
using parwork::nats::worker_options;
using parwork_test::gate;
using parwork_test::live_bus;
using parwork_test::live_link;
using parwork_test::tally;

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes;
  parwork::codec<T>::encode(value, bytes);
  return bytes;
}

// A submitter of ints: gives out, and waits for what comes.
class talker final : public link_listener {
 public:
  using make = std::function<std::unique_ptr<parwork::nats::detail::link>(link_listener&)>;
  explicit talker(const make& make_link, std::string job = {})
      : job_(std::move(job)), link_(make_link(*this)) {
    link_->subscribe(names_.all_to_submitter(id));
    link_->subscribe(names_.here());
  }
  ~talker() { link_->close(); }

  void message(std::string_view, std::string_view, std::string_view bytes) noexcept override {
    const std::lock_guard lock(mutex_);
    frames_.push_back(std::make_unique<std::string>(bytes));
    decoded its = decode(*frames_.back());
    if (its.what.has_value()) heard_.push_back(std::move(*its.what));
    changed_.notify_all();
  }
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override {}
  void reconnected() noexcept override {}
  void refused(std::exception_ptr) noexcept override {}

  // Waits for a message that fits.
  template <class Message>
  Message wait_for(const std::function<bool(const Message&)>& fits = {}) {
    std::unique_lock lock(mutex_);
    std::optional<Message> found;
    changed_.wait(lock, [&] {
      for (const auto& each : heard_) {
        const auto* its = std::get_if<Message>(&each);
        if (its != nullptr && (!fits || fits(*its))) found = *its;
      }
      return found.has_value();
    });
    return *found;
  }
  result result_of(std::uint64_t batch) {
    return wait_for<result>([batch](const result& its) { return its.batch == batch; });
  }

  // Until a worker answers.
  session_id find_worker() {
    call();
    while (!wait_for_here_or_state()) call();
    worker_ = wait_for<state>().worker;
    return worker_;
  }
  void call() {
    parwork::nats::detail::call its{.session = id,
                                    .job = job_,
                                    .work = "work",
                                    .item_codec = codec_identity<int>(),
                                    .result_codec = codec_identity<int>(),
                                    .heartbeat = 1s,
                                    .lost_after = 100s};
    publish(names_.call("work"), std::move(its));
  }
  void give(std::uint64_t number, const std::vector<int>& items, care how = care::none) {
    std::vector<std::string> encoded;
    for (const int each : items) encoded.push_back(bytes_of(each));
    batch its{.session = id, .number = number, .how = how};
    for (const auto& each : encoded) its.items.push_back({its.items.size(), 1, each});
    say(std::move(its));
  }
  void say(parwork::nats::detail::message&& its) {
    publish(names_.to_worker(worker_), std::move(its));
  }

  const session_id id = session_id::make();

 private:
  void publish(const std::string& subject, parwork::nats::detail::message&& its) {
    std::string frame;
    encode(its, frame);
    link_->publish(subject, names_.to_submitter(id, worker_), frame);
  }
  // False: it is here, and has not been called.
  bool wait_for_here_or_state() {
    std::unique_lock lock(mutex_);
    bool is_answered = false;
    changed_.wait(lock, [&] {
      std::size_t heres = 0;
      for (const auto& each : heard_) {
        is_answered = is_answered || std::holds_alternative<state>(each);
        if (std::holds_alternative<here>(each)) ++heres;
      }
      return is_answered || heres > std::exchange(seen_heres_, heres);
    });
    return is_answered;
  }

  const subjects names_{"pw"};
  const std::string job_;
  session_id worker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<parwork::nats::detail::message> heard_;
  std::vector<std::unique_ptr<std::string>> frames_;
  std::size_t seen_heres_ = 0;
  std::unique_ptr<parwork::nats::detail::link> link_;
};

class worker_with_threads : public testing::Test {
 protected:
  std::unique_ptr<worker> make(worker_options options = {.workers = 2}) {
    return std::make_unique<worker>(std::move(options),
                                    [this](const worker_options&, link_listener& listener) {
                                      return std::make_unique<live_link>(bus_, listener);
                                    });
  }
  talker::make on_bus() {
    return [this](link_listener& listener) { return std::make_unique<live_link>(bus_, listener); };
  }

  live_bus bus_;
};

int twice(int i) { return 2 * i; }

// Runs a worker on a thread of its own until it is told to stop, or goes.
class running {
 public:
  explicit running(worker& its)
      : thread_([&its, this](const std::stop_token& stop) {
          try {
            its.run(stop);
          } catch (...) {
            error = std::current_exception();
          }
          ended.open();
        }) {}
  void stop() { thread_.request_stop(); }
  void join() { thread_.join(); }

  std::exception_ptr error;
  gate ended;

 private:
  std::jthread thread_;
};

TEST_F(worker_with_threads, executes_what_it_serves) {
  const auto its = make();
  its->serve<int, int>("work", twice);
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1, 2, 3});
  const result answer = one.result_of(1);
  ASSERT_EQ(answer.outcomes.size(), 3U);
  EXPECT_EQ(answer.outcomes[2].result, bytes_of(6));
  EXPECT_GE(answer.thread, 1U);
  one.say(taken{one.id, {1}});
  run.stop();
  run.join();
  EXPECT_EQ(run.error, nullptr);
  EXPECT_TRUE(one.wait_for<goodbye>([](const goodbye& bye) { return bye.is_gone; }).is_gone);
}

TEST_F(worker_with_threads, executes_as_many_batches_at_once_as_it_has_threads) {
  const auto its = make({.workers = 3});
  parwork_test::rendezvous all(3);
  its->serve<int, int>("work", [&all](int i) {
    all.arrive_and_wait();
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  for (std::uint64_t number = 1; number <= 3; ++number) one.give(number, {1});
  for (std::uint64_t number = 1; number <= 3; ++number) one.result_of(number);
  one.say(taken{one.id, {1, 2, 3}});
}

TEST_F(worker_with_threads, works_through_many_batches) {
  const auto its = make();
  std::atomic<int> calls{0};
  its->serve<int, int>("work", [&calls](int i) {
    ++calls;
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  constexpr std::uint64_t batches = 500;
  for (std::uint64_t number = 1; number <= batches; ++number) one.give(number, {1, 2});
  for (std::uint64_t number = 1; number <= batches; ++number) {
    one.result_of(number);
    one.say(taken{one.id, {number}});
  }
  EXPECT_EQ(calls, 1000);
}

TEST_F(worker_with_threads, asks_what_runs_to_stop_when_it_is_cancelled) {
  const auto its = make();
  gate begun;
  its->serve<int, int>("work", [&begun](int i, parwork::context& about) {
    begun.open();
    parwork_test::wait_for_stop(about.stop_token());
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1, 2});
  begun.wait();
  one.say(cancel{one.id, {1}});
  const result answer = one.result_of(1);
  EXPECT_EQ(answer.outcomes.at(0).kind, outcome_kind::result);
  EXPECT_EQ(answer.outcomes.at(1).kind, outcome_kind::not_started);
  one.say(taken{one.id, {1}});
}

TEST_F(worker_with_threads, announces_a_careful_batch) {
  const auto its = make();
  its->serve<int, int>("work", twice);
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1}, care::careful);
  EXPECT_EQ(one.wait_for<started>().batch, 1U);
  EXPECT_EQ(one.result_of(1).outcomes.at(0).result, bytes_of(2));
  one.say(taken{one.id, {1}});
}

TEST_F(worker_with_threads, begins_a_careful_batch_when_it_can_be_announced) {
  const auto its = make();
  gate begun;
  its->serve<int, int>("work", [&begun](int i) {
    begun.open();
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  gate blocked;
  one.give(1, {1});  // known to be there
  one.result_of(1);
  one.say(taken{one.id, {1}});
  bus_.cut();
  bus_.mend();
  one.give(2, {1}, care::careful);
  begun.wait();
  one.result_of(2);
  one.say(taken{one.id, {2}});
}

TEST_F(worker_with_threads, finishes_what_runs_when_it_is_stopped) {
  const auto its = make();
  gate begun;
  gate may_end;
  std::atomic<int> calls{0};
  its->serve<int, int>("work", [&](int i) {
    ++calls;
    begun.open();
    may_end.wait();
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1, 2});
  begun.wait();
  run.stop();
  one.wait_for<goodbye>();
  may_end.open();
  const result answer = one.result_of(1);
  EXPECT_EQ(answer.outcomes.at(0).kind, outcome_kind::result);
  EXPECT_EQ(answer.outcomes.at(1).kind, outcome_kind::not_started);
  EXPECT_FALSE(run.ended.is_open()) << "its result is not taken";
  one.say(taken{one.id, {1}});
  run.join();
  EXPECT_EQ(calls, 1);
}

TEST_F(worker_with_threads, leaves_at_once_when_it_is_told_again) {
  const auto its = make();
  gate begun;
  its->serve<int, int>("work", [&](int i, parwork::context& about) {
    begun.open();
    parwork_test::wait_for_stop(about.stop_token());
    return i;
  });
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1});
  begun.wait();
  run.stop();
  one.wait_for<goodbye>();
  leave_at_once(*its);
  run.join();
  EXPECT_TRUE(one.wait_for<goodbye>([](const goodbye& bye) { return bye.is_gone; }).is_gone);
}

TEST_F(worker_with_threads, returns_when_it_is_idle_for_idle_exit) {
  const auto its = make({.workers = 1, .idle_exit = 1ms});
  its->serve<int, int>("work", twice);
  its->run();
}

TEST_F(worker_with_threads, runs_again_with_another_name) {
  const auto its = make({.workers = 1});
  its->serve<int, int>("work", twice);
  session_id first;
  for (int i = 0; i < 2; ++i) {
    running run(*its);
    talker one(on_bus());
    const session_id now = one.find_worker();
    EXPECT_NE(now, first);
    first = now;
    one.give(1, {4});
    EXPECT_EQ(one.result_of(1).outcomes.at(0).result, bytes_of(8));
    one.say(taken{one.id, {1}});
  }
}

TEST_F(worker_with_threads, destroys_states_before_run_returns) {
  const auto alive = std::make_shared<int>(0);
  const auto its = make();
  its->serve<int, int>("work", parwork::per_worker([alive] { return alive; },
                                                   [](std::shared_ptr<int>&, int i) { return i; }));
  const auto before = alive.use_count();
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  one.give(1, {1});
  one.result_of(1);
  one.say(taken{one.id, {1}});
  EXPECT_GT(alive.use_count(), before);
  run.stop();
  run.join();
  EXPECT_EQ(alive.use_count(), before);
}

TEST_F(worker_with_threads, throws_disconnected_after_give_up_after) {
  const auto its = make({.workers = 1, .give_up_after = 1ms});
  its->serve<int, int>("work", twice);
  running run(*its);
  talker one(on_bus());
  one.find_worker();
  bus_.cut();
  run.join();
  EXPECT_THROW(std::rethrow_exception(run.error), parwork::nats::disconnected);
}

TEST_F(worker_with_threads, throws_access_denied_where_a_subscription_is_refused) {
  bus_.forbid("pw.call.*");
  const auto its = make();
  its->serve<int, int>("work", twice);
  EXPECT_THROW(its->run(), parwork::nats::access_denied);
}

TEST_F(worker_with_threads, refuses_misuse) {
  const auto its = make();
  EXPECT_THROW(its->run(), std::logic_error) << "nothing is served";
  its->serve<int, int>("work", twice);
  EXPECT_THROW((its->serve<int, int>("work", twice)), std::logic_error);
  EXPECT_THROW((its->serve<int, int>("two words", twice)), std::invalid_argument);
  EXPECT_THROW((its->serve<int, int>("null", std::function<int(int)>())), std::invalid_argument);
  EXPECT_THROW(make({.prefix = ""}), std::invalid_argument);

  running run(*its);
  talker one(on_bus());
  one.find_worker();
  EXPECT_THROW((its->serve<int, int>("late", twice)), std::logic_error);
  EXPECT_THROW(its->run(), std::logic_error);
}

TEST(worker_on_a_server, executes_what_it_serves) {
  const parwork_test::nats_server server;
  worker its({.url = server.url(), .workers = 2});
  its.serve<int, int>("work", twice);
  running run(its);
  talker one(
      [&server](link_listener& listener) { return connect_link({.url = server.url()}, listener); });
  one.find_worker();
  one.give(1, {1, 2, 3}, care::careful);
  EXPECT_EQ(one.wait_for<started>().batch, 1U);
  EXPECT_EQ(one.result_of(1).outcomes.at(2).result, bytes_of(6));
  one.say(taken{one.id, {1}});
  run.stop();
  run.join();
  EXPECT_TRUE(one.wait_for<goodbye>([](const goodbye& bye) { return bye.is_gone; }).is_gone);
}

TEST(worker_on_a_server, says_that_none_is_there) {
  EXPECT_THROW(worker({.url = "nats://127.0.0.1:1", .connect_timeout = 100ms}),
               parwork::nats::unreachable);
}

}  // namespace worker_test
