// Served work in each form: items come as bytes, and outcomes go as bytes or failures.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "parwork/batched.hpp"
#include "parwork/codec.hpp"
#include "parwork/context.hpp"
#include "parwork/detail/nats_served_work.hpp"
#include "parwork/per_worker.hpp"
#include "support/waiting.hpp"

namespace served_work_test {

struct refused {
  std::string text;
};

}  // namespace served_work_test

template <>
struct parwork::codec<served_work_test::refused> {
  static void encode(const served_work_test::refused&, std::string&) {
    throw std::runtime_error("refused");
  }
  static served_work_test::refused decode(std::string_view&) { return {}; }
};

namespace served_work_test {

using namespace std::chrono_literals;
using parwork::context;
using parwork::failure;
using parwork::failure_kind;
using parwork::nats::detail::execution;
using parwork::nats::detail::outcome_sink;
using parwork::nats::detail::served_item;
using parwork::nats::detail::served_work;
using parwork::nats::detail::typed_served_work;

class kept_outcomes final : public outcome_sink {
 public:
  void succeeded(std::string_view result) override {
    outcomes.emplace_back(std::string(result));
    if (after_each) after_each();
  }
  void failed(const failure& why) override { outcomes.emplace_back(std::unexpect, why); }
  bool is_cut_short() const noexcept override { return is_cut; }

  std::vector<std::expected<std::string, failure>> outcomes;
  std::atomic<bool> is_cut{false};
  std::function<void()> after_each;
};

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes;
  parwork::codec<T>::encode(value, bytes);
  return bytes;
}
template <class T>
T value_of(std::string_view bytes) {
  return parwork::codec<T>::decode(bytes);
}

class served_work_of : public testing::Test {
 protected:
  template <class Item, class Result, class Work>
  void serve(Work work) {
    work_ = std::make_unique<typed_served_work<Item, Result, Work>>(std::move(work), 4);
  }
  void execute(const std::vector<std::string>& encoded, execution how = {}) {
    std::vector<served_item> items;
    for (const std::string& each : encoded) {
      items.push_back({.index = 10 + items.size(), .attempt = 2, .bytes = each});
    }
    work_->execute(items, how, sink_);
  }
  template <class T>
  T result(std::size_t of) {
    return value_of<T>(sink_.outcomes.at(of).value());
  }
  failure why(std::size_t of) { return sink_.outcomes.at(of).error(); }

  std::unique_ptr<served_work> work_;
  kept_outcomes sink_;
};

int twice(int i) { return 2 * i; }

TEST_F(served_work_of, items_gives_a_result_for_each_in_order) {
  serve<int, int>(twice);
  execute({bytes_of(1), bytes_of(2), bytes_of(3)});
  EXPECT_EQ(result<int>(0), 2);
  EXPECT_EQ(result<int>(2), 6);
  EXPECT_EQ(work_->item_codec, parwork::nats::detail::codec_identity<int>());
}

TEST_F(served_work_of, items_with_a_context_sees_the_submitters_index_and_attempt) {
  using seen = std::vector<std::uint64_t>;
  serve<int, seen>([](int, context& about) {
    return seen{about.index(), about.attempt(), about.worker(), about.deadline().has_value()};
  });
  execute({bytes_of(0), bytes_of(0)}, {.thread = 3});
  EXPECT_EQ(result<seen>(1), (seen{11, 2, 3, 0}));
}

TEST_F(served_work_of, void_results_sends_no_bytes) {
  int sum = 0;
  serve<int, void>([&sum](int i) { sum += i; });
  execute({bytes_of(1), bytes_of(2)});
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(sink_.outcomes.at(1).value(), "");
  EXPECT_EQ(work_->result_codec, parwork::nats::detail::codec_identity<void>());
}

TEST_F(served_work_of, expected_results_sends_the_error_as_a_failure) {
  using returned = std::expected<std::string, std::string>;
  serve<int, std::string>([](int i) {
    if (i == 1) return returned(std::unexpect, "no such thing");
    return returned("there");
  });
  execute({bytes_of(0), bytes_of(1)});
  EXPECT_EQ(result<std::string>(0), "there");
  EXPECT_EQ(why(1).kind(), failure_kind::error);
  EXPECT_EQ(why(1).message(), "no such thing");
}

TEST_F(served_work_of, results_that_convert_sends_the_declared_type) {
  serve<int, std::string>([](int) { return "text"; });
  execute({bytes_of(0)});
  EXPECT_EQ(result<std::string>(0), "text");
}

TEST_F(served_work_of, per_worker_has_a_state_for_each_thread) {
  serve<int, int>(
      parwork::per_worker([] { return 100; }, [](int& state, int i) { return state += i; }));
  execute({bytes_of(1), bytes_of(1)}, {.thread = 0});
  execute({bytes_of(1)}, {.thread = 1});
  EXPECT_EQ(result<int>(1), 102);
  EXPECT_EQ(result<int>(2), 101);
}

TEST_F(served_work_of, per_worker_with_a_context_destroys_its_states_when_told) {
  const auto alive = std::make_shared<int>(0);
  serve<int, unsigned>(parwork::per_worker(
      [alive] { return alive; },
      [](std::shared_ptr<int>&, int, context& about) { return about.worker(); }));
  const auto before = alive.use_count();
  execute({bytes_of(1)}, {.thread = 2});
  EXPECT_EQ(result<unsigned>(0), 2U);
  EXPECT_EQ(alive.use_count(), before + 1);
  work_->destroy_states();
  EXPECT_EQ(alive.use_count(), before);
}

