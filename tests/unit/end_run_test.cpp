// end_run: a completer that ends the run, as a collector that throws does.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::batch_completer;
using parwork::batched;
using parwork::completer;
using parwork::completion;
using parwork::process;

struct connection_gone : std::runtime_error {
  using std::runtime_error::runtime_error;
};
std::exception_ptr gone_for(const std::string& why) {
  return std::make_exception_ptr(connection_gone(why));
}

auto without_end() {
  return [next = std::uint64_t{0}]() mutable -> std::optional<counted> { return counted(next++); };
}

class end_run_leak : public leak_check {};

template <class Run>
void expect_gone(Run&& run, const std::string& why) {
  try {
    std::forward<Run>(run)();
    FAIL() << "nothing was thrown";
  } catch (const connection_gone& thrown) {
    EXPECT_EQ(thrown.what(), why);
  }
}

TEST_F(end_run_leak, what_it_is_given_leaves_process) {
  for (const auto order : {parwork::ordering::completion, parwork::ordering::input}) {
    for (const unsigned workers : {1U, 2U, 4U}) {
      const parwork::options chosen{.workers = workers, .order = order};
      expect_gone(
          [&] {
            (void)process(
                without_end(),
                [](const counted& item, completer<int> done) {
                  if (item.id() == 100) return done.end_run(gone_for("the server"));
                  done.succeed(1);
                },
                [](const completion<counted, int>&) {}, chosen);
          },
          "the server");
      expect_gone(
          [&] {
            (void)process(
                without_end(),
                batched(
                    [](std::span<counted> items, batch_completer<int> done) {
                      if (done.index() >= 100) return done.end_run(gone_for("the bus"));
                      done.succeed(std::vector<int>(items.size()));
                    },
                    8),
                [](const completion<counted, int>&) {}, chosen);
          },
          "the bus");
    }
  }
}

TEST_F(end_run_leak, what_it_is_given_leaves_process_where_the_collector_takes_results) {
  expect_gone(
      [] {
        (void)process(without_end(), batched([](std::span<counted>, batch_completer<int> done) {
                        done.end_run(gone_for("all of it"));
                      }),
                      [](int) {}, {.workers = 2});
      },
      "all of it");
}

TEST_F(end_run_leak, nothing_is_collected_after_it) {
  std::atomic<bool> over = false;
  std::atomic<int> late = 0;
  expect_gone(
      [&] {
        (void)process(
            without_end(),
            [&](const counted& item, completer<int> done) {
              if (item.id() < 20) return done.succeed(1);
              done.end_run(gone_for("now"));
              over = true;
            },
            [&](const completion<counted, int>&) { late += over ? 1 : 0; }, {.workers = 1});
      },
      "now");
  EXPECT_EQ(late, 0);
}

TEST_F(end_run_leak, requests_the_stop_of_all_that_is_held_and_waits_for_it) {
  elsewhere other(4);
  tally held;
  std::atomic<int> ended = 0;
  expect_gone(
      [&] {
        (void)process(without_end(),
                      batched(
                          [&](std::span<counted> items, batch_completer<int> done) {
                            if (done.index() > 0) {
                              other.post([&, items, done = std::move(done)]() mutable {
                                held.add();
                                wait_for_stop(done.stop_token());
                                EXPECT_EQ(items[0].id(), done.index());  // still there
                                ++ended;
                                done.succeed(std::vector<int>(items.size()));
                              });
                              return;
                            }
                            std::thread([&, done = std::move(done)]() mutable {
                              held.wait_for(2);
                              done.end_run(gone_for("while others hold spans"));
                            }).detach();
                          },
                          4),
                      [](const completion<counted, int>&) {}, {.workers = 2, .queue = 12});
      },
      "while others hold spans");
  EXPECT_GE(ended, 2);
}

TEST_F(end_run_leak, the_first_of_many_wins_and_the_others_are_only_failures) {
  elsewhere other(4);
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW((void)process(without_end(),
                               batched(
                                   [&](std::span<counted>, batch_completer<int> done) {
                                     other.post([done = std::move(done)]() mutable {
                                       done.end_run(gone_for("one of them"));
                                     });
                                   },
                                   3),
                               [](const completion<counted, int>&) {}, {.workers = 3}),
                 connection_gone);
  }
}

