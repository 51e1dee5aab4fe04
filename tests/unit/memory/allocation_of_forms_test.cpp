// Memory that runs out in short runs of the forms that hold items back: see
// support/failing_runs.hpp.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/failing_new.hpp"
#include "support/failing_runs.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using namespace parwork_test::failing_runs;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;

constexpr ordering both_orders[] = {ordering::completion, ordering::input};

// A thread that ends every pause. It is made while there is memory.
class resuming {
 public:
  parwork::run_control& control() { return control_; }

 private:
  parwork::run_control control_;
  std::jthread thread_{[this](const std::stop_token& over) {
    while (!over.stop_requested()) {
      control_.resume();
      std::this_thread::yield();
    }
  }};
};

TEST(allocation_of_forms, of_a_run_that_is_paused_and_resized) {
  resuming others;
  for (const ordering order : both_orders) {
    fail_each([&](outcome& out, parwork::pool& pool) {
      auto options = on(pool, order);
      options.control = &others.control();
      out.run = process(
          some_items{},
          [&](const counted& item) {
            if (item.id() % 2 == 0) others.control().pause();
            others.control().set_workers(1 + static_cast<unsigned>(item.id() * 2 % 5));
            return 1;
          },
          count_into(out), options);
    });
  }
}

TEST(allocation_of_forms, of_a_run_that_is_paused_between_attempts) {
  resuming others;
  fail_each([&](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.control = &others.control();
    options.retry.max_attempts = 3;
    out.run = process(
        some_items{},
        [&](const counted&, context& about) {
          others.control().pause();
          if (about.attempt() < 3) throw 42;
          return 1;
        },
        count_into(out), options);
  });
}

TEST(allocation_of_forms, of_a_keyed_run) {
  for (const ordering order : both_orders) {
    fail_each([&](outcome& out, parwork::pool& pool) {
      out.run = process(some_items{},
                        parwork::keyed(plain_work,
                                       [](const counted& item) {
                                         return std::string(40, item.id() % 2 == 0 ? 'a' : 'b');
                                       }),
                        count_into(out), on(pool, order));
    });
  }
}

TEST(allocation_of_forms, of_a_keyed_run_with_retries) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.retry = {.max_attempts = 2, .backoff = 100us};
    out.run = process(some_items{},
                      parwork::keyed(
                          [](const counted& item, context& about) {
                            if (item.id() % 2 == 0 && about.attempt() == 1) throw 42;
                            return 1;
                          },
                          [](const counted& item) { return item.id() % 2; }),
                      count_into(out), options);
  });
}

TEST(allocation_of_forms, of_keyed_asynchronous_work) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        parwork::keyed([](const counted&, parwork::completer<int> done) { done.succeed(1); },
                       [](const counted& item) { return item.id() % 2; }),
        count_into(out), on(pool));
  });
}

TEST(allocation_of_forms, of_a_keyed_run_that_spawns) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    out.run = process(some_items{},
                      parwork::keyed(
                          [](const counted& item, context& about) {
                            if (item.id() < items) about.spawn(counted(item.id() + items));
                            return 1;
                          },
                          [](const counted& item) { return item.id() % 2; }),
                      count_into(out), on(pool));
  });
}

// What a stage returns needs memory, and so does waiting for a place.
TEST(allocation_of_forms, of_a_run_in_stages) {
  resuming others;
  for (const ordering order : both_orders) {
    fail_each([&](outcome& out, parwork::pool& pool) {
      auto options = on(pool, order);
      options.control = &others.control();
      options.retry = {.max_attempts = 2, .backoff = 100us};
      out.run = process(
          some_items{},
          parwork::stages(
              [](const counted& item) { return std::string(40, 'a') + std::to_string(item.id()); },
              parwork::limited(
                  [&](const std::string& text, context& about) {
                    others.control().pause();
                    if (about.attempt() == 1 && text.ends_with('3')) throw 42;
                    return text + text;
                  },
                  1),
              [](std::string text) { return static_cast<int>(text.size()); }),
          count_into(out), options);
    });
  }
}

TEST(allocation_of_forms, of_a_keyed_run_in_stages) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        parwork::keyed(parwork::stages([](const counted& item) { return item.id(); },
                                       parwork::limited([](std::uint64_t) { return 1; }, 1)),
                       [](const counted& item) { return item.id() % 2; }),
        count_into(out), on(pool));
  });
}

TEST(allocation_of_forms, of_a_loop_over_results) {
  for (const ordering order : both_orders) {
    fail_each([&](outcome& out, parwork::pool& pool) {
      auto all = parwork::results(some_items{}, plain_work, on(pool, order));
      for ([[maybe_unused]] const auto& done : all) ++out.collected;
      out.run = all.summary();
    });
  }
}

TEST(allocation_of_forms, of_a_loop_that_is_left) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    auto all = parwork::results(some_items{}, plain_work, on(pool));
    for ([[maybe_unused]] const auto& done : all) {
      if (++out.collected == 2) break;
    }
    out.run = all.summary();
    out.collected = out.run.produced;
  });
}

TEST(allocation_of_forms, of_a_run_that_is_started) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    auto run = parwork::start(some_items{}, plain_work, count_into(out), on(pool));
    run.control().pause();
    run.control().resume();
    out.run = run.wait();
  });
}

TEST(allocation_of_forms, of_items_with_weights_and_priorities) {
  for (const ordering order : both_orders) {
    fail_each([&](outcome& out, parwork::pool& pool) {
      auto options = on(pool, order);
      options.memory = 3;
      out.run = process(
          parwork::weighed(parwork::prioritized(
                               some_items{}, [](const counted& item) { return item.id() % 3; }, 4),
                           [](const counted& item) { return item.id(); }),
          parwork::keyed(plain_work, [](const counted& item) { return item.id() % 2; }),
          count_into(out), options);
    });
  }
}

TEST(allocation_of_forms, of_a_generator_that_fills) {
  fail_each([&](outcome& out, parwork::pool& pool) {
    out.run = process(
        [next = std::uint64_t{0}](std::string& item) mutable {
          item.assign(20 + next, 'a');
          return next++ < items;
        },
        [](const std::string&) { return 1; },
        [&](completion<std::string, int>) { ++out.collected; }, on(pool));
  });
}

TEST(allocation_of_forms, of_spans_that_linger) {
  resuming others;
  fail_each([&](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.control = &others.control();
    out.run = process(some_items{},
                      parwork::batched(
                          [&](std::span<counted> some) {
                            others.control().pause();
                            return std::vector<int>(some.size(), 1);
                          },
                          {.max = 4, .linger = 100us}),
                      count_into(out), options);
  });
}

}  // namespace
