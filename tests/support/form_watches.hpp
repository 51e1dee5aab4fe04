// Observers of what the forms of generator and work promise: turns of a key, places of limited
// work, weights in flight, the first of what is held.
//
// Thread safety: any thread at any time, but for `priority_watch`: one call at a time.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "support/relaxed.hpp"
#include "support/watching.hpp"

namespace parwork_test {

/// Items with equal keys: one at a time, in the order of their positions. The plain variables make
/// it a data race for ThreadSanitizer if one item's end does not happen before the next one's
/// start.
class key_watch {
 public:
  explicit key_watch(unsigned keys) : lines_(keys) {}

  class visit;

 private:
  struct line {
    exclusive turn;
    std::uint64_t last = 0;
  };
  std::vector<line> lines_;
};

/// An attempt of an item of a key.
class key_watch::visit {
 public:
  /// `position`: nothing for items whose order is nobody's.
  visit(key_watch& watched, unsigned key, std::optional<std::uint64_t> position)
      : in_(watched.lines_.at(key)), inside_(in_.turn) {
    if (!position) return;
    EXPECT_GE(*position, in_.last) << "not the turn of this item of key " << key;
    in_.last = *position;
  }

 private:
  line& in_;
  exclusive::visit inside_;
};

/// Weights of items that have been started and not collected: never above the bound, unless one
/// item is alone.
class weight_watch {
 public:
  explicit weight_watch(std::size_t bound) : bound_(bound) {}

  void begin(std::size_t weight) {
    if (weight == 0) return;
    const std::lock_guard lock(mutex_);
    sum_ += weight;
    ++items_;
    if (bound_ > 0 && items_ > 1) {
      EXPECT_LE(sum_, bound_) << items_ << " items in flight";
    }
  }
  void end(std::size_t weight) {
    if (weight == 0) return;
    const std::lock_guard lock(mutex_);
    sum_ -= weight;
    --items_;
  }

 private:
  const std::size_t bound_;
  std::mutex mutex_;
  std::size_t sum_ = 0;
  std::size_t items_ = 0;  // those that weigh something
};

/// What a generator that looks ahead holds: the greatest comes first, equal ones in order.
class priority_watch {
 public:
  explicit priority_watch(std::size_t ahead) : ahead_(ahead) {}

  void pulled(std::uint64_t id, unsigned priority) {
    held_.insert({~priority, id});
    EXPECT_LE(held_.size(), ahead_);
  }
  void came_out(std::uint64_t id, unsigned priority) {
    ASSERT_FALSE(held_.empty());
    EXPECT_EQ(*held_.begin(), std::pair(~priority, id)) << "others come first";
    held_.erase({~priority, id});
  }

 private:
  const std::size_t ahead_;
  std::set<std::pair<unsigned, std::uint64_t>> held_;
};

}  // namespace parwork_test