TEST_F(end_run_leak, races_with_a_stop_and_with_other_ends) {
  elsewhere other(3);
  for (int round = 0; round < 100; ++round) {
    std::stop_source stop;
    std::uint64_t collected = 0;
    try {
      const auto run = process(counted_items(60),
                               batched(
                                   [&](std::span<counted> items, batch_completer<int> done) {
                                     other.post([&, items, done = std::move(done)]() mutable {
                                       switch ((done.index() + static_cast<unsigned>(round)) % 4) {
                                         case 0:
                                           return done.end_run(gone_for("a race"));
                                         case 1:
                                           stop.request_stop();
                                           return;
                                         default:
                                           return done.succeed(std::vector<int>(items.size()));
                                       }
                                     });
                                   },
                                   1 + static_cast<std::size_t>(round) % 4),
                               [&](const completion<counted, int>&) { ++collected; },
                               {.workers = 2, .queue = 16, .stop = stop.get_token()});
      EXPECT_EQ(collected, run.produced);  // none of them asked for an end
    } catch (const connection_gone&) {
    }
  }
}

TEST_F(end_run_leak, an_exception_of_work_that_has_finished_the_item_leaves_it_without_effect) {
  std::optional<completer<int>> kept;
  std::optional<batch_completer<int>> kept_span;
  std::uint64_t failed = 0;
  const auto count = [&](const completion<counted, int>& done) { failed += done.result ? 0 : 1; };
  auto run = process(counted_items(1),
                     [&](const counted&, completer<int> done) {
                       kept.emplace(std::move(done));
                       throw std::runtime_error("first");
                     },
                     count, {.workers = 1});
  kept->end_run(gone_for("too late"));  // the run is over
  expect_counts(run, 0, 1);
  run = process(counted_items(1), batched([&](std::span<counted>, batch_completer<int> done) {
                  kept_span.emplace(std::move(done));
                  throw std::runtime_error("first");
                }),
                count, {.workers = 1});
  kept_span->end_run(gone_for("too late"));
  expect_counts(run, 0, 1);
  EXPECT_EQ(failed, 2U);
}

TEST_F(end_run_leak, is_refused_without_an_exception_and_leaves_the_completer_as_it_was) {
  auto run = process(
      counted_items(3),
      [](const counted&, completer<int> done) {
        EXPECT_THROW(done.end_run(nullptr), std::invalid_argument);
        done.succeed(1);
        EXPECT_THROW(done.end_run(gone_for("used")), std::logic_error);
      },
      [](int) {}, {.workers = 1});
  expect_counts(run, 3);
  run = process(counted_items(3), batched([](std::span<counted> items, batch_completer<int> done) {
                  EXPECT_THROW(done.end_run(nullptr), std::invalid_argument);
                  done.succeed(std::vector<int>(items.size()));
                }),
                [](int) {}, {.workers = 1});
  expect_counts(run, 3);
}

TEST_F(end_run_leak, its_items_are_not_tried_again) {
  std::atomic<int> calls = 0;
  parwork::options chosen{.workers = 2};
  chosen.retry.max_attempts = 5;
  expect_gone(
      [&] {
        (void)process(
            counted_items(1),
            [&](const counted&, completer<int> done) {
              ++calls;
              done.end_run(gone_for("once"));
            },
            [](const completion<counted, int>&) {}, chosen);
      },
      "once");
  EXPECT_EQ(calls, 1);
}

TEST_F(end_run_leak, leaves_loops_and_started_runs_too) {
  const auto work = batched(
      [](std::span<counted>, batch_completer<int> done) { done.end_run(gone_for("in a loop")); });
  expect_gone(
      [&] {
        for (auto& done : parwork::results(without_end(), work, {.workers = 2})) (void)done;
      },
      "in a loop");
  expect_gone(
      [&] {
        auto going = parwork::start(without_end(), work, [](const completion<counted, int>&) {},
                                    {.workers = 2});
        (void)going.wait();
      },
      "in a loop");
}

TEST_F(end_run_leak, calls_the_stop_callbacks_of_others_and_may_be_called_by_one) {
  elsewhere other(2);
  tally held;
  expect_gone(
      [&] {
        (void)process(
            without_end(),
            [&](const counted& item, completer<int> done) {
              other.post([&, id = item.id(), done = std::move(done)]() mutable {
                if (id == 0) {
                  held.wait_for(1);
                  return done.end_run(gone_for("outer"));
                }
                const std::stop_token token = done.stop_token();
                const std::stop_callback also(token, [&] { done.end_run(gone_for("inner")); });
                held.add();
                wait_for_stop(token);
              });
            },
            [](const completion<counted, int>&) {}, {.workers = 2, .queue = 2});
      },
      "outer");
}

}  // namespace
