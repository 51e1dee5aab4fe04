// One attempt, what follows it, and who is told: without an engine. With handover, which destroys
// what the attempts made.
#include "parwork/detail/item_attempts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <expected>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parwork/detail/handover.hpp"
#include "parwork/parwork.hpp"
#include "support/fake_run.hpp"

namespace {

using namespace std::chrono_literals;
using namespace parwork::detail;
using parwork::completion;
using parwork::failure;
using parwork_test::batch_of;
using parwork_test::fake_services;
using parwork_test::fake_worker;

using numbers = std::vector<int>;
using work = std::function<std::expected<int, std::string>(int)>;
using collector = std::function<void(completion<int, int>)>;

struct seen {
  std::uint64_t index;
  unsigned attempts;
  bool succeeded;
  bool operator==(const seen&) const = default;
};

struct observer {
  std::vector<seen> outcomes = {};
  bool throws = false;

  void settled(std::uint64_t index, unsigned attempts, const std::expected<int, failure>& outcome) {
    if (throws) throw std::runtime_error("no room");
    outcomes.push_back({index, attempts, outcome.has_value()});
  }
};

class item_attempts_alone : public testing::Test {
 protected:
  using types = run_types<numbers&, work&, collector&, observer>;
  using attempts = item_attempts<types>;
  using batch_type = types::batch_type;

  item_attempts_alone() = default;
  ~item_attempts_alone() override {
    deliver(*batch, 0, 3);
    for (auto* each : services.waiting) {
      auto& lone = static_cast<batch_type&>(*each);
      lone.cancel(0);
      deliver(lone, 0, 1);
      batch_type::free(&lone);
    }
    batch_type::free(batch);
  }

  static parwork::options options(unsigned most_attempts) {
    parwork::options given;
    given.retry.max_attempts = most_attempts;
    given.retry.backoff = 1h;
    given.retry.max_backoff = 1h;
    given.retry.jitter = 0;
    given.retry.retry_if = [](const failure& why) {
      if (why.message() == "undecided") throw std::logic_error("asked in vain");
      return why.message() != "for good";
    };
    return given;
  }

  work_end attempt_at(std::uint32_t i) {
    of.attempt_into(by, *batch, i, {batch->first_index + i, 1});
    return of.settle_or_wait(*batch, i);
  }
  void deliver(batch_type& b, std::uint32_t from, std::uint32_t upto) {
    types::sink_type sink(collect, 1);
    (void)handover<types>(parwork::ordering::completion, services, sink).deliver(by, b, from, upto);
  }

  work call = [](int i) -> std::expected<int, std::string> {
    if (i == 11) return std::unexpected("for good");
    if (i == 12) return std::unexpected("not yet");
    if (i == 13) return std::unexpected("undecided");
    return 2 * i;
  };
  numbers collected;
  collector collect = [this](const completion<int, int>& done) { collected.push_back(done.item); };
  observer observed;
  fake_services services;
  fake_worker by{services};
  const attempt_rules rules{options(3)};
  attempts of{rules, afterwards::item_is_needed, services, call, 1, observed};
  batch_type* batch = batch_of<batch_type>(numbers{10, 11, 12}, 100);
};

TEST_F(item_attempts_alone, settle_what_is_final_at_once_and_only_that) {
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(attempt_at(i), work_end::finished);
  EXPECT_EQ(observed.outcomes, (std::vector<seen>{{100, 1, true}, {101, 1, false}}));
  ASSERT_EQ(services.waiting.size(), 1U);
  EXPECT_EQ(services.waiting[0]->first_index, 102U);
  EXPECT_EQ(services.waiting[0]->attempts, 1U);
  EXPECT_EQ(services.waiting[0]->wait, 1h);
  EXPECT_TRUE(collected.empty());
}

TEST_F(item_attempts_alone, end_the_run_with_what_the_observer_throws) {
  for (std::uint32_t i = 0; i < 3; ++i) {
    observed.throws = i == 1;
    EXPECT_EQ(attempt_at(i), work_end::finished);
  }
  EXPECT_THROW(std::rethrow_exception(services.error), std::runtime_error);
  deliver(*batch, 0, 0);
  EXPECT_TRUE(collected.empty()) << "what was not recorded is not collected";
}

TEST_F(item_attempts_alone, settle_nothing_where_asking_for_another_attempt_throws) {
  batch->item(2) = 13;
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(attempt_at(i), work_end::finished);
  EXPECT_THROW(std::rethrow_exception(services.error), std::logic_error);
  EXPECT_EQ(observed.outcomes.size(), 2U);
}

}  // namespace
