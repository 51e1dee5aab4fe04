// A worker machine on a bus without a server, submitters that the test speaks for, and a clock that
// the test moves.
//
// Thread safety: one thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nats/batch_outcomes.hpp"
#include "nats/messages.hpp"
#include "nats/parts.hpp"
#include "nats/subjects.hpp"
#include "nats/worker_machine.hpp"
#include "support/fake_link.hpp"

namespace parwork_test {

namespace nats = parwork::nats::detail;

/// Work that only a test's threads execute.
class unexecuted_work final : public nats::served_work {
 public:
  unexecuted_work() {
    item_codec = "items";
    result_codec = "results";
  }
  void execute(const std::vector<nats::served_item>&, const nats::execution&,
               nats::outcome_sink&) override {}
  void destroy_states() noexcept override {}
};

/// A submitter: says what the test says, and keeps what the worker answers.
class submitter_double final : public nats::link_listener {
 public:
  submitter_double(fake_bus& bus, const nats::worker_identity& worker, nats::session_id own,
                   std::string own_job = {})
      : id(own), job(std::move(own_job)), net(bus, this), worker_(worker), names_(worker.prefix) {
    net.subscribe(names_.all_to_submitter(id));
    net.subscribe(names_.here());
  }

  void message(std::string_view, std::string_view, std::string_view bytes) noexcept override {
    frames_.push_back(std::make_unique<std::string>(bytes));
    nats::decoded its = nats::decode(*frames_.back());
    if (its.what.has_value()) heard.push_back(std::move(*its.what));
    if (on_message) on_message();
  }
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override {}
  void reconnected() noexcept override {}
  void refused(std::exception_ptr) noexcept override {}

  // --- What it says ---
  nats::call usual_call() const {
    return {.session = id,
            .began = began.value_or(id.high),
            .job = job,
            .work = "work",
            .item_codec = "items",
            .result_codec = "results",
            .heartbeat = std::chrono::seconds(1),
            .lost_after = std::chrono::seconds(10)};
  }
  void call() { say_call(usual_call()); }
  void say_call(const nats::call& its) { publish(names_.call(its.work), its); }
  void give(std::uint64_t number, std::vector<std::string> items,
            nats::care how = nats::care::none) {
    nats::batch its{.session = id, .number = number, .how = how};
    for (const std::string& each : items) its.items.push_back({its.items.size(), 1, each});
    say(std::move(its));
  }
  void take(std::vector<std::uint64_t> numbers) { say(nats::taken{id, std::move(numbers)}); }
  std::uint64_t poll() {
    say(nats::poll{id, ++polls_});
    return polls_;
  }
  void say(const nats::message& its) {
    std::string frame;
    nats::encode(its, frame);
    say_frame(frame);
  }
  void say_frame(std::string_view frame) {
    net.publish(names_.to_worker(worker_.id), names_.to_submitter(id, worker_.id), frame);
  }

  // --- What it has heard ---
  template <class Message>
  std::vector<Message> all() const {
    std::vector<Message> found;
    for (const nats::message& each : heard) {
      if (const auto* its = std::get_if<Message>(&each)) found.push_back(*its);
    }
    return found;
  }
  template <class Message>
  std::size_t count() const {
    return all<Message>().size();
  }
  template <class Message>
  Message last() const {
    return all<Message>().at(count<Message>() - 1);
  }
  void clear() { heard.clear(); }

  const nats::session_id id;
  const std::string job;
  std::optional<std::uint64_t> began = {};  // else the order of ids is theirs
  fake_link net;
  std::vector<nats::message> heard;
  std::function<void()> on_message;

 private:
  void publish(const std::string& subject, const nats::message& its) {
    std::string frame;
    nats::encode(its, frame);
    net.publish(subject, frame);
  }

  const nats::worker_identity& worker_;
  const nats::subjects names_;
  std::uint64_t polls_ = 0;
  std::vector<std::unique_ptr<std::string>> frames_;
};

/// Large messages of a submitter: acknowledges parts that come, and sends some.
class large_mail {
 public:
  explicit large_mail(submitter_double& its)
      : its_(its),
        out_([&its](std::string_view, std::string_view frame) { its.say_frame(frame); }) {
    its_.on_message = [this] { hear(its_.heard.back()); };
  }
  ~large_mail() { its_.on_message = nullptr; }
  large_mail(const large_mail&) = delete;
  large_mail& operator=(const large_mail&) = delete;

