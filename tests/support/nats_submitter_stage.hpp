// A submitter's state machine on a fake bus, with a clock of the test's and a run that keeps books.
//
// Thread safety: one thread.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/submitter_machine.hpp"
#include "support/fake_link.hpp"

namespace parwork_test {

namespace nd = parwork::nats::detail;

/// What became of the items of a run, by index.
struct run_books {
  struct ended {
    std::optional<std::string> result;  // else it failed
    parwork::failure_kind why = parwork::failure_kind::error;
    std::string message = {};
  };
  std::map<std::uint64_t, ended> ends;
  std::size_t finished_spans = 0;
  std::size_t dropped_spans = 0;  // destroyed without an end
  std::exception_ptr error;       // end_run's
  std::size_t errors = 0;

  [[nodiscard]] std::size_t succeeded() const {
    std::size_t count = 0;
    for (const auto& [index, end] : ends) count += end.result.has_value() ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::size_t failed_by(parwork::failure_kind why) const {
    std::size_t count = 0;
    for (const auto& [index, end] : ends) count += !end.result && end.why == why ? 1 : 0;
    return count;
  }
  /// The message of the run's error; fails where there is none of that type.
  template <class Error>
  [[nodiscard]] std::string error_text() const {
    if (!error) return "no error";
    try {
      std::rethrow_exception(error);
    } catch (const Error& caught) {
      return caught.what();
    } catch (...) {
      return "another error";
    }
  }
};

class booked_span final : public nd::outgoing_span {
 public:
  booked_span(run_books& books, std::uint64_t first, const std::vector<std::string>& items)
      : books_(books) {
    first_index = first;
    for (const std::string& item : items) {
      bytes += item;
      ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
  }
  ~booked_span() override {
    if (!has_ended_) ++books_.dropped_spans;
  }

  void succeed(std::size_t item, std::string_view result) noexcept override {
    end(item, {.result = std::string(result)});
  }
  void fail(std::size_t item, parwork::failure why) noexcept override {
    end(item, {.result = {}, .why = why.kind(), .message = why.message()});
  }
  void finish() noexcept override {
    EXPECT_EQ(ended_, size()) << "a span was finished before its items";
    EXPECT_FALSE(std::exchange(has_ended_, true));
    ++books_.finished_spans;
  }
  void end_run(std::exception_ptr error) noexcept override {
    EXPECT_FALSE(std::exchange(has_ended_, true));
    ++books_.errors;
    if (!books_.error) books_.error = std::move(error);
  }
  [[nodiscard]] std::stop_token stop_token() const override { return stop.get_token(); }

  std::stop_source stop;

 private:
  void end(std::size_t item, run_books::ended how) {
    EXPECT_LT(item, size());
    ++ended_;
    const bool is_new = books_.ends.emplace(first_index + item, std::move(how)).second;
    EXPECT_TRUE(is_new) << "item " << first_index + item << " has two outcomes";
  }

  run_books& books_;
  std::size_t ended_ = 0;
  bool has_ended_ = false;
};

/// Tells the machine what its link hears, at the test's time.
class submitter_stage final : private nd::link_listener,
                              private nd::stop_listener,
                              private nd::machine_observer {
 public:
  explicit submitter_stage(nd::submitter_settings how = {}, fake_bus* shared = nullptr)
      : settings(fill(std::move(how))),
        own_bus_(shared == nullptr ? std::make_unique<fake_bus>() : nullptr),
        bus(shared == nullptr ? *own_bus_ : *shared),
        link(bus, this),
        machine(settings, link, *this, *this, now) {
    link.subscribe(names.all_to_submitter(settings.session));
    link.subscribe(names.here());
    machine.run_begins(now);
  }

  /// Items of these bytes, one span.
  std::stop_source submit(const std::vector<std::string>& items,
                          std::optional<nd::time_point> deadline = {}) {
    auto span = std::make_unique<booked_span>(books, submitted, items);
    span->deadline = deadline;
    const std::stop_source stop = span->stop;
    submitted += items.size();
    machine.submit(std::move(span));
    return stop;
  }
  /// So many spans of one item each.
  void submit_singly(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) submit({"item " + std::to_string(submitted)});
  }
  /// One span of so many items.
  void submit_together(std::size_t count) {
    std::vector<std::string> items;
    for (std::size_t i = 0; i < count; ++i)
      items.push_back("item " + std::to_string(submitted + i));
    submit(items);
  }