TEST_F(served_work_of, spans_gets_the_items_of_a_batch_together) {
  std::vector<std::size_t> lengths;
  serve<int, int>(parwork::batched(
      [&lengths](std::span<int> items) {
        lengths.push_back(items.size());
        return std::vector<int>(items.begin(), items.end());
      },
      2));
  execute({bytes_of(1), bytes_of(2), bytes_of(3)});
  EXPECT_EQ(lengths, (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(result<int>(2), 3);
}

TEST_F(served_work_of, spans_that_throw_fails_their_items_alone) {
  serve<int, bool>(parwork::batched(
      [](std::span<int> items) {
        if (items[0] == 1) throw std::runtime_error("one");
        return std::vector<bool>(items.size(), true);
      },
      [] { return 1; }));
  execute({bytes_of(0), bytes_of(1), bytes_of(2)});
  EXPECT_TRUE(result<bool>(0));
  EXPECT_EQ(why(1).message(), "one");
  EXPECT_TRUE(result<bool>(2));
}

TEST_F(served_work_of, spans_leaves_out_what_is_no_item) {
  serve<std::string, std::size_t>(parwork::batched([](std::span<std::string> items) {
    return std::vector<std::size_t>(items.size(), items.size());
  }));
  execute({bytes_of<std::string>("a"), "\x09", bytes_of<std::string>("b")});
  EXPECT_EQ(result<std::size_t>(0), 2U);
  EXPECT_EQ(why(1).kind(), failure_kind::exception);
  EXPECT_EQ(result<std::size_t>(2), 2U);
}

TEST_F(served_work_of, spans_with_a_wrong_number_of_results_says_so) {
  serve<int, int>(parwork::batched([](std::span<int>) { return std::vector<int>{1}; }));
  execute({bytes_of(1), bytes_of(2)});
  EXPECT_EQ(why(1).message(), "parwork: batched work returned 1 results for 2 items");
}

TEST_F(served_work_of, bytes_that_are_no_item_names_the_codec_error) {
  serve<int, int>(twice);
  execute({"ab", bytes_of(1), bytes_of(1) + "x"});
  EXPECT_EQ(
      why(0).message(),
      "codec_error: these bytes are no item of type int: parwork: 4 bytes were expected and 2 "
      "are there");
  EXPECT_EQ(result<int>(1), 2);
  EXPECT_EQ(why(2).message(),
            "codec_error: these bytes are no item of type int: 1 bytes are left behind it");
}

struct says_nothing : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

TEST_F(served_work_of, anything_that_throws_fails_the_item) {
  serve<int, int>([](int i) -> int {
    if (i == 0) throw says_nothing();
    if (i == 1) throw std::bad_alloc();
    if (i == 2) throw 3;
    throw std::system_error(std::make_error_code(std::errc::io_error));
  });
  execute({bytes_of(0), bytes_of(1), bytes_of(2), bytes_of(3)});
  ASSERT_EQ(sink_.outcomes.size(), 4U);
  EXPECT_NE(why(0).message().find("whose what() is null"), std::string::npos);
  EXPECT_EQ(why(1).message(), "std::bad_alloc");
  EXPECT_EQ(why(2).message(),
            "an exception of type int, which does not derive from std::exception");
}

TEST_F(served_work_of, a_result_that_cannot_be_encoded_fails_the_item) {
  serve<int, refused>([](int) { return refused{}; });
  execute({bytes_of(0)});
  EXPECT_EQ(why(0).message(), "refused");
}

TEST_F(served_work_of, an_execution_that_ends_late_fails_as_locally) {
  serve<int, int>([](int i, context& about) {
    parwork_test::wait_for_stop(about.stop_token());  // requested by the deadline
    return i;
  });
  execute({bytes_of(1)}, {.timeout = 1ms});
  EXPECT_EQ(why(0).kind(), failure_kind::timeout);
  EXPECT_NE(why(0).message().find("after its deadline of 1 ms"), std::string::npos)
      << why(0).message();
}

TEST_F(served_work_of, a_span_that_ends_late_fails_all_its_items) {
  serve<int, int>(parwork::batched([](std::span<int> items) {
    const auto end = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    return std::vector<int>(items.size());
  }));
  execute({bytes_of(1), bytes_of(2)}, {.timeout = 1ms});
  EXPECT_EQ(why(0).kind(), failure_kind::timeout);
  EXPECT_EQ(why(1).kind(), failure_kind::timeout);
}

TEST_F(served_work_of, a_batch_that_is_asked_to_stop_tells_what_runs) {
  std::stop_source stop;
  stop.request_stop();
  serve<int, bool>([](int, context& about) { return about.stop_token().stop_requested(); });
  execute({bytes_of(1)}, {.stop = stop.get_token()});
  EXPECT_TRUE(result<bool>(0));
  sink_.outcomes.clear();
  execute({bytes_of(1)}, {.timeout = 1h, .stop = stop.get_token()});
  EXPECT_TRUE(result<bool>(0));
}

TEST_F(served_work_of, a_batch_that_is_cut_short_begins_nothing_more) {
  serve<int, int>(twice);
  sink_.after_each = [this] { sink_.is_cut = sink_.outcomes.size() == 2; };
  execute({bytes_of(1), bytes_of(2), bytes_of(3), bytes_of(4)});
  EXPECT_EQ(sink_.outcomes.size(), 2U);
}

TEST_F(served_work_of, an_item_that_spawns_fails_and_says_why) {
  serve<int, int>([](int i, context& about) {
    about.spawn(i);
    return i;
  });
  execute({bytes_of(1)});
  EXPECT_NE(why(0).message().find("served work cannot spawn"), std::string::npos);
}

TEST_F(served_work_of, an_item_that_is_taken_by_value_moves_it) {
  serve<std::string, std::string>([](std::string&& item) { return std::move(item) + "!"; });
  execute({bytes_of<std::string>("a")});
  EXPECT_EQ(result<std::string>(0), "a!");
}

}  // namespace served_work_test
