// Asynchronous work without an engine: who tells that an item has ended, and when it is settled.
#include "parwork/detail/async_form.hpp"

#include <gtest/gtest.h>

#include <expected>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "parwork/detail/handover.hpp"
#include "parwork/parwork.hpp"
#include "support/fake_run.hpp"

namespace {

using namespace parwork::detail;
using parwork::completer;
using parwork::failure;
using parwork::failure_kind;
using parwork_test::batch_of;
using parwork_test::fake_services;
using parwork_test::fake_worker;

using numbers = std::vector<int>;
using work = std::function<void(int, completer<int>)>;
using collector = std::function<void(parwork::completion<int, int>)>;

struct observer {
  std::vector<std::expected<int, failure>> outcomes = {};
  void settled(std::uint64_t, unsigned, const std::expected<int, failure>& outcome) {
    outcomes.push_back(outcome);
  }
};

class asynchronous_item : public testing::Test {
 protected:
  using types = run_types<numbers&, work&, collector&, observer>;
  using batch_type = types::batch_type;

  ~asynchronous_item() override {
    types::sink_type sink(collect, 1);
    (void)handover<types>(parwork::ordering::completion, services, sink).deliver(by, *lone, 0, 1);
    batch_type::free(lone);
  }

  std::optional<completer<int>> kept;
  work call = [this](int, completer<int> done) { kept.emplace(std::move(done)); };
  collector collect = [](const parwork::completion<int, int>&) {};
  observer observed;
  fake_services services;
  fake_worker by{services};
  const attempt_rules rules{parwork::options()};
  item_attempts<types> attempts{rules, afterwards::item_is_needed, services, call, 1, observed};
  async_form<types> form{attempts};
  batch_type* lone = batch_of<batch_type>(numbers{7});
};

TEST_F(asynchronous_item, that_ends_after_its_call_tells_the_run) {
  form.begin(by, *lone, 0);
  EXPECT_FALSE(form.let_go(*lone));
  EXPECT_TRUE(services.ended.empty());
  kept->succeed(14);
  ASSERT_EQ(services.ended.size(), 1U);
  EXPECT_TRUE(observed.outcomes.empty());
  EXPECT_EQ(form.settle(by, *lone), work_end::finished);
  ASSERT_EQ(observed.outcomes.size(), 1U);
  EXPECT_EQ(observed.outcomes[0].value(), 14);
}

TEST_F(asynchronous_item, that_ends_in_its_call_is_left_to_its_worker) {
  call = [](int i, completer<int> done) { done.succeed(2 * i); };
  form.begin(by, *lone, 0);
  EXPECT_TRUE(form.let_go(*lone));
  EXPECT_TRUE(services.ended.empty());
  EXPECT_EQ(form.settle(by, *lone), work_end::finished);
  EXPECT_EQ(observed.outcomes.at(0).value(), 14);
}

TEST_F(asynchronous_item, whose_completer_goes_unused_has_failed) {
  form.begin(by, *lone, 0);
  EXPECT_FALSE(form.let_go(*lone));
  kept.reset();
  ASSERT_EQ(services.ended.size(), 1U);
  EXPECT_EQ(form.settle(by, *lone), work_end::finished);
  EXPECT_EQ(observed.outcomes.at(0).error().kind(), failure_kind::abandoned);
}

}  // namespace
