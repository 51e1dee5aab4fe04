// Memory that runs out in short runs of each kind: see support/failing_runs.hpp.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/failing_new.hpp"
#include "support/failing_runs.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace parwork_test::failing_runs;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;

TEST(allocation, of_a_plain_run) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(some_items{}, plain_work, count_into(out), on(pool));
  });
}

TEST(allocation, of_a_run_in_input_order) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(some_items{}, plain_work, count_into(out), on(pool, ordering::input));
  });
}

TEST(allocation, of_a_run_with_failures) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item) -> int {
          if (item.id() % 2 == 0) throw std::runtime_error("a sentence that does not fit a string");
          return 1;
        },
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_run_with_retries) {
  fail_each([](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.retry = {.max_attempts = 2, .backoff = 100us};
    out.run = process(
        some_items{},
        [](const counted& item, context& about) -> int {
          if (item.id() % 2 == 0 && about.attempt() == 1) throw 42;
          return 1;
        },
        count_into(out), options);
  });
}

TEST(allocation, of_a_run_with_timeouts) {
  fail_each([](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.timeout = 1ms;
    out.run = process(
        some_items{},
        [](const counted& item, context& about) {
          if (item.id() == 1) wait_for_stop(about.stop_token());
          return 1;
        },
        count_into(out), options);
  });
}

TEST(allocation, of_a_run_that_spawns) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item, context& about) {
          if (item.id() < items) about.spawn(counted(item.id() + items));
          return 1;
        },
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_run_that_spawns_from_another_thread) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item, context& about) {
          if (item.id() != 0) return 1;
          std::jthread([&] {
            try {
              about.spawn(counted(items));
            } catch (const std::bad_alloc&) {
            }
          });
          return 1;
        },
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_reduction_that_spawns) {
  fail_each([](outcome& out, parwork::pool& pool) {
    auto sum = parwork::reduce(
        std::uint64_t{0}, [](std::uint64_t& all, int one) { all += static_cast<unsigned>(one); },
        [](std::uint64_t& all, std::uint64_t other) { all += other; });
    out.run = process(
        some_items{},
        [](const counted& item, context& about) {
          if (item.id() < items) about.spawn(counted(item.id() + items));
          return 1;
        },
        sum, on(pool));
    out.collected = out.run.produced;
  });
}

TEST(allocation, of_a_split_reduction) {
  fail_each([](outcome& out, parwork::pool& pool) {
    std::vector<counted> all;
    all.reserve(items);
    for (std::uint64_t i = 0; i < items; ++i) all.emplace_back(i);
    auto sum = parwork::reduce(
        std::uint64_t{0}, [](std::uint64_t& to, int one) { to += static_cast<unsigned>(one); },
        [](std::uint64_t& to, std::uint64_t other) { to += other; });
    out.run = process(parwork::split(all), plain_work, sum, on(pool));
    out.collected = out.run.produced;
  });
}

TEST(allocation, of_an_asynchronous_run) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item, parwork::completer<int> done) {
          if (item.id() == 1) return;  // abandoned
          done.succeed(1);
        },
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_batched_run) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(some_items{}, parwork::batched([](std::span<counted> some) {
                        return std::vector<int>(some.size(), 1);
                      }),
                      count_into(out), on(pool));
  });
}

TEST(allocation, of_asynchronous_spans) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    fail_each([order](outcome& out, parwork::pool& pool) {
      auto options = on(pool, order);
      options.retry.max_attempts = 2;
      out.run = process(some_items{},
                        parwork::batched(
                            [](std::span<counted> some, parwork::batch_completer<int> done) {
                              if (done.index() == 1) return;  // abandoned
                              std::vector<int> results(some.size(), 1);
                              if (done.index() == 3) results.pop_back();  // a wrong number
                              done.succeed(std::move(results));
                            },
                            2),
                        count_into(out), options);
    });
  }
}

TEST(allocation, of_asynchronous_spans_between_finished_items) {
  fail_each([](outcome& out, parwork::pool& pool) {
    using known = parwork::prefinished<counted, int>;
    out.run = process(
        [next = std::uint64_t{0}]() mutable -> std::optional<known> {
          if (next == items) return std::nullopt;
          known item{counted(next++)};
          if (item.item.id() % 3 == 1) item.outcome.emplace(1);
          return item;
        },
        parwork::batched([](std::span<counted> some, parwork::batch_completer<int> done) {
          done.succeed(std::vector<int>(some.size(), 1));
        }),
        count_into(out), on(pool, ordering::input));
  });
}

