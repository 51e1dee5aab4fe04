// The worker's state machine under random schedules: messages are lost, the link is cut, time
// passes, submitters cancel, fall silent and come back, some as later sessions of their job.
//
// Whatever happens, at the end each item has its outcome, and the worker holds nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nats/worker_machine.hpp"
#include "support/nats_worker_rig.hpp"

namespace worker_random_test {

using namespace std::chrono_literals;
using namespace parwork::nats::detail;
using parwork_test::fake_fate;
using parwork_test::submitter_double;
using parwork_test::worker_rig;

// Another one each time, or the one that a failure has printed.
std::uint64_t first_seed() {
  const char* const given = std::getenv("PARWORK_SEED");
  return given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
}

enum class trouble { none, some };

// What a submitter does, without its clock: items are pending, in a batch, or done.
class simple_submitter {
 public:
  simple_submitter(worker_rig& rig, std::uint64_t number, std::string job)
      : rig_(rig), job_(std::move(job)), number_(number) {
    begin_session();
  }

  void add_items(const std::vector<std::string>& items) {
    for (const std::string& each : items) pending_.insert(each);
  }
  void call() { its_->call(); }
  void poll() { polled_[its_->poll()] = sent_; }
  // A batch of up to three pending items.
  void give(care how) {
    if (pending_.empty() || !is_answered_) return;
    std::vector<std::string> items;
    const std::size_t most = how == care::none ? 3 : 1;
    while (!pending_.empty() && items.size() < most) {
      items.push_back(pending_.extract(pending_.begin()).value());
    }
    its_->give(++sent_, items, how);
    open_.emplace(sent_, items);
  }
  void cancel_all() {
    if (is_answered_) its_->say(cancel{its_->id, {}});
  }
  // It dies, and its job begins again: what it had not heard of is pending. The call of a session
  // that a worker has not seen makes it the later one: none of the dead may come after this.
  void restart() {
    rig_.deliver();
    for (auto& [number, items] : open_) pending_.insert(items.begin(), items.end());
    open_.clear();
    rig_.bus().kill(its_->net);
    dead_.push_back(std::move(its_));
    begin_session();
  }

  [[nodiscard]] bool is_done() const { return pending_.empty() && open_.empty(); }
  [[nodiscard]] const std::map<std::string, std::string>& done() const { return done_; }
  [[nodiscard]] std::size_t given_again() const { return given_again_; }
  [[nodiscard]] bool holds_nothing_there() const { return last_held_ == 0; }

 private:
  void begin_session() {
    its_ = rig_.submitter(number_ += 1000, job_);
    its_->on_message = [this] { hear(); };
    is_answered_ = false;
    polled_.clear();
    sent_ = 0;
  }
  void hear() {
    const message its = its_->heard.back();
    if (const auto* what = std::get_if<state>(&its)) on(*what);
    if (const auto* what = std::get_if<result>(&its)) on(*what);
    if (const auto* what = std::get_if<kept>(&its)) on(*what);
  }
  void on(const state& what) {
    is_answered_ = true;
    last_held_ = what.held.size();
    const auto polled = polled_.find(what.poll);
    if (polled == polled_.end()) return;
    std::set<std::uint64_t> held;
    for (const held_batch& each : what.held) held.insert(each.batch);
    std::erase_if(open_, [&](const auto& each) {
      if (each.first > polled->second || held.contains(each.first)) return false;
      pending_.insert(each.second.begin(), each.second.end());
      given_again_ += each.second.size();
      return true;
    });
  }
  void on(const result& what) {
    const auto its = open_.find(what.batch);
    if (its != open_.end()) {
      for (std::size_t i = 0; i < what.outcomes.size(); ++i) {
        end(its->second.at(i), what.outcomes[i]);
      }
      open_.erase(its);
    }
    its_->take({what.batch});
  }
  void on(const kept& what) {
    for (const kept_item& each : what.items) {
      const std::string item(each.item);
      if (pending_.erase(item) > 0) end(item, each.its);
    }
    its_->say(taken{what.earlier, {what.batch}});
  }
  void end(const std::string& item, const outcome& its) {
    if (its.kind == outcome_kind::not_started) {
      pending_.insert(item);
      return;
    }
    EXPECT_EQ(its.result, item);
    EXPECT_TRUE(done_.emplace(item, its.result).second) << item << " is done twice";
  }

  worker_rig& rig_;
  const std::string job_;
  std::uint64_t number_;
  std::unique_ptr<submitter_double> its_;
  std::vector<std::unique_ptr<submitter_double>> dead_;
  bool is_answered_ = false;
  std::uint64_t sent_ = 0;
  std::set<std::string> pending_;
  std::map<std::uint64_t, std::vector<std::string>> open_;
  std::map<std::uint64_t, std::uint64_t> polled_;  // by number: the last batch sent before it
  std::map<std::string, std::string> done_;
  std::size_t given_again_ = 0;
  std::size_t last_held_ = 0;
};

class worker_schedule {
 public:
  worker_schedule(std::uint64_t seed, trouble how) : random_(seed), how_(how), rig_({}, seed) {
    rig_.who.threads = 2;
    for (std::uint64_t i = 1; i <= 3; ++i) {
      submitters_.push_back(
          std::make_unique<simple_submitter>(rig_, i, i == 1 ? "" : "job" + std::to_string(i)));
      for (int item = 0; item < items; ++item) {
        submitters_.back()->add_items({std::to_string(i) + "." + std::to_string(item)});
      }
    }
    if (how_ == trouble::some) {
      rig_.bus().decide([this](const auto&) {
        return is_calm_ || any(20) > 0 ? fake_fate::arrives : fake_fate::is_lost;
      });
    }
  }