  /// Delivers until nobody says anything more.
  void settle() {
    do {
      machine.settle(now);
    } while (bus.deliver_all() > 0);
  }
  /// A heartbeat later.
  void beat(unsigned times = 1) {
    for (unsigned i = 0; i < times; ++i) {
      now += settings.heartbeat;
      machine.tick(now);
      settle();
    }
  }
  /// Time passes, and the machine is called at each of its deadlines.
  void pass(std::chrono::nanoseconds time) {
    const nd::time_point end = now + time;
    while (machine.next_deadline() <= end) {
      now = std::max(now, machine.next_deadline());
      machine.tick(now);
      settle();
    }
    now = end;
    machine.tick(now);
    settle();
  }

  [[nodiscard]] std::size_t events_of(parwork::nats::event::kind what) const {
    std::size_t count = 0;
    for (const auto& one : events) count += one.what == what ? 1 : 0;
    return count;
  }

  const nd::submitter_settings settings;
  const nd::subjects names{"pw"};
  nd::time_point now{std::chrono::hours(1)};
  run_books books;
  std::uint64_t submitted = 0;
  std::vector<parwork::nats::event> events;
  std::vector<nd::executed_items> executions;
  bool is_recorded = false;

 private:
  std::unique_ptr<fake_bus> own_bus_;

 public:
  fake_bus& bus;
  fake_link link;
  nd::submitter_machine machine;

 private:
  static nd::submitter_settings fill(nd::submitter_settings how) {
    if (how.session == nd::session_id{}) how.session = {7, 7};
    if (how.work.empty()) how.work = "w";
    return how;
  }

  void message(std::string_view subject, std::string_view,
               std::string_view bytes) noexcept override {
    const auto parts = names.take_apart(subject);
    ASSERT_TRUE(parts.has_value()) << subject;
    if (parts->kind == nd::subject_kind::here) {
      machine.a_worker_is_here();
    } else {
      machine.heard(parts->worker, bytes, now);
    }
  }
  void no_responders(std::string_view reply) noexcept override {
    machine.no_responders(names.take_apart(reply)->worker, now);
  }
  void disconnected() noexcept override { machine.disconnected(now); }
  void reconnected() noexcept override { machine.reconnected(now); }
  void refused(std::exception_ptr why) noexcept override { machine.refused(std::move(why)); }
  void span_stops(nd::span_number which) noexcept override { machine.span_stops(which); }
  void happened(parwork::nats::event what) override { events.push_back(std::move(what)); }
  [[nodiscard]] bool does_record() const noexcept override { return is_recorded; }
  void executed(const nd::remote_execution& what) override { executions.push_back(what.items); }
};

/// A worker that does what a test says: it answers calls and polls by itself, and keeps what it was
/// given until it is told to finish it.
class acting_worker final : private nd::link_listener {
 public:
  struct item {
    std::uint64_t index = 0;
    std::string bytes = {};
  };
  struct held {
    nd::care how = nd::care::none;
    nd::batch_stage at = nd::batch_stage::queued;
    std::vector<item> items;
    std::string answer = {};  // a frame, which is sent again at each poll
  };

  explicit acting_worker(submitter_stage& stage, unsigned its_threads = 1, std::uint64_t number = 1)
      : stage_(stage), link(stage.bus, this), id{number, number}, threads(its_threads) {
    link.subscribe(stage.names.to_worker(id));
    link.subscribe(stage.names.all_calls());
    link.publish(stage.names.here(), frame(nd::here{id}));
  }

  /// All results are its items' bytes with "=" before them.
  void finish(std::uint64_t batch, std::chrono::nanoseconds took = std::chrono::seconds(1)) {
    held& one = batches.at(batch);
    one.at = nd::batch_stage::kept;
    send_result(batch, took);
  }
  void finish_all(std::chrono::nanoseconds each = std::chrono::seconds(1)) {
    for (auto& [number, one] : batches) {
      if (one.at != nd::batch_stage::kept) {
        one.at = nd::batch_stage::kept;
        send_result(number, each * one.items.size());
      }
    }
  }
  /// Does all that it is given, until nothing more comes.
  void work_off(std::chrono::nanoseconds each = std::chrono::seconds(1)) {
    while (has_work()) {
      finish_all(each);
      stage_.settle();
    }
  }
  void start(std::uint64_t batch) {
    batches.at(batch).at = nd::batch_stage::running;
    say(nd::started{batch});
  }
  void start_all() {
    for (auto& [number, one] : batches) {
      if (one.how != nd::care::none) start(number);
      one.at = nd::batch_stage::running;
    }
  }
  void say_goodbye(bool is_gone) {
    nd::goodbye what;
    what.is_gone = is_gone;
    for (const auto& [number, one] : batches) {
      if (one.at == nd::batch_stage::queued) what.given_back.push_back(number);
    }
    for (const std::uint64_t number : what.given_back) batches.erase(number);
    is_leaving = true;
    say(what);
  }
  void say(const nd::message& what) {
    link.publish(stage_.names.to_submitter(stage_.settings.session, id), frame(what));
  }
  void die() { stage_.bus.kill(link); }