  /// A batch of one item.
  void give(std::uint64_t number, const std::string& item, std::size_t max_payload) {
    nats::batch its{.session = its_.id, .number = number, .how = nats::care::none};
    its.items.push_back({0, 1, item});
    std::string frame;
    nats::encode(its, frame);
    out_.send({.receiver = {7, 7}, .session = its_.id, .subject = "to the worker"}, frame,
              max_payload);
  }
  /// Those that came before this was made, too.
  void acknowledge_all() {
    for (const nats::part& each : its_.all<nats::part>()) take(each);
  }
  /// The frames that have been put together.
  const std::vector<std::string>& whole() const { return whole_; }

 private:
  void hear(const nats::message& what) {
    if (const auto* one = std::get_if<nats::part>(&what)) take(*one);
    if (const auto* got = std::get_if<nats::part_got>(&what)) out_.got({7, 7}, *got);
  }
  void take(const nats::part& one) {
    nats::part_taken taken = in_.take({7, 7}, one);
    if (taken.fate == nats::part_fate::completed) whole_.push_back(std::move(taken.whole));
    its_.say(nats::part_got{its_.id, one.of, one.index});
  }

  submitter_double& its_;
  nats::part_sender out_;
  nats::part_assembler in_;
  std::vector<std::string> whole_;
};

class worker_rig : public nats::link_listener {
 public:
  explicit worker_rig(const parwork::nats::worker_options& given = {},
                      std::optional<std::uint64_t> seed = {})
      : options(given),
        bus_(seed ? std::make_unique<fake_bus>(*seed) : std::make_unique<fake_bus>()) {
    works["work"] = std::make_unique<unexecuted_work>();
    who.id = {7, 7};
    who.host = "host";
    who.pid = 42;
    who.threads = 2;
    who.labels = {"gpu", "big"};
    net = std::make_unique<fake_link>(*bus_, this);
    machine = std::make_unique<nats::worker_machine>(who, options, works, *net, now);
    const nats::subjects names(who.prefix);
    net->subscribe(names.all_calls());
    net->subscribe(names.to_worker(who.id));
    net->subscribe(names.status());
  }
  virtual ~worker_rig() = default;

  void message(std::string_view, std::string_view reply, std::string_view bytes) noexcept override {
    machine->arrived(reply, bytes, now);
  }
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override { machine->disconnected(now); }
  void reconnected() noexcept override { machine->reconnected(now); }
  void refused(std::exception_ptr) noexcept override {}

  fake_bus& bus() { return *bus_; }
  std::unique_ptr<submitter_double> submitter(std::uint64_t number, std::string job = {}) {
    return std::make_unique<submitter_double>(*bus_, who, nats::session_id{number, 0},
                                              std::move(job));
  }
  /// Delivers all, and what is said in answer.
  void deliver() { bus_->deliver_all(); }

  /// The clock goes on; ticks are where they are asked for.
  void pass(std::chrono::nanoseconds time) {
    const auto end = now + time;
    while (machine->next_deadline() <= end) {
      now = std::max(now, machine->next_deadline());
      machine->tick(now);
      if (machine->next_deadline() <= now) break;  // it waits for something else
      deliver();
    }
    now = std::max(now, end);
    deliver();
  }

  /// A thread finishes what it took: each item's result is its own bytes.
  void finish(const nats::assignment& its) {
    nats::batch_outcomes outcomes(*its.batch);
    for (const auto& each : its.batch->what.items) {
      if (outcomes.is_cut_short()) break;
      outcomes.succeeded(each.bytes);
    }
    machine->finished(*its.batch, outcomes.answer({.thread = 1}), outcomes.size(), now);
    deliver();
  }
  /// Takes and finishes one batch. Returns its number; 0 where there was none.
  std::uint64_t work_one() {
    const auto its = machine->take();
    if (!its.has_value()) return 0;
    finish(*its);
    return its->batch->what.number;
  }

  parwork::nats::worker_options options;

 private:
  std::unique_ptr<fake_bus> bus_;  // outlives the link

 public:
  nats::worker_identity who;
  nats::worker_machine::works works;
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  std::unique_ptr<fake_link> net;
  std::unique_ptr<nats::worker_machine> machine;
};

using stages = std::vector<nats::held_batch>;

/// A test with one worker.
class worker_machine_fixture : public testing::Test {
 protected:
  /// A submitter whose first state has been answered.
  std::unique_ptr<submitter_double> known(std::uint64_t number, std::string job = {}) {
    auto its = rig_.submitter(number, std::move(job));
    its->call();
    rig_.deliver();
    return its;
  }
  /// What the answer to a poll says.
  stages held(submitter_double& by) {
    by.poll();
    rig_.deliver();
    return by.last<nats::state>().held;
  }

  worker_rig rig_;
};

}  // namespace parwork_test