  void play() {
    for (auto& each : submitters_) each->call();
    rig_.deliver();
    for (int step = 0; step < 600; ++step) one_step();
    is_calm_ = true;
    rig_.bus().mend(*rig_.net);
    for (int round = 0; round < 200 && !is_done(); ++round) calm_round();
    calm_round();
    calm_round();
  }

  [[nodiscard]] bool is_done() const {
    for (const auto& each : submitters_) {
      if (!each->is_done()) return false;
    }
    return threads_.empty();
  }
  static constexpr int items = 60;
  std::vector<std::unique_ptr<simple_submitter>>& submitters() { return submitters_; }
  worker_rig& rig() { return rig_; }
  [[nodiscard]] std::size_t executed() const { return executed_; }

 private:
  std::size_t any(std::size_t below) { return random_() % below; }
  simple_submitter& someone() { return *submitters_[any(submitters_.size())]; }

  void one_step() {
    switch (any(how_ == trouble::some ? 12 : 8)) {
      case 0:
        return someone().call();
      case 1:
        return someone().poll();
      case 2:
        return someone().give(any(4) > 0 ? care::none : any(2) > 0 ? care::careful : care::alone);
      case 3:
      case 4:
        return begin();
      case 5:
        return finish();
      case 6:
      case 7:
        for (std::size_t count = any(20); count > 0; --count) rig_.bus().deliver_one();
        return;
      case 8:
        return any(3) > 0 ? pass(any(3000)) : any(5) > 0 ? someone().cancel_all() : pass(12000);
      case 9:
        return any(2) > 0 ? rig_.bus().cut(*rig_.net) : rig_.bus().mend(*rig_.net);
      case 10:
        rig_.bus().mend(*rig_.net);
        return;
      default:
        if (any(10) == 0) submitters_[1 + any(2)]->restart();
        return;
    }
  }
  void pass(std::size_t milliseconds) { rig_.pass(std::chrono::milliseconds(milliseconds)); }
  void begin() {
    if (threads_.size() == rig_.who.threads) return;
    if (const auto its = rig_.machine->take()) {
      EXPECT_TRUE(begun_.emplace(its->batch->what.session, its->batch->what.number).second)
          << "a batch is begun twice";
      for (const auto& other : threads_) {
        EXPECT_NE(other.batch->what.how, care::alone) << "it is not alone";
      }
      if (its->batch->what.how == care::alone) {
        EXPECT_TRUE(threads_.empty()) << "it is not alone";
      }
      executed_ += its->batch->what.items.size();
      threads_.push_back(*its);
    }
    (void)rig_.machine->take_stops();
  }
  void finish() {
    if (threads_.empty()) return;
    const std::size_t which = any(threads_.size());
    const assignment its = threads_[which];
    threads_.erase(threads_.begin() + static_cast<std::ptrdiff_t>(which));
    batch_outcomes outcomes(*its.batch);
    for (const auto& each : its.batch->what.items) {
      if (outcomes.is_cut_short()) break;
      outcomes.succeeded(each.bytes);
    }
    rig_.machine->finished(*its.batch, outcomes.answer({.thread = 1}), outcomes.size(), rig_.now);
  }
  void calm_round() {
    for (auto& each : submitters_) {
      each->call();
      each->give(care::none);
    }
    rig_.deliver();
    do {
      begin();
      finish();
    } while (rig_.machine->may_take() || !threads_.empty());
    rig_.pass(1s);
    for (auto& each : submitters_) each->poll();
    rig_.deliver();
  }

  std::mt19937_64 random_;
  const trouble how_;
  worker_rig rig_;
  std::vector<std::unique_ptr<simple_submitter>> submitters_;
  std::vector<assignment> threads_;
  std::set<std::pair<session_id, std::uint64_t>> begun_;
  std::size_t executed_ = 0;
  bool is_calm_ = false;
};

TEST(worker_in_any_order, loses_nothing_and_executes_all_once_where_nothing_is_lost) {
  const std::uint64_t first = first_seed();
  for (std::uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    worker_schedule schedule(seed, trouble::none);
    schedule.play();
    ASSERT_TRUE(schedule.is_done());
    EXPECT_EQ(schedule.executed(), 3U * worker_schedule::items);
  }
}

TEST(worker_in_any_order, loses_nothing_where_messages_and_submitters_are_lost) {
  const std::uint64_t first = first_seed();
  for (std::uint64_t seed = first; seed < first + 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    worker_schedule schedule(seed, trouble::some);
    schedule.play();
    ASSERT_TRUE(schedule.is_done());
    for (const auto& each : schedule.submitters()) {
      EXPECT_EQ(each->done().size(), static_cast<std::size_t>(worker_schedule::items));
      EXPECT_TRUE(each->holds_nothing_there());
    }
    schedule.rig().machine->leave(schedule.rig().now);
    EXPECT_TRUE(schedule.rig().machine->has_left()) << "nothing is waited for";
  }
}

}  // namespace worker_random_test
