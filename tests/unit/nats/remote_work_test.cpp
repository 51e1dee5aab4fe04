// A run whose work is done elsewhere, with a session that does it on a thread of its own: what
// process makes of the forms, and what a session is told.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/codec.hpp"
#include "parwork/completion.hpp"
#include "parwork/detail/nats_remote_work.hpp"
#include "parwork/nats.hpp"
#include "parwork/process.hpp"

namespace {

using parwork::codec;
using parwork::failure;
using parwork::failure_kind;
using parwork::nats::remote_work;
using parwork::nats::detail::outgoing_span;
using parwork::nats::detail::remote_session;

// An item that cannot be encoded where it is odd.
struct picky {
  int value = 0;
};

}  // namespace

template <>
struct parwork::codec<picky> {
  static void encode(const picky& value, std::string& into) {
    if (value.value % 2 != 0) throw std::domain_error("odd");
    codec<int>::encode(value.value, into);
  }
  static picky decode(std::string_view& from) { return {codec<int>::decode(from)}; }
};

namespace {

// Calls `serve` with each span, one after the other, on its thread.
class serving_session final : public remote_session {
 public:
  using serve_function = std::function<void(outgoing_span&)>;
  explicit serving_session(serve_function serve)
      : serve_(std::move(serve)), thread_([this](const std::stop_token& stop) { work(stop); }) {}

  void run_begins(parwork::recorder*) override {
    if (runs_.fetch_add(1) > 0) {
      runs_.fetch_sub(1);
      throw std::logic_error("in use");
    }
    ++begun;
  }
  void run_ends() noexcept override { runs_.fetch_sub(1); }
  void expects(std::uint64_t items) noexcept override { expected = items; }
  void submit(std::unique_ptr<outgoing_span> span) override {
    const std::lock_guard guard(lock_);
    waiting_.push_back(std::move(span));
    changed_.notify_all();
  }
  [[nodiscard]] std::size_t longest_wanted() const noexcept override { return longest.load(); }
  [[nodiscard]] int runs() const noexcept { return runs_.load(); }

  std::atomic<int> begun{0};
  std::atomic<std::uint64_t> expected{0};
  std::atomic<std::size_t> longest{100};

 private:
  void work(const std::stop_token& stop) {
    std::unique_lock lock(lock_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
      const auto some = std::exchange(waiting_, {});
      lock.unlock();
      for (const auto& span : some) serve_(*span);
      lock.lock();
    }
  }

