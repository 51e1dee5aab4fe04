// Wake-ups that are held back: short items wake nobody, and nothing that another thread could take
// stays behind one that turns out to block.
//
// How long items take is known from earlier runs of the same types, so each test teaches that
// first: by the same call, with items that do nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;

// Runs `call(false)` until its items count as short, then `call(true)`.
template <class Call>
void after_short_items(Call&& call) {
  for (int i = 0; i < 5; ++i) call(false);
  call(true);
}

TEST(holding_back, items_that_turn_out_to_wait_for_each_other_meet) {
  for (const auto order : {ordering::completion, ordering::input}) {
    after_short_items([&](bool blocks) {
      rendezvous all(4);
      const auto run = process(
          numbers(4),
          [&](int) {
            if (blocks) all.arrive_and_wait();
          },
          [](completion<int, void>) {}, {.workers = 4, .order = order});
      expect_counts(run, 4);
    });
  }
}

TEST(holding_back, an_item_is_worked_on_while_the_generator_turns_out_to_block) {
  after_short_items([&](bool blocks) {
    gate worked;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          if (next == 100) {
            if (blocks) worked.wait();  // for the item that was given before
            return std::nullopt;
          }
          return next++;
        },
        [&](int item) {
          if (item == 99) worked.open();
        },
        [](completion<int, void>) {}, {.workers = 2});
    expect_counts(run, 100);
  });
}

TEST(holding_back, a_result_is_collected_while_the_next_item_turns_out_to_block) {
  after_short_items([&](bool blocks) {
    gate collected;
    const auto run = process(
        numbers(100),
        [&](int item) {
          if (item == 50 && blocks) collected.wait();
          return item;
        },
        [&](completion<int, int> done) {
          if (done.item == 49) collected.open();
        },
        {.workers = 2});
    expect_counts(run, 100);
  });
}

TEST(holding_back, a_spawned_item_is_worked_on_while_its_parent_turns_out_to_block) {
  after_short_items([&](bool blocks) {
    gate worked;
    auto count = parwork::reduce(
        0, [](int& sum, int one) { sum += one; }, [](int& sum, int other) { sum += other; });
    const auto run = process(numbers(1),
                             [&](int item, parwork::context& about) {
                               if (item == 0) {
                                 about.spawn(1);
                                 if (blocks) worked.wait();
                               } else {
                                 worked.open();
                               }
                               return 1;
                             },
                             count, {.workers = 2});
    expect_counts(run, 2);
    EXPECT_EQ(count.value(), 2);
  });
}

TEST(holding_back, runs_of_short_items_from_several_threads_end) {
  parwork::pool shared(2);
  const auto call = [&] {
    for (int i = 0; i < 300; ++i) {
      const auto run = process(
          numbers(i % 7), [](int item) { return item; }, [](completion<int, int>) {},
          {.run_on = &shared});
      ASSERT_EQ(run.succeeded, static_cast<std::uint64_t>(i % 7));
    }
  };
  std::thread one(call);
  std::thread another(call);
  one.join();
  another.join();
}

}  // namespace