TEST(allocation, of_a_run_that_a_completer_ends) {
  fail_each([](outcome& out, parwork::pool& pool) {
    try {
      out.run = process(
          some_items{},
          [](const counted& item, parwork::completer<int> done) {
            if (item.id() == 3) return done.end_run(std::make_exception_ptr(std::bad_alloc()));
            done.succeed(1);
          },
          count_into(out), on(pool));
    } catch (const std::bad_alloc&) {
      out = {};
    }
  });
}

TEST(allocation, of_a_run_with_state_of_each_worker) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        parwork::per_worker([] { return std::vector<int>(100); },
                            [](std::vector<int>& state, const counted&) { return ++state[0]; }),
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_run_with_threads_of_its_own) {
  fail_each([](outcome& out, parwork::pool& pool) {
    auto options = on(pool);
    options.generator_runs_on = parwork::runs_on::own_thread;
    options.collector_runs_on = parwork::runs_on::own_thread;
    options.on_progress = [](const parwork::progress&) {};
    out.run = process(some_items{}, plain_work, count_into(out), options);
  });
}

TEST(allocation, of_a_nested_run) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted&) {
          const auto inner = process(numbers(3), [](int) {}, [](completion<int, void>) {});
          return static_cast<int>(inner.succeeded);
        },
        count_into(out), on(pool));
  });
}

TEST(allocation, of_a_run_that_is_stopped_by_a_failure) {
  fail_each([](outcome& out, parwork::pool& pool) {
    auto options = on(pool, ordering::input);
    options.on_failure = parwork::failure_policy::stop;
    out.run = process(
        some_items{},
        [](const counted& item) -> std::expected<int, std::string> {
          if (item.id() == 2) return std::unexpected("a sentence that does not fit a short string");
          return 1;
        },
        count_into(out), options);
  });
}

TEST(allocation, of_a_recorded_run) {
  fail_each([](outcome& out, parwork::pool& pool) {
    parwork::recorder record;
    auto options = on(pool);
    options.record = &record;
    out.run = process(some_items{}, plain_work, count_into(out), options);
  });
}

TEST(allocation, of_a_run_whose_results_need_memory) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item) {
          return std::to_string(item.id()) + ", and more than fits a short string";
        },
        [&](const completion<counted, std::string>&) { ++out.collected; }, on(pool));
  });
}

TEST(allocation, of_a_run_whose_collector_takes_results) {
  fail_each([](outcome& out, parwork::pool& pool) {
    out.run = process(
        some_items{},
        [](const counted& item) -> std::expected<int, std::error_code> {
          if (item.id() == 4) return std::unexpected(make_error_code(std::errc::not_enough_memory));
          return 1;
        },
        [&](int) { ++out.collected; }, on(pool));
  });
}

TEST(allocation, of_a_run_by_adapters) {
  fail_each([](outcome& out, parwork::pool& pool) {
    std::istringstream text("one\ntwo\na line that does not fit a short string\nfour\n");
    std::vector<std::size_t> kept;
    out.run = process(
        parwork::chunks(parwork::lines(text), 2),
        [](const std::vector<std::string>& some) { return some.size(); },
        parwork::tee(parwork::into(kept), [&](std::size_t) { ++out.collected; }), on(pool));
  });
}

TEST(allocation, of_the_classic_interface) {
  class task final : public parwork::work {
   public:
    void run() override {}

   private:
    counted marker_{0};
  };
  fail_each([](outcome& out, parwork::pool& /*its own: the default one*/) {
    parwork::processor processor(
        [left = 4]() mutable -> std::unique_ptr<parwork::work> {
          if (left-- == 0) return nullptr;
          return std::make_unique<task>();
        },
        {.collector = [&](std::unique_ptr<parwork::work>) { ++out.collected; }});
    out.run = processor.process();
  });
}

TEST(allocation, of_a_pool) {
  for (const failing how : {failing::once, failing::for_good}) {
    for (std::uint64_t n = 1;; ++n) {
      fail_allocation(n, how);
      bool made = false;
      try {
        parwork::pool pool(3);
        made = true;
      } catch (const std::bad_alloc&) {
      }
      if (!stop_failing()) break;
      EXPECT_FALSE(made);
    }
  }
}

}  // namespace