  const serve_function serve_;
  std::mutex lock_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<outgoing_span>> waiting_;
  std::atomic<int> runs_{0};
  std::jthread thread_;
};

template <class Item, class Result>
void answer_each(outgoing_span& span, auto&& work) {
  for (std::size_t i = 0; i < span.size(); ++i) {
    std::string_view bytes = span.bytes_of(i);
    std::string result;
    codec<Result>::encode(work(codec<Item>::decode(bytes)), result);
    span.succeed(i, result);
  }
  span.finish();
}

auto count_to(int end) {
  return [next = 0, end]() mutable { return next < end ? std::optional(next++) : std::nullopt; };
}

TEST(remote_work, brings_each_result_to_its_item) {
  for (const auto order : {parwork::ordering::completion, parwork::ordering::input}) {
    const auto session = std::make_shared<serving_session>([](outgoing_span& span) {
      EXPECT_LE(span.size(), 100U);
      answer_each<int, std::string>(span, [](int n) { return std::to_string(n); });
    });
    int seen = 0;
    const auto done = parwork::process(count_to(5'000), remote_work<int, std::string>(session),
                                       [&](const parwork::completion<int, std::string>& c) {
                                         EXPECT_EQ(c.result.value(), std::to_string(c.item));
                                         if (order == parwork::ordering::input) {
                                           EXPECT_EQ(c.item, seen);
                                         }
                                         ++seen;
                                       },
                                       {.workers = 2, .order = order});
    EXPECT_EQ(seen, 5'000);
    EXPECT_EQ(done.succeeded, 5'000U);
    EXPECT_EQ(session->begun.load(), 1);
    EXPECT_EQ(session->runs(), 0);
  }
}

TEST(remote_work, says_how_many_items_there_will_be) {
  const auto session = std::make_shared<serving_session>(
      [](outgoing_span& span) { answer_each<int, int>(span, [](int n) { return n; }); });
  const remote_work<int, int> work(session);
  const std::vector<int> sized(30);
  static_cast<void>(parwork::process(sized, work, [](int) {}));
  EXPECT_EQ(session->expected.load(), 30U);
  static_cast<void>(parwork::process(sized, work, [](int) {}, {.total = 25}));
  EXPECT_EQ(session->expected.load(), 25U) << "options come before the range";
  static_cast<void>(parwork::process(count_to(10), work, [](int) {}));
  EXPECT_EQ(session->expected.load(), 25U) << "nothing was known";
  work.expects(10);
  EXPECT_EQ(session->expected.load(), 10U);
}

TEST(remote_work, has_ten_thousand_items_in_flight_where_the_queue_is_open) {
  // Spans are kept by the session until there are 10,000 items: with a smaller queue this hangs.
  class keeping_session final : public remote_session {
   public:
    void run_begins(parwork::recorder*) override {}
    void run_ends() noexcept override {}
    void expects(std::uint64_t) noexcept override {}
    void submit(std::unique_ptr<outgoing_span> span) override {
      const std::lock_guard guard(lock_);
      items_ += span->size();
      spans_.push_back(std::move(span));
      if (items_ < 10'000) return;
      for (auto& each : std::exchange(spans_, {})) {
        for (std::size_t i = 0; i < each->size(); ++i) each->succeed(i, {});
        each->finish();
      }
    }
    [[nodiscard]] std::size_t longest_wanted() const noexcept override { return 4096; }

   private:
    std::mutex lock_;
    std::size_t items_ = 0;
    std::vector<std::unique_ptr<outgoing_span>> spans_;
  };
  const auto keeping = std::make_shared<keeping_session>();
  const auto done =
      parwork::process(count_to(10'000), remote_work<int, void>(keeping), [] {}, {.workers = 1});
  EXPECT_EQ(done.succeeded, 10'000U);
}

TEST(remote_work, makes_failures_of_what_is_no_result) {
  const auto session = std::make_shared<serving_session>([](outgoing_span& span) {
    for (std::size_t i = 0; i < span.size(); ++i) {
      switch ((span.first_index + i) % 4) {
        case 0:
          span.succeed(i, "four");
          break;
        case 1:
          span.succeed(i, "no");
          break;
        case 2:
          span.succeed(i, "too long");
          break;
        default:
          span.fail(i, failure(failure_kind::error, "broken"));
      }
    }
    span.finish();
  });
  std::array<std::string, 4> said;
  const auto done = parwork::process(count_to(4), remote_work<int, std::uint32_t>(session),
                                     [&](const parwork::completion<int, std::uint32_t>& c) {
                                       const auto at = static_cast<std::size_t>(c.item);
                                       said[at] = c.result ? "" : c.result.error().message();
                                     });
  EXPECT_EQ(done.failed, 3U);
  EXPECT_EQ(said[0], "");
  EXPECT_NE(said[1].find("4 bytes were expected and 2"), std::string::npos) << said[1];
  EXPECT_NE(said[2].find("4 bytes are left over"), std::string::npos) << said[2];
  EXPECT_EQ(said[3], "broken");
}

TEST(remote_work, fails_items_that_cannot_be_encoded_and_no_others) {
  std::mutex lock;
  std::set<std::uint64_t> indices;
  const auto session = std::make_shared<serving_session>([&](outgoing_span& span) {
    {
      const std::lock_guard guard(lock);
      for (std::size_t i = 0; i < span.size(); ++i) indices.insert(span.first_index + i);
    }
    answer_each<picky, int>(span, [](picky p) { return p.value; });
  });
  int next = 0;
  const auto done = parwork::process(
      [&]() -> std::optional<picky> {
        return next < 100 ? std::optional(picky{next++}) : std::nullopt;
      },
      remote_work<picky, int>(session),
      [](const parwork::completion<picky, int>& c) {
        EXPECT_EQ(c.result.has_value(), c.item.value % 2 == 0);
        if (!c.result) {
          EXPECT_EQ(c.result.error().message(), "odd");
        }
      });
  EXPECT_EQ(done.succeeded, 50U);
  EXPECT_EQ(done.failed, 50U);
  EXPECT_EQ(indices.size(), 50U);
  for (const std::uint64_t each : indices) EXPECT_EQ(each % 2, 0U);
}

TEST(remote_work, abandons_items_of_a_span_that_is_dropped) {
  const auto session = std::make_shared<serving_session>([](outgoing_span&) {});
  const auto done = parwork::process(count_to(10), remote_work<int, int>(session),
                                     [](const parwork::completion<int, int>& c) {
                                       EXPECT_EQ(c.result.error().kind(), failure_kind::abandoned);
                                     });
  EXPECT_EQ(done.failed, 10U);
}

TEST(remote_work, ends_the_run_with_the_sessions_error) {
  const auto session = std::make_shared<serving_session>([](outgoing_span& span) {
    span.end_run(std::make_exception_ptr(parwork::nats::disconnected("gone")));
  });
  EXPECT_THROW(static_cast<void>(
                   parwork::process(count_to(1'000), remote_work<int, int>(session), [](int) {})),
               parwork::nats::disconnected);
}

TEST(remote_work, is_for_one_run_at_a_time) {
  const auto session = std::make_shared<serving_session>(
      [](outgoing_span& span) { answer_each<int, int>(span, [](int n) { return n; }); });
  remote_work<int, int> work(session);
  const auto first = parwork::process(count_to(1), work, [&](int) {
    EXPECT_THROW(static_cast<void>(parwork::process(count_to(1), work, [](int) {})),
                 std::logic_error);
  });
  EXPECT_EQ(first.succeeded, 1U);
  EXPECT_EQ(parwork::process(count_to(1), work, [](int) {}).succeeded, 1U);
}

TEST(remote_work, tries_failed_items_again_one_by_one) {
  std::atomic<int> spans_of_one{0};
  const auto session = std::make_shared<serving_session>([&](outgoing_span& span) {
    for (std::size_t i = 0; i < span.size(); ++i) {
      if (span.attempt == 1) {
        span.fail(i, failure(failure_kind::error, "not yet"));
      } else {
        span.succeed(i, {});
      }
    }
    if (span.attempt == 2) {
      EXPECT_EQ(span.size(), 1U);
      ++spans_of_one;
    }
    span.finish();
  });
  const auto done = parwork::process(count_to(50), remote_work<int, void>(session), [] {},
                                     {.retry = {.max_attempts = 2}});
  EXPECT_EQ(done.succeeded, 50U);
  EXPECT_EQ(spans_of_one.load(), 50);
}

}  // namespace
