// Groups, their limits and their time; what a failing disk does to those who add.
#include "journal/committer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using parwork::detail::change;
using parwork::detail::committer;
using parwork::detail::group;

constexpr std::size_t large = 256 << 10;

change put(std::int64_t rank, std::string_view key = "key", std::string_view value = "value") {
  return {.what = change::kind::put, .rank = rank, .key = key, .value = value};
}

/// A disk that can be held up and can fail.
class disk {
 public:
  void write(const group& all) {
    std::unique_lock lock(lock_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    if (fails_) throw std::runtime_error("disk on fire");
    sizes_.push_back(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const change c = all.at(i);
      ranks_.push_back(c.rank);
      texts_ += std::string(c.key) + "=" + std::string(c.value) + ";";
    }
  }
  void hold(bool held) {
    const std::lock_guard guard(lock_);
    held_ = held;
    changed_.notify_all();
  }
  void fail(bool fails) {
    const std::lock_guard guard(lock_);
    fails_ = fails;
  }
  void wait_for_begun(int groups) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return begun_ >= groups; });
  }
  auto writer() {
    return [this](const group& all) {
      write(all);
      return committer::written{ends_ ? std::make_exception_ptr(std::runtime_error("no more"))
                                      : nullptr};
    };
  }

  std::vector<std::size_t> sizes_;
  std::vector<std::int64_t> ranks_;
  std::string texts_;
  bool ends_ = false;  // what is written now is the last

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool held_ = false;
  bool fails_ = false;
  int begun_ = 0;
};

TEST(journal_committer, writes_what_was_added_in_order_and_whole) {
  disk d;
  {
    committer c({1h, 1000, large}, d.writer());
    for (int i = 0; i < 10; ++i) {
      const std::string key = "k" + std::to_string(i);
      c.add(put(i, key, std::string(static_cast<std::size_t>(i), 'v')));
    }
  }
  EXPECT_EQ(d.ranks_, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(d.texts_.starts_with("k0=;k1=v;k2=vv;")) << d.texts_;
}

TEST(journal_committer, group_has_no_more_than_its_limit) {
  disk d;
  {
    committer c({1h, 7, large}, d.writer());
    for (int i = 0; i < 100; ++i) c.add(put(i));
  }
  EXPECT_EQ(d.ranks_.size(), 100U);
  for (const auto size : d.sizes_) EXPECT_LE(size, 7U);
}

TEST(journal_committer, limit_of_one_lets_the_next_wait_for_the_one_before) {
  disk d;
  committer c({1h, 1, large}, d.writer());
  for (int i = 0; i < 50; ++i) c.add(put(i));
  c.flush();
  EXPECT_EQ(d.sizes_, std::vector<std::size_t>(50, 1));
}

TEST(journal_committer, large_changes_make_a_group_early) {
  disk d;
  const std::string text(300 << 10, 'x');
  {
    committer c({1h, 1000, large}, d.writer());
    for (int i = 0; i < 4; ++i) c.add(put(i, "key", text));
  }
  EXPECT_EQ(d.sizes_, std::vector<std::size_t>(4, 1));
}

TEST(journal_committer, group_is_written_when_its_time_has_come_though_nothing_follows) {
  disk d;
  committer c({1ms, 1000, large}, d.writer());
  c.add(put(1));
  d.wait_for_begun(1);  // hangs where it is not
}

TEST(journal_committer, flush_waits_for_all_that_was_added) {
  disk d;
  committer c({1h, 1000, large}, d.writer());
  for (int i = 0; i < 10; ++i) {
    c.add(put(i));
    EXPECT_EQ(c.growth(), i + 1);
    c.flush();
    EXPECT_EQ(c.growth(), i + 1);
    EXPECT_EQ(d.ranks_.size(), static_cast<std::size_t>(i + 1));
  }
  c.flush();
}

TEST(journal_committer, who_adds_waits_while_as_much_is_not_committed_as_may_be) {
  disk d;
  d.hold(true);
  committer c({1h, 4, large}, d.writer());
  std::atomic<int> added = 0;
  std::thread adder([&] {
    for (int i = 0; i < 20; ++i) {
      c.add(put(i));
      ++added;
    }
  });
  d.wait_for_begun(1);
  while (added < 4) std::this_thread::yield();  // some of them at the disk, the others waiting
  EXPECT_EQ(c.growth(), 4);
  EXPECT_EQ(added, 4);
  d.hold(false);
  adder.join();
  c.flush();
  EXPECT_EQ(d.ranks_.size(), 20U);
}

TEST(journal_committer, failed_write_is_thrown_to_who_waits_adds_and_flushes) {
  disk d;
  d.fail(true);
  d.hold(true);
  committer c({1h, 2, large}, d.writer());
  std::atomic<int> threw = 0;
  std::thread adder([&] {
    try {
      for (int i = 0;; ++i) c.add(put(i));
    } catch (const std::runtime_error&) {
      ++threw;
    }
  });
  d.wait_for_begun(1);
  d.hold(false);
  adder.join();
  EXPECT_EQ(threw, 1);
  EXPECT_THROW(c.flush(), std::runtime_error);
  EXPECT_THROW(c.add(put(1)), std::runtime_error);
}

TEST(journal_committer, what_was_added_before_a_failure_is_tried_all_the_same) {
  disk d;
  d.fail(true);
  d.hold(true);
  {
    committer c({1h, 4, large}, d.writer());
    for (int i = 0; i < 2; ++i) c.add(put(i));
    d.wait_for_begun(1);
    for (int i = 2; i < 4; ++i) c.add(put(i));
    std::thread mender([&] {
      d.hold(false);
      try {
        c.flush();
      } catch (const std::runtime_error&) {
      }
    });
    d.wait_for_begun(2);
    mender.join();
  }
  // Both failed here, and each was tried: the disk saw two groups.
  EXPECT_TRUE(d.ranks_.empty());
}

TEST(journal_committer, last_group_that_could_be_written_counts_and_none_follows) {
  disk d;
  d.ends_ = true;
  committer c({1h, 1000, large}, d.writer());
  c.add(put(1));
  EXPECT_THROW(c.flush(), std::runtime_error);
  EXPECT_EQ(c.growth(), 1);
  EXPECT_THROW(c.add(put(2)), std::runtime_error);
  EXPECT_EQ(d.ranks_.size(), 1U);
}

TEST(journal_committer, group_that_could_not_be_written_does_not_count) {
  disk d;
  d.fail(true);
  committer c({1h, 1000, large}, d.writer());
  c.add(put(1));
  EXPECT_EQ(c.growth(), 1);
  EXPECT_THROW(c.flush(), std::runtime_error);
  EXPECT_EQ(c.growth(), 0);
}

TEST(journal_committer, many_threads_lose_nothing) {
  disk d;
  {
    committer c({100us, 10, large}, d.writer());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&c, t] {
        for (int i = 0; i < 2000; ++i) {
          c.add(put(t * 10'000 + i));
          if (i % 500 == 0) c.flush();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(d.ranks_.size(), 8000U);
}

}  // namespace