  [[nodiscard]] bool has_work() const {
    for (const auto& [number, one] : batches) {
      if (one.at != nd::batch_stage::kept) return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t items() const {
    std::size_t count = 0;
    for (const auto& [number, one] : batches) count += one.items.size();
    return count;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> all;
    for (const auto& [number, one] : batches) all.push_back(one.items.size());
    return all;
  }
  [[nodiscard]] std::uint64_t first_batch() const { return batches.begin()->first; }

 private:
  submitter_stage& stage_;

 public:
  fake_link link;
  const nd::session_id id;
  unsigned threads;
  nd::fitness fits = nd::fitness::serves;
  bool is_leaving = false;
  std::map<std::uint64_t, held> batches;
  std::vector<std::uint64_t> cancelled;  // as asked
  std::vector<std::pair<nd::session_id, std::uint64_t>> taken;
  std::size_t polls = 0;
  std::size_t calls = 0;
  std::uint64_t began = 0;  // as the last call said
  std::uint64_t after = 0;  // what it answers
  std::size_t farewells = 0;
  std::size_t parts_got = 0;
  std::set<std::uint64_t> in_parts;  // numbers of messages, of which it acknowledges nothing

 private:
  static std::string frame(const nd::message& what) {
    std::string bytes;
    nd::encode(what, bytes);
    return bytes;
  }

  void send_result(std::uint64_t batch, std::chrono::nanoseconds took) {
    held& one = batches.at(batch);
    std::vector<std::string> texts;
    for (const item& each : one.items) texts.push_back("=" + each.bytes);
    nd::result what{.batch = batch, .thread = 1, .began = 0, .took = took.count(), .outcomes = {}};
    for (const std::string& text : texts) what.outcomes.push_back({.result = text});
    answer(one, what);
  }
  void answer(held& one, const nd::result& what) {
    one.answer = frame(what);
    link.publish(stage_.names.to_submitter(stage_.settings.session, id), one.answer);
  }

  void say_state(std::uint64_t poll) {
    nd::state what{.poll = poll, .worker = id, .host = "host", .pid = 17, .threads = threads};
    what.fits = fits;
    what.is_leaving = is_leaving;
    what.after = after;
    for (const auto& [number, one] : batches) what.held.push_back({number, one.at});
    say(what);
  }

  void message(std::string_view, std::string_view, std::string_view bytes) noexcept override {
    const nd::decoded got = nd::decode(bytes);
    ASSERT_TRUE(got.what.has_value());
    std::visit([this](const auto& what) { on(what); }, *got.what);
  }
  void on(const nd::call& what) {
    ++calls;
    began = what.began;
    say_state(0);
  }
  void on(const nd::poll& what) {
    ++polls;
    for (const auto& [number, one] : batches) {
      if (one.at != nd::batch_stage::kept) continue;
      link.publish(stage_.names.to_submitter(stage_.settings.session, id), one.answer);
    }
    say_state(what.number);
  }
  void on(const nd::batch& what) {
    held& one = batches[what.number];
    one.how = what.how;
    for (const nd::batch_item& each : what.items) {
      one.items.push_back({each.index, std::string(each.bytes)});
    }
  }
  void on(const nd::taken& what) {
    for (const std::uint64_t number : what.batches) {
      taken.emplace_back(what.session, number);
      if (what.session == stage_.settings.session) batches.erase(number);
    }
  }
  void on(const nd::cancel& what) {
    cancelled.insert(cancelled.end(), what.batches.begin(), what.batches.end());
    for (const std::uint64_t number : what.batches) {
      const auto at = batches.find(number);
      if (at == batches.end() || at->second.at != nd::batch_stage::queued) continue;
      at->second.at = nd::batch_stage::kept;
      nd::result back{.batch = number, .thread = 0, .began = 0, .took = 0, .outcomes = {}};
      back.outcomes.resize(at->second.items.size());
      for (nd::outcome& each : back.outcomes) each.kind = nd::outcome_kind::not_started;
      answer(at->second, back);
    }
  }
  void on(const nd::farewell&) { ++farewells; }
  void on(const nd::part_got&) { ++parts_got; }
  void on(const nd::part& what) { in_parts.insert(what.of); }
  template <class Other>
  void on(const Other&) {}

  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override {}
  void reconnected() noexcept override { link.publish(stage_.names.here(), frame(nd::here{id})); }
  void refused(std::exception_ptr) noexcept override {}
};

}  // namespace parwork_test
